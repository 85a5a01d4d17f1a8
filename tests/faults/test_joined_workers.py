"""Workers that join from elsewhere: with the token they drive their share, without it they are told why not."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from tailgate.errors import GeneratorError
from tailgate.generator.child import Child
from tailgate.generator.drive import drive
from tailgate.generator.workers.admission import TOKEN, new_token
from tests.faults.shared_loads import ENVIRONMENT, LONG, SHORT, SOON_S, AtTick, shared, within, workers
from tests.unit.generator.serving import Served, generators, rows_once_each, serving


@pytest.fixture
def server(tmp_path):
    """A server over plain HTTP."""
    with serving(tmp_path, tls=False) as served:
        yield served


@contextlib.contextmanager
def joining(port: int, token: str, prologue: str = "") -> Iterator[subprocess.Popen[str]]:
    """A worker that was started by hand, as on another host."""
    program = ["-m", "tailgate.generator.workers.join"] if not prologue else ["-c", prologue]
    command = [sys.executable, *program, f"127.0.0.1:{port}"]
    with subprocess.Popen(command, env={**ENVIRONMENT, TOKEN: token}, stderr=subprocess.PIPE, text=True) as worker:
        try:
            yield worker
        finally:
            worker.kill()


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as closing:
        return int(closing.getsockname()[1])


def test_a_worker_that_joins_with_the_token_drives_its_share(server: Served):
    """One is started by the master, one joins; it is there long before the master is, and waits.

    Neither has the token in its command line or environment, where others on the host, or its children, could read it.
    """
    port, token = free_port(), new_token()
    order = shared(server.order(SHORT), workers=1, joining=1, master_bind=f"127.0.0.1:{port}")
    texts: list[str] = []
    with joining(port, token) as worker:
        time.sleep(11)  # longer than it would put up with a master's silence
        looker = AtTick(lambda self: texts.extend(repr((one.cmdline(), one.environ())) for one in self.workers))
        samples = drive(order, environment={TOKEN: token}, on_tick=looker)
        assert worker.wait(SOON_S) == 0
    assert len(texts) == 2
    assert not any(token in text for text in texts)
    assert samples.faults == ()
    assert rows_once_each(samples, order)
    assert samples.header.clock.endswith(" ms")
    assert "; worker 2 within " in samples.header.clock


def test_a_joined_worker_that_is_killed_makes_the_run_worthless(server: Served):
    """No exit code crosses from another host: its silence has to do."""
    port, token = free_port(), new_token()
    order = shared(server.order(LONG), workers=1, joining=1, master_bind=f"127.0.0.1:{port}")
    with joining(port, token) as worker:
        killer = AtTick(lambda _: [one.kill() for one in psutil.Process(worker.pid).children()])
        samples = drive(order, environment={TOKEN: token}, on_tick=killer)
        assert time.monotonic() - killer.at_s < 3 + SOON_S
    assert "worker 2 (pid" in samples.faults[0]
    assert "died or hung" in samples.faults[0]


def test_a_joined_worker_ends_with_the_master(server: Served):
    """The master dies without a word: the worker does not drive on, nor wait for ever."""
    port, token = free_port(), new_token()
    order = shared(server.order(LONG), workers=1, joining=1, master_bind=f"127.0.0.1:{port}")
    with joining(port, token) as worker:
        with contextlib.suppress(GeneratorError):
            drive(order, environment={TOKEN: token}, on_tick=AtTick(lambda _: generators()[0].kill()))
        assert worker.wait(10 + 2 * SOON_S) == 1
        assert worker.stderr is not None
        assert "the master has been silent for 10 s" in worker.stderr.read()


OTHER_VERSION = """
import subprocess, sys
start = subprocess.Popen
worker = "runpy.run_module('tailgate.generator.workers.worker', run_name='__main__')"
program = f"import runpy, tailgate; tailgate.__version__ = '0.0.9'; {worker}"
subprocess.Popen = lambda command, **given: start([sys.executable, "-c", program], **given)
from tailgate.generator.workers.join import main
sys.exit(main())
"""


@pytest.mark.parametrize(
    ("token", "prologue", "words"),
    [("another-token-of-the-tests", "", "was given another token"), (None, OTHER_VERSION, "is of tailgate 0.0.9, the master of")],
)
def test_a_worker_that_does_not_belong_is_refused_and_told_why(server: Served, token, prologue, words):
    """Exit code 4 for it; the master waits for the right one, and the run is none the worse."""
    port, right = free_port(), new_token()
    order = shared(server.order(SHORT), workers=1, joining=1, master_bind=f"127.0.0.1:{port}")
    told: list[dict] = []
    with Child(order.to_json(), {TOKEN: right}) as master:
        with joining(port, token or right, prologue) as stranger:
            assert within(4 * SOON_S, lambda: told.extend(master.events(0.1)) or stranger.poll() is not None)
            assert stranger.returncode == 4
            assert stranger.stderr is not None
            assert words in stranger.stderr.read()
        with joining(port, right) as worker:
            assert within(4 * SOON_S, lambda: told.extend(master.events(0.1)) or not master.running)
            told += master.rest()
            assert worker.wait(SOON_S) == 0
    assert {event["expected"] for event in told if event["event"] == "waiting"} == {2}
    assert told[-1]["event"] == "done"
    assert told[-1]["faults"] == []


@pytest.mark.parametrize(
    ("changes", "token", "words"),
    [
        ({"joining": 1, "master_bind": "127.0.0.1:5557"}, "", TOKEN),
        ({"joining": 1}, "long-enough-for-a-token", "HOST:PORT"),
        ({"master_bind": "5557"}, "", "HOST:PORT"),
        ({"master_bind": "192.0.2.1:5557"}, "", "cannot listen at 192.0.2.1:5557"),
    ],
)
def test_a_master_that_cannot_be_joined_says_what_is_missing(server: Served, changes, token, words):
    """Before anything is sent, and nobody is left."""
    with pytest.raises(GeneratorError, match=words):
        drive(shared(server.order(), **changes), environment={TOKEN: token})
    assert workers() == generators() == []


def test_a_port_that_is_taken_is_named(server: Served):
    """Another master may be running there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(GeneratorError, match=f"cannot listen at 127.0.0.1:{port}"):
            drive(shared(server.order(), master_bind=f"127.0.0.1:{port}"))
