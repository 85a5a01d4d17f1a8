"""`tailgate drive` as a process of its own, and what it told."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.generator.serving import NO_KEYS, Served

ROOT = Path(__file__).parents[2]
PROGRAM = (
    "import signal, sys\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background job is started without
    "from tailgate.cli import main\nsys.exit(main(['drive', *sys.argv[1:]]))"
)
POINTS = {"p50", "p90", "p99", "p99.9", "max"}


def url_of(served: Served, path: str = "/endpoints/tests/invocations", **query: object) -> str:
    asked = "&".join(f"{key}={value}" for key, value in query.items())
    return f"{'https' if served.tls else 'http'}://127.0.0.1:{served.port}{path}" + (f"?{asked}" if asked else "")


def environment_of(changes: dict[str, str]) -> dict[str, str]:
    changed = {**os.environ, **NO_KEYS, "PYTHONPATH": str(ROOT), **changes}
    return {name: value for name, value in changed.items() if value}


def drive(url: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tailgate", "drive", url, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT, env=environment_of(environment), check=False)


SHORT = ("--rate", "100", "--duration", "1.5s", "--warmup", "500ms")


def json_of(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    told: dict[str, Any] = json.loads(run.stdout, parse_constant=refuse)
    return told


def trusted(url: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A run whose schedule was kept: where this host was too busy for that, it is repeated."""
    for _ in range(5):
        run = drive(url, *arguments, **environment)
        if "send lag p99 is" not in run.stdout:
            return run
    return pytest.skip("this host is too busy to keep a schedule of a few requests a second")


def told_by(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What a run without a budget told on standard output; a host that was too busy is the only excuse."""
    told = json_of(run)
    assert run.returncode == (0 if told["valid"] else 2), run.stderr
    assert told["valid"] == (told["reasons"] == [])
    assert all(reason.startswith("send lag") for reason in told["reasons"]), told["reasons"]
    return told


def all_of(master: int) -> bytes:
    drawn = b""
    with contextlib.suppress(OSError):  # Linux tells the end of a terminal so
        while piece := os.read(master, 4096):
            drawn += piece
    os.close(master)
    return drawn
