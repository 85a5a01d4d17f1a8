"""`tailgate drive` at a terminal, and when Ctrl-C ends it."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.unit.drive_program import PROGRAM, ROOT, SHORT, all_of, drive, environment_of, told_by, url_of
from tests.unit.generator.serving import Served, gone, serving


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    """A plain server on loopback."""
    with serving(tmp_path, tls=False) as served:
        yield served


@pytest.mark.parametrize("arguments", [(), ("--json", "-")])
def test_ctrl_c_shows_what_there_is_and_leaves_no_process(server: Served, arguments):
    """Exit code 130 with a table, or an object, of the requests so far, which is not valid as a measurement."""
    command = [sys.executable, "-c", PROGRAM, url_of(server), "--rate", "50", "--duration", "60s", "--warmup", "0", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=ROOT, env=environment_of({})) as run:
        assert run.stderr is not None
        assert "driving" in run.stderr.readline()
        children = [child.pid for child in psutil.Process(run.pid).children(recursive=True)]
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=30)
    assert run.returncode == 130, err
    assert children
    assert all(gone(pid) for pid in children)
    if arguments:
        told = json.loads(out)
        assert 0 < told["requests"] < 3000
        assert told["valid"] is False
        assert "the measurement was interrupted" in told["reasons"]
    else:
        assert "response time" in out
        assert "interrupted" in out
    assert "Traceback" not in err


def test_several_workers_share_the_load_and_are_gone_after_ctrl_c(server: Served):
    """One schedule, one object; interrupted, neither the master nor a worker is left."""
    told = told_by(drive(url_of(server), *SHORT, "--workers", "2", "--json", "-"))
    assert told["requests"] == told["scheduled"]
    assert told["host"]["workers"] == 2
    command = [sys.executable, "-c", PROGRAM, url_of(server), "--rate", "50", "--duration", "60s", "--workers", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment_of({})) as run:
        assert run.stderr is not None
        assert "driving" in run.stderr.readline()
        children = [child.pid for child in psutil.Process(run.pid).children(recursive=True)]
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=30)
    assert run.returncode == 130, err
    assert len(children) >= 3
    assert all(gone(pid) for pid in children)
    assert "response time" in out


def test_a_terminal_shows_progress(server: Served):
    """A bar that is drawn and taken away again; the table goes to standard output, which is no terminal here."""
    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "tailgate", "drive", url_of(server, ms=2), *SHORT, "--duration", "2.5s"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal, cwd=ROOT, env=environment_of({"TERM": "xterm"})) as run:
        os.close(terminal)
        drawn = all_of(master)
        out, _ = run.communicate(timeout=60)
    assert run.returncode in (0, 2)  # 2: this host may be too busy
    assert re.search(rb"tailgate .*driving \d+/s, p50 \d", drawn)
    assert b"\x1b[" in drawn
    assert b"p99.9" in out
    assert b"\x1b" not in out
