"""Sessions whose endpoints and hosts are both emulated: from an empty account to a verdict, and to nothing that is left."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.suites import RANKER

MARK = "TAILGATE_TEST_FOLDER"
Session = Callable[..., pytest.RunResult]
SUITE = RANKER.replace("p90 <= 500ms", "p90 <= 5s")

# Ends the host's first process as losing power would, once samples come.
POWER_CUT = """
import threading, time
from pathlib import Path
import psutil

def running(module):
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if module in process.cmdline():
                found.append(process)
        except psutil.Error:
            pass
    return found

def pytest_runtest_setup():
    def cut():
        while not any(path.stat().st_size > 4000 for path in Path("reports/runs").glob("*/*.samples")):
            time.sleep(0.1)
        for host in running("tailgate.vantage.emulated.host"):
            host.kill()
    threading.Thread(target=cut, daemon=True).start()
"""


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Runs a suite on the emulated target, its load from an emulated host."""
    for name in ("CI", "TAILGATE_TARGET", "TAILGATE_VANTAGE", "PYTEST_ADDOPTS", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(MARK, str(pytester.path))

    def run(*arguments: str, suite: str = SUITE, conftest: str = "") -> pytest.RunResult:
        pytester.makeconftest(conftest)
        pytester.makepyfile(test_ranker=suite)
        options = ("-m", "latency", "--latency-vantage", "ec2", "--latency-region", "ap-northeast-1", "--latency-no-floor")
        result = pytester.runpytest_subprocess(*options, *arguments, timeout=240)
        assert left_of(pytester.path) == []
        return result

    return run


def left_of(folder: Path) -> list[list[str]]:
    """What runs of a session's keeper and hosts, by the mark in their environment, and of its agents, by their mailbox."""
    sessions = [path.name for path in folder.glob("reports/runs/*")]
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = process.cmdline()
            if process.environ().get(MARK) == str(folder) or any(session in word for session in sessions for word in words):
                found.append(words)
    return found


def runs_of(pytester: pytest.Pytester) -> list[dict[str, Any]]:
    """The records of the session's runs."""
    return [json.loads(path.read_text()) for path in pytester.path.glob("reports/runs/*/ranker*.json")]


def test_an_emulated_endpoint_is_measured_from_an_emulated_host(session: Session, pytester: pytest.Pytester) -> None:
    """In the zone that was asked for; the record names it, and that it is no statement about EC2."""
    result = session("--latency-host-zone", "apne1-az1", "--latency-host-type", "c7i.large")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["load came from: emulated ec2 c7i.large apne1-az1"])
    (run,) = runs_of(pytester)
    assert run["provenance"]["vantage"] == "emulated ec2 c7i.large apne1-az1"
    assert run["provenance"]["hosts"]["zone_id"] == "apne1-az1"
    assert run["verdict"]["outcome"] == "PASS"


def test_a_host_that_loses_power_amid_a_load_is_named_and_no_pass_comes_of_it(session: Session, pytester: pytest.Pytester) -> None:
    """Its agent and generator go with it; the session ends as always."""
    suite = SUITE.replace("for_s=2", "for_s=60")
    result = session("--latency-repeats", "0", suite=suite, conftest=POWER_CUT)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*host i-*no sign of life*"])
    assert [run["verdict"]["outcome"] for run in runs_of(pytester)] == ["INCONCLUSIVE"]


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--latency-host-zone", "use1-az1", "has no zone use1-az1, only apne1-az"),
        ("--latency-host-subnet", "subnet-0123456789abcdef0", "could not launch 1 × m5.2xlarge"),
    ],
)
def test_what_the_emulated_account_lacks_is_told(session: Session, option: str, value: str, told: str) -> None:
    """As an error of the test that needs it."""
    result = session(option, value)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"*{told}*"])


def test_hosts_share_the_load_of_a_session(session: Session, pytester: pytest.Pytester) -> None:
    """What the load takes is said before they are launched; the run is of all of them."""
    result = session("--latency-hosts", "2")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["hosts: 2 × m5.2xlarge; 60/s takes 1 host, *", "load came from: emulated 2 × ec2 m5.2xlarge *"])
    (run,) = runs_of(pytester)
    assert run["provenance"]["hosts"]["count"] == 2
    assert run["verdict"]["outcome"] == "PASS"
