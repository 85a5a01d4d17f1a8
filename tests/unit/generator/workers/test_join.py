"""Joining from another host, as far as it goes without a master."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tailgate.generator.workers import join
from tailgate.generator.workers.admission import TOKEN
from tests.unit.generator.serving import gone

RIGHT = "right-token-of-the-tests"


@pytest.fixture
def entrances(monkeypatch: pytest.MonkeyPatch):
    """What workers would be started with; each ends with the next of the given codes."""
    seen, codes = [], [0]
    monkeypatch.setattr(join, "_work", lambda entrance: seen.append(entrance) or codes.pop(0))
    monkeypatch.delenv(TOKEN, raising=False)
    return seen, codes


def test_the_token_comes_from_the_environment_or_from_standard_input(entrances, monkeypatch):
    """Never from the command line."""
    seen, codes = entrances
    codes.append(0)
    monkeypatch.setenv(TOKEN, RIGHT)
    assert join.main(["10.0.0.5:5557"]) == 0
    monkeypatch.delenv(TOKEN)
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{RIGHT}\n"))
    assert join.main(["10.0.0.5:5557"]) == 0
    assert seen == [join.Entrance("10.0.0.5", 5557, RIGHT, None)] * 2


@pytest.mark.parametrize(("arguments", "typed", "words"), [(["10.0.0.5:5557"], "", TOKEN), (["5557"], RIGHT, "HOST:PORT")])
def test_what_cannot_be_meant_is_one_line_and_exit_code_4(entrances, monkeypatch, capsys, arguments, typed, words):
    """No worker is started."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert join.main(arguments) == 4
    assert words in capsys.readouterr().err
    assert entrances[0] == []


def test_wrong_usage_is_exit_code_4(capsys):
    """As everywhere here; 2 would mean inconclusive."""
    with pytest.raises(SystemExit) as ended:
        join.main([])
    assert ended.value.code == 4
    assert "HOST:PORT" in capsys.readouterr().err


def test_one_that_comes_again_works_until_it_is_refused(entrances, monkeypatch):
    """A run that failed is no reason to leave those that follow; a wrong token is."""
    seen, codes = entrances
    codes[:] = [0, 1, 0, 4, 0]
    monkeypatch.setenv(TOKEN, RIGHT)
    monkeypatch.setattr(join, "_PAUSE_S", 0.0)
    assert join.main(["--again", "10.0.0.5:5557"]) == 4
    assert len(seen) == 4


def test_ctrl_c_ends_the_wait_and_the_worker_with_it():
    """Exit code 130, and nobody is left who would join later."""
    command = [sys.executable, "-m", "tailgate.generator.workers.join", "127.0.0.1:9"]
    environment = {**os.environ, TOKEN: RIGHT, "PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True) as joining:
        assert joining.stderr is not None
        assert "waiting for the master at 127.0.0.1:9" in joining.stderr.readline()
        deadline_s = time.monotonic() + 10
        while not (workers := psutil.Process(joining.pid).children()) and time.monotonic() < deadline_s:
            time.sleep(0.02)
        joining.send_signal(signal.SIGINT)
        assert joining.wait(10) == 130
    assert len(workers) == 1
    deadline_s = time.monotonic() + 10
    while not gone(workers[0].pid):  # it notices by the end of its standard input
        assert time.monotonic() < deadline_s, "the worker outlives the one who waited"
        time.sleep(0.05)
