"""The control plane as a process: where it listens, what ends it, and what it refuses to be told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import boto3
import psutil
import pytest

from tailgate.child import Child
from tests.emulated.conftest import REGION

MODULE = "tailgate.targets.emulated.control_plane"


def start() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", MODULE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdin is not None
    process.stdin.write("{}\n")
    return process


def test_it_listens_on_loopback_only_survives_ctrl_c_and_ends_with_its_stdin() -> None:
    """One line answers the settings; SIGINT is not its business; end of stdin is, and it exits with 0 and quietly."""
    with start() as process:
        assert process.stdout is not None
        answer = json.loads(process.stdout.readline())
        assert answer["ready"] is True
        listening = [c.laddr for c in psutil.Process(process.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
        assert [f"http://{address.ip}:{address.port}" for address in listening] == [answer["url"]]
        assert listening[0].ip == "127.0.0.1"
        process.send_signal(signal.SIGINT)
        anyone = boto3.client("sagemaker", region_name=REGION, endpoint_url=answer["url"], aws_access_key_id="A", aws_secret_access_key="b")
        assert anyone.list_endpoints()["Endpoints"] == []
        assert process.communicate(timeout=20) == ("", "")
        assert process.returncode == 0


def test_sigterm_ends_it() -> None:
    """SIGTERM needs no second asking."""
    with start() as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        process.communicate(timeout=20)
        assert process.returncode == -signal.SIGTERM


def test_it_dies_when_its_parent_is_killed() -> None:
    """A parent that gets SIGKILL cannot clean up; the end of its pipe does."""
    script = (
        "import sys, time; from tailgate.child import Child\n"
        f"child = Child('control plane', {MODULE!r}); child.tell({{}}); child.ready(60)\n"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=dict(os.environ, PYTHONPATH=".")
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        parent.wait(20)
        until_s = time.monotonic() + 20
        while child.is_running() and child.status() != psutil.STATUS_ZOMBIE and time.monotonic() < until_s:
            time.sleep(0.05)
        assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_settings_that_cannot_be_meant_are_refused_in_a_sentence() -> None:
    """A misspelt setting ends the process, and its last words, which name it, reach the one who started it."""
    child = Child("control plane", MODULE)
    try:
        child.tell({"simulatoin": {}})
        with pytest.raises(Exception, match=r"exited with code 1.*unknown setting 'simulatoin'; did you mean 'simulation'\?"):
            child.ready(60.0)
    finally:
        child.end(5.0)
