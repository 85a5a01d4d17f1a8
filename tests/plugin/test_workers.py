"""A user's suite whose loads are shared by workers, on this host and from others."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tailgate.generator.workers.admission import TOKEN
from tests.unit.generator.serving import KEYS

QUICK = {"per_s=60, for_s=2": "per_s=200, for_s=1"}


def test_a_case_is_measured_by_as_many_workers_as_are_asked_for(suite, pytester: pytest.Pytester):
    """The verdict is as with one process; the record says how many there were."""
    ran = suite("-m", "latency", "--latency-target", "null", "--latency-workers", "2", change=QUICK)
    ran.assert_outcomes(passed=1)
    (path,) = Path(pytester.path).glob("reports/runs/*/*.json")
    assert json.loads(path.read_text())["provenance"]["host"]["counters"]["workers"] == 2


def test_workers_from_other_hosts_are_invited_and_join(suite, monkeypatch):
    """Who starts the suite reads what to do elsewhere; one who joined serves case after case, and ends when told to."""
    with socket.create_server(("127.0.0.1", 0)) as closing:
        bind = f"127.0.0.1:{closing.getsockname()[1]}"
    monkeypatch.setenv(TOKEN, "the-token-of-this-test")
    command = [sys.executable, "-m", "tailgate.generator.workers.join", "--again", bind]
    with subprocess.Popen(command, env={**os.environ, **KEYS, "PYTHONPATH": str(Path.cwd())}) as joined:
        try:
            ran = suite(
                "-m", "latency", "--latency-target", "null", "--latency-master-bind", bind, change={"[CASE]": "[CASE, CASE]"} | QUICK
            )
        finally:
            joined.terminate()
    ran.assert_outcomes(passed=2)
    ran.stdout.fnmatch_lines([f"1 of 2 workers are awaited at {bind}*", f"*python -m tailgate.generator.workers.join --again {bind}"])
    ran.stdout.no_fnmatch_line("*the-token-of-this-test*")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--latency-workers", "0"], "one at least must drive"),
        (["--latency-workers", "two"], "invalid int value: 'two'"),
        (["--latency-joining", "1"], "--latency-master-bind HOST:PORT"),
        (["--latency-master-bind", "5557"], "HOST:PORT"),
        (["--latency-master-bind", "127.0.0.1:5557", "-n", "1"], "leave out -n"),
    ],
)
def test_workers_that_cannot_be_meant_end_the_session_with_exit_code_4(suite, arguments, words):
    """Before anything is deployed."""
    ran = suite("-m", "latency", "--latency-target", "null", *arguments)
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    assert words in ran.stderr.str() + ran.stdout.str()
