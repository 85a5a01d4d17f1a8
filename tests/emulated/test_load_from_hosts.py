"""Sessions whose load comes from hosts: what is asked of them, what is on record, and what becomes of a host that dies.

The hosts are agents on this very host; what launches real ones has tests of its own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.emulated.conftest import lead_boto3
from tests.suites import RANKER

Session = Callable[..., pytest.RunResult]
ASKED = ("-m", "latency", "--latency-target", "existing", "--latency-max-rate", "100", "--latency-cloudwatch-wait", "0")
KILLER = """
import os, signal, threading, time

def pytest_runtest_setup():
    def kill():
        while not os.path.exists("agents"):
            time.sleep(0.1)
        time.sleep(WAIT_S)
        os.kill(int(open("agents").read()), signal.SIGKILL)
    threading.Thread(target=kill, daemon=True).start()
"""


@pytest.fixture
def session(moto: Any, data_plane: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """Runs a suite against an endpoint in service, its load from hosts."""
    lead_boto3(moto, data_plane, monkeypatch)
    monkeypatch.delenv("TAILGATE_VANTAGE", raising=False)
    moto.deploy("ranker")

    def run(*arguments: str, suite: str = RANKER, conftest: str = "", vantage: str = "ec2") -> pytest.RunResult:
        registered = 'import tailgate.vantage.registry as r\nr.VANTAGES["ec2"] = "agents_here:launch"\n'
        pytester.makeconftest(registered + conftest)
        pytester.makepyfile(test_ranker=suite, agents_here=Path(__file__).with_name("agents_here.py").read_text())
        paid = ("--latency-max-usd", "5") if "local" not in (vantage, *arguments) else ()
        return pytester.runpytest_subprocess(*ASKED, "--latency-vantage", vantage, *paid, *arguments, timeout=240)

    yield run
    moto.sagemaker.delete_endpoint(EndpointName="ranker")
    assert agents_left(pytester.path) == []


def agents_left(folder: Path) -> list[int]:
    """Those that live."""
    path = folder / "agents"
    return [pid for pid in map(int, path.read_text().split()) if psutil.pid_exists(pid)] if path.exists() else []


def runs_in(folder: Path) -> list[dict[str, Any]]:
    """The records of a session's runs."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("reports/runs/*/ranker*.json"))]


def test_load_comes_from_the_host_and_the_record_says_so(session: Session, pytester: pytest.Pytester) -> None:
    """Name of the vantage, what the host is and went through, the harness's floor there; and a line for whoever reads along."""
    result = session("--latency-host-type", "c7i.xlarge")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["load came from: emulated ec2 c7i.xlarge apne1-az1"])
    (run,) = runs_in(pytester.path)
    known = run["provenance"]
    assert known["vantage"] == "emulated ec2 c7i.xlarge apne1-az1"
    assert known["hosts"]["instance_type"] == "c7i.xlarge"
    assert known["hosts"]["versions"]["locust"]
    assert known["host"]["counters"]
    assert known["floor"]["why"] is None
    assert known["floor"]["host"] == "the host that drives"


def test_runs_from_elsewhere_are_no_baseline(session: Session) -> None:
    """What was measured from this host says nothing of how it is from another."""
    session("--latency-no-floor", vantage="local").assert_outcomes(passed=1)
    result = session("--latency-no-floor", "--latency-baseline", "latest")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*vantage was local, is emulated ec2 m5.2xlarge apne1-az1*"])


@pytest.mark.parametrize("wait_s", [3, 8], ids=["before the load", "amid the load"])
def test_a_host_that_dies_is_named_and_no_pass_comes_of_it(session: Session, pytester: pytest.Pytester, wait_s: int) -> None:
    """An error where nothing was measured yet, else INCONCLUSIVE; and the session ends."""
    suite = RANKER.replace("for_s=2", "for_s=60")
    began_s = time.monotonic()
    result = session("--latency-no-floor", "--latency-repeats", "0", suite=suite, conftest=KILLER.replace("WAIT_S", str(wait_s)))
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*host i-00000000000000001*"])  # silent, or never heard where it died that early
    assert all(run["verdict"]["outcome"] == "INCONCLUSIVE" for run in runs_in(pytester.path))
    assert time.monotonic() - began_s < 120


def test_ctrl_c_ends_the_load_there_and_the_host_is_gone(session: Session, pytester: pytest.Pytester) -> None:
    """As without hosts: pytest says that it was interrupted."""
    conftest = KILLER.replace("WAIT_S", "6").replace('int(open("agents").read())', "os.getpid()").replace("SIGKILL", "SIGINT")
    result = session("--latency-no-floor", suite=RANKER.replace("for_s=2", "for_s=60"), conftest=conftest)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert agents_left(pytester.path) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--latency-vantage", "ec3"), "--latency-vantage is 'ec3'; did you mean 'ec2'"),
        (("--latency-host-type", "ml.m5.large"), "hosts are EC2's: m5.large"),
        (("--latency-hosts", "0"), "from 1 to 100"),
        (("--latency-vantage", "local", "--latency-host-zone", "use1-az1"), "add --latency-vantage ec2"),
        (("-n", "2"), "leave out -n"),
        (("--latency-master-bind", "127.0.0.1:5557"), "--latency-joining awaits workers"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_launched(session: Session, arguments: tuple[str, ...], told: str) -> None:
    """Exit code 4 and a sentence."""
    result = session(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{told}*"])
