"""A model server ends with the session, with all that it forked, however the session ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tailgate.errors import TargetError
from tailgate.targets.prefetch import Prefetched
from tailgate.targets.process import ProcessTarget
from tests.unit.targets.model_servers import NEVER_S, SPEC, ask, gone


def test_waiting_can_be_interrupted(server) -> None:
    """Ctrl-C reaches the session's close, which ends what is starting."""
    target = ProcessTarget(command=server("time.sleep(60)"))
    prefetched = Prefetched(target)
    prefetched.prefetch([SPEC])
    time.sleep(0.5)
    began_s = time.monotonic()
    prefetched.close()
    assert time.monotonic() - began_s < NEVER_S
    with pytest.raises(TargetError, match="session is ending"), target.open(SPEC):
        pass


def test_a_server_that_ignores_sigterm_is_killed_after_its_grace(server) -> None:
    """As SageMaker does it: asked first, then made to."""
    target = ProcessTarget(command=server("signal.signal(signal.SIGTERM, signal.SIG_IGN)"), grace_s=0.5)
    with target.open(SPEC) as endpoint:
        pid = ask(endpoint)["pid"]
        began_s = time.monotonic()
    assert time.monotonic() - began_s >= 0.5
    assert gone(pid)


FORK = """
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session={session})
sys.argv.append(child.pid)
"""


@pytest.mark.parametrize("session", [False, pytest.param(True, marks=pytest.mark.skipif(sys.platform != "linux", reason="subreaper"))])
@pytest.mark.parametrize("end", ["leave", "crash"])
def test_what_a_server_forked_is_gone_with_it(server, session: bool, end: str) -> None:
    """Workers in its group, and those in sessions of their own, whether it is ended or ends by itself."""
    with ProcessTarget(command=server(FORK.format(session=session)), grace_s=1).open(SPEC) as endpoint:
        said = ask(endpoint)
        assert psutil.pid_exists(said["argv"][0])
        if end == "crash":
            os.kill(said["pid"], signal.SIGKILL)
            assert gone(said["argv"][0])
    assert gone(said["pid"])
    assert gone(said["argv"][0])


def test_a_server_does_not_outlive_a_killed_session(server, tmp_path: Path) -> None:
    """SIGKILL gives nobody a chance to clean up: the warden sees its stdin end."""
    script = f"""
import sys, time
sys.path[:0] = {sys.path!r}
from tailgate.plan.case import EndpointSpec
from tailgate.targets.process import ProcessTarget
with ProcessTarget(command={server(FORK.format(session=False))!r}).open(EndpointSpec("ranker")) as endpoint:
    print(*endpoint.processes.values(), flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=tmp_path) as session:
        assert session.stdout is not None
        pid = int(session.stdout.readline())
        family = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
        assert len(family) == 2
        session.kill()
    assert [gone(member) for member in family] == [True, True]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells children of their parent's death on Linux only")
def test_a_server_does_not_outlive_its_warden(server) -> None:
    """Even a killed warden takes it along, and the target notices."""
    with ProcessTarget(command=server()).open(SPEC) as endpoint:
        (pid,) = endpoint.processes.values()
        warden = psutil.Process(pid).parent()
        assert warden is not None
        warden.kill()
        assert gone(pid)


def test_a_warden_that_is_told_nothing_ends() -> None:
    """Whoever started it died before it could say what to start."""
    command = [sys.executable, "-m", "tailgate.targets.warden"]
    done = subprocess.run(command, input="", capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_server_that_writes_without_end_is_not_held_up_by_it(server) -> None:
    """Its output is drained, and no more than the last lines are kept."""
    with ProcessTarget(command=server("for n in range(100_000): print('line', n)")).open(SPEC) as endpoint:
        assert ask(endpoint)["path"] == "/invocations"
