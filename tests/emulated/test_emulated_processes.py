"""The emulated target's two processes: started once, named when they die, ended with whoever started them, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from tailgate.aws.waiting import StoppedError
from tailgate.child import Child
from tailgate.errors import TargetError
from tailgate.plan.case import EndpointSpec
from tailgate.targets import Target
from tailgate.targets.emulated import emulated_target, planes
from tailgate.targets.emulated.emulation import EmulatedTarget
from tailgate.targets.prefetch import Attended, Prefetched
from tailgate.targets.registry import Settings
from tests.emulated.emulations import FAULTS, SPEC, left_over, running, soon_s, wait_until

ROOT = str(Path(__file__).resolve().parents[2])


def test_ten_endpoints_deploy_side_by_side_on_one_pair_of_processes() -> None:
    """Ten threads race for the start: two processes come of it, and all ten endpoints are Creating before one is in service."""
    names = [f"e{number}" for number in range(10)]
    creating, early = set(), []
    with EmulatedTarget(deploy_s=5.0) as target, ThreadPoolExecutor(10) as threads, ExitStack() as opened:

        def hear(spec: EndpointSpec, status: str, _elapsed_s: float) -> None:
            if status == "Creating":
                creating.add(spec.name)
            elif len(creating) < len(names):
                early.append(spec.name)

        target.watch(hear)
        endpoints = list(threads.map(lambda name: opened.enter_context(target.open(EndpointSpec(name))), names))
        assert len({endpoint.name for endpoint in endpoints}) == 10
        assert (creating, early) == (set(names), [])
        pids = {pid for endpoint in endpoints for pid in endpoint.processes.values()}
        assert pids == {child.pid for child in psutil.Process().children() if child.pid in pids}
        assert len(pids) == 2


def test_an_interrupted_deployment_is_deleted() -> None:
    """As on AWS deletion is refused while the endpoint is being created: it is waited for, and then nothing is left."""
    with EmulatedTarget(faults=FAULTS) as target:
        target.watch(lambda *_: target.interrupt())
        with pytest.raises(StoppedError), target.open(replace(SPEC, name="slow")):
            pytest.fail("it was interrupted")
        assert left_over(target) == []


def test_prefetching_it_shares_and_closes_it() -> None:
    """Through the registry, as the plugin makes it: watched, interrupted and closed by the prefetching that wraps it."""
    target = emulated_target(Settings("emulated", "us-east-1", "r2"))
    as_target: Target = target
    assert isinstance(as_target, Attended)
    statuses: list[str] = []
    with Prefetched(target, on_progress=lambda _spec, status, _elapsed_s: statuses.append(status)) as prefetched:
        prefetched.prefetch([SPEC, SPEC])
        with prefetched.open(SPEC) as first, prefetched.open(SPEC) as second:
            assert first is second
            pids = list(first.processes.values())
    assert "Creating" in statuses
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_closing_while_the_processes_start_waits_for_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the first seconds of a session: nobody waits for moto to have loaded, and nothing of it is left."""
    monkeypatch.setattr(planes, "Child", lambda title, _module: Child(title, "tests.emulated.takes_two_minutes_to_load"))
    before = {process.pid for process in psutil.Process().children()}
    prefetched = Prefetched(EmulatedTarget())
    prefetched.prefetch([SPEC])
    until_s = time.monotonic() + 30
    while len(started := {process.pid for process in psutil.Process().children()} - before) < 2 and time.monotonic() < until_s:
        time.sleep(0.01)
    began_s = time.monotonic()
    prefetched.close()
    assert time.monotonic() - began_s < 60
    assert len(started) == 2
    assert not any(psutil.pid_exists(pid) for pid in started)


def test_a_process_that_still_loads_is_ended_without_a_grace() -> None:
    """It does not listen to its stdin yet, and has nothing to put in order."""
    child = Child("slow one", "tests.emulated.takes_two_minutes_to_load")
    began_s = time.monotonic()
    child.end(grace_s=100)
    assert time.monotonic() - began_s < 50
    assert child.how_it_ended() == "was killed by SIGTERM"


@pytest.mark.thorough
def test_closing_in_the_middle_of_a_deployment_ends_soon() -> None:
    """The prefetched deployment is interrupted, deleted when SageMaker lets it, and both processes are gone."""
    target = EmulatedTarget(faults=FAULTS)
    slow = replace(SPEC, name="slow")
    creating = threading.Event()
    prefetched = Prefetched(target)
    target.watch(lambda *_: creating.set())
    prefetched.prefetch([slow])
    assert creating.wait(60)
    pids = [child.pid for child in target.start().children]
    prefetched.close()
    assert not any(psutil.pid_exists(pid) for pid in pids)


@pytest.mark.parametrize("title", [pytest.param("control plane (moto)", marks=pytest.mark.thorough), "data plane"])
def test_a_killed_process_is_named_with_its_pid_and_its_end(title: str) -> None:
    """After kill -9 every later opening says which process it was and how it died, at once; nothing is left running."""
    with EmulatedTarget(deploy_s=0.1) as target:
        starting_s = time.monotonic()
        with target.open(SPEC) as endpoint:
            processes = dict(endpoint.processes)
        patience_s = soon_s(time.monotonic() - starting_s)
        os.kill(processes[title], signal.SIGKILL)
        os.waitid(os.P_PID, processes[title], os.WEXITED | os.WNOWAIT)  # all its threads are gone; reaping is the target's
        began_s = time.monotonic()
        with pytest.raises(TargetError) as raised, target.open(SPEC):
            pytest.fail("a process is dead")
        assert time.monotonic() - began_s < patience_s
        assert f"the {title} (pid {processes[title]}) of the emulation was killed by SIGKILL" in str(raised.value)
    assert not any(psutil.pid_exists(pid) for pid in processes.values())


def test_moto_killed_in_the_middle_of_a_deployment_is_named() -> None:
    """The error is not that a connection was refused, but whose death refused it."""
    with EmulatedTarget(faults=FAULTS) as target:
        starting_s = time.monotonic()
        pid = target.start().control.pid
        patience_s = soon_s(time.monotonic() - starting_s)
        target.watch(lambda *_: os.kill(pid, signal.SIGKILL) if running(pid) else None)
        began_s = time.monotonic()
        with pytest.raises(TargetError, match=rf"control plane \(moto\) \(pid {pid}\) of the emulation was killed by SIGKILL"):
            target.open(replace(SPEC, name="slow")).__enter__()
        assert time.monotonic() - began_s < patience_s


@pytest.mark.thorough
def test_moto_killed_while_an_endpoint_is_open_is_named_on_leaving() -> None:
    """Its deletion cannot be verified, and the error says why; the processes are gone all the same."""
    killed = pytest.raises(TargetError, match=r"control plane \(moto\).*was killed by SIGKILL")
    with EmulatedTarget(deploy_s=0.1) as target, killed, target.open(SPEC) as endpoint:
        os.kill(endpoint.processes["control plane (moto)"], signal.SIGKILL)
    assert not any(psutil.pid_exists(pid) for pid in endpoint.processes.values())


def test_a_data_plane_that_cannot_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    """A wrong profiles file ends the data plane: its sentence arrives, and no process is left."""
    wrong = tmp_path / "profiles.toml"
    wrong.write_text("[outlire]\n")
    with EmulatedTarget(profiles=wrong) as target, pytest.raises(TargetError) as raised, target.open(SPEC):
        pytest.fail("it cannot start")
    assert "the data plane (pid " in str(raised.value)
    assert "exited with code 1" in str(raised.value)
    assert "[outlire] is not known; did you mean 'outlier'?" in str(raised.value)
    commands = [" ".join(child.cmdline()) for child in psutil.Process().children() if running(child.pid)]
    assert not any(str(wrong) in command for command in commands)


def test_closing_ends_both_processes_and_nothing_opens_any_more() -> None:
    """They are reaped, a second close is nothing, and an opening says that the target is closed."""
    target = EmulatedTarget(deploy_s=0.1)
    target.close()
    target = EmulatedTarget(deploy_s=0.1)
    pids = [child.pid for child in target.start().children]
    target.close()
    target.close()
    assert not any(psutil.pid_exists(pid) for pid in pids)
    with pytest.raises(TargetError, match="is closed"), target.open(SPEC):
        pytest.fail("it is closed")


def test_both_processes_die_with_their_parent() -> None:
    """A parent that gets SIGKILL leaves nothing running."""
    script = (
        "import time; from tailgate.targets.emulated.emulation import EmulatedTarget\n"
        "target = EmulatedTarget(); print(*(child.pid for child in target.start().children), flush=True); time.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": ROOT}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        lines: Any = parent.stdout
        pids = [int(pid) for pid in lines.readline().split()]
        assert len(pids) == 2
        parent.kill()
        parent.wait(20)
        wait_until(lambda: not any(running(pid) for pid in pids))


def test_a_region_that_does_not_exist_is_told_and_nothing_is_left_running() -> None:
    """The sentence names the region and the nearest that exists."""
    before = {child.pid for child in psutil.Process().children()}
    wrong = pytest.raises(TargetError, match=r"region 'us-east-11' is not one of AWS's; did you mean 'us-east-1'\?")
    with EmulatedTarget(region="us-east-11") as target, wrong, target.open(SPEC):
        pytest.fail("there is no such region")
    assert {child.pid for child in psutil.Process().children()} == before
