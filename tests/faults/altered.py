"""Generators and their parents with something altered in them, as processes of their own."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

from tailgate.generator.order import Order
from tests.unit.generator.serving import Served

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path.cwd())}
DRIVE = """
import pickle, sys
from tailgate.generator.drive import drive
from tests.unit.generator.serving import generators
order = pickle.load(open(sys.argv[1], "rb"))
samples = drive(order, on_tick=lambda tick: print(*(process.pid for process in generators()), flush=True))
print(len(samples), *samples.faults, flush=True)
"""


def driver(server: Served, order, prologue: str = "") -> subprocess.Popen[str]:
    """Another process that drives the order."""
    (server.folder / "order.pickle").write_bytes(pickle.dumps(order))
    command = [sys.executable, "-c", prologue + DRIVE, str(server.folder / "order.pickle")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT)


def told_by_altered(script: str, order: Order) -> list[dict[str, Any]]:
    """What a generator tells whose parts were altered by a script first."""
    program = f"import sys\nimport tailgate.generator.__main__ as child\n{script}\nsys.exit(child.main())\n"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(order.to_json().encode() + b"\n")
        child.stdin.flush()
        return [json.loads(line) for line in child.stdout]
