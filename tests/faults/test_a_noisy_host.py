"""A generator from which its processor is taken, for real: the run says so, and whose doing it was."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tailgate.analysis.outcome import Outcome
from tailgate.analysis.verdict import Verdict, judge
from tailgate.generator.drive import Tick, drive
from tailgate.plan.budget import Budget
from tailgate.plan.case import Case, EndpointSpec
from tailgate.plan.load import ConstantRate
from tests.unit.generator.serving import Served, generators, serving

LOAD = ConstantRate(per_s=500, for_s=4, warmup_s=0)


@pytest.fixture
def server(tmp_path) -> Iterator[Served]:
    """A server without TLS."""
    with serving(tmp_path, tls=False) as served:
        yield served


def verdict_after(server: Served, take: Callable[[int], None], give_back: Callable[[int], None], held_s: float) -> Verdict:
    """Drive, take the generator's processor away at its first tick, give it back after a while, and judge."""
    pids: list[int] = []

    def on_tick(_: Tick) -> None:
        if not pids:
            pids.append(generators()[0].pid)
            take(pids[0])
            threading.Timer(held_s, give_back, pids).start()

    samples = drive(server.order(LOAD), on_tick=on_tick)
    case = Case(EndpointSpec("ranker"), b"[1]", LOAD, Budget.of("p99 <= 100ms"))
    return judge(case, samples.after_warmup(), target_kind="process")


class ControlGroup:
    """A control group of ours with a quota of a fiftieth of a processor, of whichever version this host has."""

    def __init__(self) -> None:
        for parent, quota, limited, unlimited in (
            (Path("/sys/fs/cgroup/cpu"), "cpu.cfs_quota_us", "2000", "-1"),  # in the default period of 100 ms
            (Path("/sys/fs/cgroup"), "cpu.max", "2000 100000", "max"),
        ):
            self._folder, self._quota, self._limited, self._unlimited = parent / f"tailgate-noisy-{os.getpid()}", quota, limited, unlimited
            with contextlib.suppress(OSError):
                self._folder.mkdir()
                self.limit()
                self.lift()
                return
            self.remove()
        pytest.skip("no control group with a quota can be made here")

    def limit(self, *_: int) -> None:
        """From now on the quota holds."""
        (self._folder / self._quota).write_text(self._limited)

    def lift(self, *_: int) -> None:
        """It holds no longer."""
        (self._folder / self._quota).write_text(self._unlimited)

    def take_in(self, pid: int) -> None:
        """A process is subject to it."""
        (self._folder / "cgroup.procs").write_text(str(pid))

    def let_go(self, pid: int) -> None:
        """It is not any more."""
        (self._folder.parent / "cgroup.procs").write_text(str(pid))

    def remove(self) -> None:
        """Nothing of it is left; its processes must be gone."""
        with contextlib.suppress(OSError):
            self._folder.rmdir()


@pytest.fixture
def control_group() -> Iterator[ControlGroup]:
    """One for a test."""
    group = ControlGroup()
    yield group
    group.remove()


def test_a_used_up_cpu_quota_makes_a_run_invalid_and_is_named(server: Served, control_group: ControlGroup) -> None:
    """A fiftieth of a core for a second and a half: requests leave late, and the kernel's counters say why."""
    control_group.take_in(os.getpid())  # what is started from here on is in it

    def take(_: int) -> None:
        control_group.let_go(os.getpid())
        control_group.limit()

    try:
        verdict = verdict_after(server, take, control_group.lift, 1.5)
    finally:
        control_group.let_go(os.getpid())
    assert verdict.outcome is Outcome.INCONCLUSIVE
    late = [reason for reason in verdict.reasons if reason.startswith("send lag p99 is ")]
    assert "a CPU quota of the generator's container was used up in" in late[0]
    assert "raise or lift its CPU limit" in late[0]


def test_a_stopped_generator_makes_a_run_invalid(server: Served) -> None:
    """SIGSTOP for .7 s: what it sent late says so, though it was not asked and does not know."""
    verdict = verdict_after(server, lambda pid: os.kill(pid, signal.SIGSTOP), lambda pid: os.kill(pid, signal.SIGCONT), 0.7)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    (reason,) = verdict.reasons
    assert reason.startswith("send lag p99 is ")
    assert "give it an idle core" in reason
