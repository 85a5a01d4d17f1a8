"""Whole sessions whose load comes from hosts as on AWS: an unmodified boto3, a bundle, emulated hosts; and one that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailgate import EndpointSpec
from tailgate.targets.emulated.emulation import EmulatedTarget
from tailgate.targets.emulated.keeping import HostSettings
from tests.emulated.ec2_hosts import REGION, Ec2Account, ec2_account
from tests.emulated.hosts import wait
from tests.suites import RANKER

ASKED = ("--latency-target", "existing", "--latency-max-rate", "100", "--latency-cloudwatch-wait", "0", "--latency-no-floor")


@pytest.fixture(scope="module")
def target() -> Iterator[EmulatedTarget]:
    with EmulatedTarget(region=REGION, deploy_s=0.1, hosts=HostSettings()) as target:
        yield target


@pytest.fixture
def aws(target: EmulatedTarget, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ec2Account]:
    """With an endpoint in service, that the suite in the current folder asks. Nothing of any host is left in it."""
    for name in ("CI", "TAILGATE_TARGET", "TAILGATE_VANTAGE", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    with ec2_account(target, pytester.path / "reports", monkeypatch) as account, target.open(EndpointSpec("ranker")) as endpoint:
        authorities = pytester.path / "authorities.pem"
        authorities.write_text(target.start().ca_pem)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(authorities))
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", f"https://{target.start().dial['public']}")
        monkeypatch.setenv("XDG_CACHE_HOME", str(pytester.path.parent / "cache"))
        pytester.makepyfile(test_ranker=RANKER.replace('EndpointSpec("ranker"', f'EndpointSpec("{endpoint.name}"'))
        yield account
        assert account.left() == []


def command(aws: Ec2Account, *more: str) -> list[str]:
    """A session with hosts."""
    hosts = ("--latency-vantage", "ec2", "--latency-host-profile", aws.profile, "--latency-max-usd", "5")
    return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", "latency", *ASKED, *hosts, *more]


def test_a_session_launches_two_hosts_and_pays_for_them(aws: Ec2Account, pytester: pytest.Pytester) -> None:
    """They share the load; the record says where it came from, and the last lines what it cost."""
    ended = pytester.run(*command(aws, "--latency-hosts", "2"))
    assert ended.ret == 0
    ended.stdout.fnmatch_lines(["load came from: 2 × ec2 m5.2xlarge euw1-az*", "cost: at most * USD planned, about * USD spent"])
    (run,) = [json.loads(path.read_text()) for path in pytester.path.glob("reports/runs/*/*ranker*.json")]
    assert run["provenance"]["hosts"]["count"] == 2
    assert run["provenance"]["hosts"]["instance_type"] == "m5.2xlarge"


def test_a_session_that_is_killed_leaves_no_host(aws: Ec2Account, pytester: pytest.Pytester) -> None:
    """Its reaper terminates them, and deletes group, bundle and letters."""
    with (pytester.path / "said").open("w") as said:
        session = subprocess.Popen(command(aws), stdout=said, stderr=said, cwd=pytester.path, env=dict(os.environ))
    wait(lambda: session.poll() is not None or any(each["State"]["Name"] == "running" for each in aws.instances()), 180.0)
    session.send_signal(signal.SIGKILL)
    assert session.wait() == -signal.SIGKILL, Path(pytester.path / "said").read_text()
    assert aws.instances()
    wait(lambda: aws.left() == [], 120.0)
