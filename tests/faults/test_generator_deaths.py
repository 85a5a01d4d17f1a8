"""Whatever dies during a run, the run says so soon, and nothing is left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tailgate.errors import GeneratorError
from tailgate.generator.drive import Tick, drive
from tailgate.plan.load import ConstantRate
from tailgate.samples import read_samples
from tests.faults.altered import ENVIRONMENT, driver, told_by_altered
from tests.faults.shared_loads import within
from tests.unit.generator.serving import Served, generators, gone, rows_once_each, serving

LONG = ConstantRate(per_s=100, for_s=60, warmup_s=0)
SOON_S = 10.0
"""What may pass between a death and the parent's knowing of it."""


@pytest.fixture
def server(tmp_path):
    """A server over TLS."""
    with serving(tmp_path) as served:
        yield served


class AtFirstTick:
    """Does something when the first tick comes, and notes when."""

    def __init__(self, act) -> None:
        self.act = act
        self.at_s = float("nan")
        self.pids: list[int] = []

    def __call__(self, _: Tick) -> None:
        """Called with each tick."""
        if not self.pids:
            self.pids = [process.pid for process in generators()]
            self.at_s = time.monotonic()
            self.act(self)


def test_a_killed_generator_is_named_with_its_signal_and_its_samples_are_kept(server: Served):
    """kill -9, as the system does when memory runs out: what it had written is read, and is worth nothing alone."""
    killer = AtFirstTick(lambda self: os.kill(self.pids[0], signal.SIGKILL))
    samples = drive(server.order(LONG), on_tick=killer)
    assert time.monotonic() - killer.at_s < SOON_S
    assert len(samples.faults) == 1
    assert f"generator (pid {killer.pids[0]}) was killed by SIGKILL" in samples.faults[0]
    assert 50 < len(samples) < 300
    assert samples.stopped_s == pytest.approx(1.0, abs=0.7)


def test_a_terminated_generator_stops_early_with_a_complete_record(server: Served):
    """SIGTERM: nothing further is sent, and each request of the elapsed time has its row."""
    order = server.order(LONG, ms=5)
    killer = AtFirstTick(lambda self: os.kill(self.pids[0], signal.SIGTERM))
    samples = drive(order, on_tick=killer)
    assert time.monotonic() - killer.at_s < SOON_S
    assert samples.faults == ()
    assert samples.stopped_s is not None
    assert samples.stopped_s < 5
    assert rows_once_each(samples, order)
    assert set(samples.errors()) <= {"unsent"}


def test_what_is_in_flight_when_the_generator_is_terminated_is_censored(server: Served):
    """The drain is short then; what has not come back counts as an exceedance."""
    order = server.order(LONG, act="silent", timeout_s=60)
    samples = drive(order, on_tick=AtFirstTick(lambda self: os.kill(self.pids[0], signal.SIGTERM)))
    assert rows_once_each(samples, order)
    assert set(samples.errors()) <= {"censored", "unsent"}
    assert samples.errors()["censored"] >= 50


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_death_of_a_watched_process_ends_the_run_and_names_it(server: Served, how):
    """The data plane dies: no use in going on, and never a verdict on what was measured until then."""
    killer = AtFirstTick(lambda _: server.process.send_signal(how))
    samples = drive(server.order(LONG), processes={"data plane": server.process.pid}, on_tick=killer)
    assert time.monotonic() - killer.at_s < SOON_S
    assert samples.faults[0].startswith(f"data plane (pid {server.process.pid}) died during the run")
    assert generators() == []


def test_a_watched_process_that_is_dead_to_begin_with_is_refused(server: Served):
    """Nothing is sent then; the sentence names the process."""
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
        with pytest.raises(GeneratorError, match=rf"moto \(pid {dead.pid}\) died before the load began"):
            drive(server.order(), processes={"moto": dead.pid})
    assert server.truth()["arrived"] == []


def test_a_server_that_dies_unwatched_leaves_a_row_for_each_request(server: Served):
    """Refused and broken connections are the server's failures: rows, not a crash, and not a fault of the instrument."""
    order = server.order(ConstantRate(100, 2, 0), timeout_s=1)
    samples = drive(order, on_tick=AtFirstTick(lambda _: server.process.kill()))
    assert samples.faults == ()
    assert rows_once_each(samples, order)
    assert samples.errors()["connect failed"] >= 50
    assert set(samples.errors()) <= {"connect failed", "connection lost"}


def test_requests_that_a_frozen_server_never_answers_are_censored(server: Served):
    """The last second's requests never come back; peers drop them and report a fine percentile."""
    order = server.order(ConstantRate(100, 2, 0), connections=150, timeout_s=1.5)
    try:
        samples = drive(order, on_tick=AtFirstTick(lambda _: server.process.send_signal(signal.SIGSTOP)))
    finally:
        server.process.send_signal(signal.SIGCONT)
    assert samples.faults == ()
    assert rows_once_each(samples, order)
    assert samples.errors().get("censored", 0) >= 30
    assert set(samples.errors()) <= {"censored", "timeout", "connect failed", "unsent"}
    assert sum(samples.errors().values()) >= 80


def test_a_generator_that_hangs_is_ended_and_named(server: Served):
    """It says nothing for seconds: the parent does not wait for ever."""
    stopper = AtFirstTick(lambda self: os.kill(self.pids[0], signal.SIGSTOP))
    samples = drive(server.order(LONG), on_tick=stopper)
    assert time.monotonic() - stopper.at_s < 15
    assert f"generator (pid {stopper.pids[0]}) said nothing for" in samples.faults[0]
    assert gone(stopper.pids[0])


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_generator_outlives_its_parent(server: Served, how):
    """However the parent ends, the load ends with it: nobody wants an endpoint to be driven by nobody."""
    with driver(server, server.order(LONG)) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline().split()[0])
        assert not gone(pid)
        parent.send_signal(how)
        assert within(SOON_S, lambda: gone(pid))
        parent.communicate(timeout=SOON_S)


def test_the_end_of_its_input_ends_a_generator(server: Served):
    """Where the kernel does not tell of a parent's death, the closed pipe does; rows so far are on disk."""
    order = server.order(LONG)
    command = [sys.executable, "-m", "tailgate.generator"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(order.to_json().encode() + b"\n")
        child.stdin.flush()
        assert b"ready" in child.stdout.readline()
        assert b"tick" in child.stdout.readline()
        child.stdin.close()
        assert child.wait(timeout=SOON_S) == 1
    assert len(read_samples(order.samples)) > 50


@pytest.mark.parametrize("part", ["dispatcher.Dispatcher.answered", "connection.Connection._readable", "progress.Progress.add"])
def test_an_error_of_ours_ends_the_run_with_a_fault(server: Served, part):
    """A callback that raises must not leave samples that look complete: the run ends early and says what broke."""
    module, owner, method = part.split(".")
    script = f"""
from tailgate.generator.{module} import {owner}
whole, calls = {owner}.{method}, []
def breaking(*given):
    calls.append(1)
    if len(calls) > 30: raise ZeroDivisionError("by design")
    return whole(*given)
{owner}.{method} = breaking
"""
    told = told_by_altered(script, server.order(LONG))
    assert told[-1]["event"] == "done"
    assert any("the generator broke (ZeroDivisionError: by design)" in fault for fault in told[-1]["faults"])
    assert told[-1]["sent"] < 2000
