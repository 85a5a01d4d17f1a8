"""A whole session of a user's that cannot delete what it created: it fails, says what is left, and its reaper goes on."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config

from tailgate.aws.custody.ledger import ledgers_in
from tailgate.child import Child
from tests.faults.aws_proxy import ALL, AwsProxy, refused

REGION = "eu-central-1"
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/sagemaker-execution"
TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
OPTIONS = ("--latency-target", "sagemaker", "--latency-role", ROLE, "--latency-image", "ranker:7", "--latency-max-usd", "5")
LONG_ENOUGH_S = 120.0
_MODULE = "tailgate.aws.custody.reaper"

SUITE = """
import pytest
from tailgate import EndpointSpec

pytestmark = pytest.mark.latency

def test_an_endpoint_comes_up(latency_target):
    with latency_target.open(EndpointSpec("ranker", instance_type="ml.m5.large")) as endpoint:
        assert endpoint.deployed_by_us
"""


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsProxy]:
    """boto3's own settings lead to a proxy before moto; the role exists."""
    child = Child("control plane", "tailgate.targets.emulated.control_plane")
    child.tell({"simulation": {"deploy_s": 0.2}})
    for name in [name for name in os.environ if name.startswith("AWS_") or name in ("CI", "TAILGATE_TARGET", "PYTEST_ADDOPTS")]:
        monkeypatch.delenv(name)
    with AwsProxy(child.ready(60.0)["url"]) as proxy:
        for name, value in {
            "AWS_ENDPOINT_URL": proxy.url,
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_REGION": REGION,
            "NO_PROXY": "*",
        }.items():
            monkeypatch.setenv(name, value)
        iam = client(proxy, "iam")
        iam.create_role(RoleName="sagemaker-execution", AssumeRolePolicyDocument=json.dumps({"Statement": [TRUST]}))
        iam.close()
        yield proxy
    child.end(5.0)


def client(proxy: AwsProxy, service: str) -> Any:
    return boto3.client(service, region_name=REGION, endpoint_url=proxy.url, config=Config(proxies={}))


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    pytester.makepyfile(test_ranker=SUITE)
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-m", "latency", *OPTIONS, *options, timeout=300)


def check_told(outcome: pytest.RunResult, pytester: pytest.Pytester) -> None:
    """The test passed and the session did not; the warning has what, why, and the command."""
    outcome.assert_outcomes(passed=1, warnings=1)
    assert outcome.ret == pytest.ExitCode.TESTS_FAILED
    (ledger,) = ledgers_in(pytester.path / "reports" / "ledger")
    said = " ".join(outcome.stdout.str().split())
    assert "ResourceWarning: left behind in eu-central-1: endpoint tailgate-ranker-" in said
    assert "AccessDeniedException" in said
    assert f"tailgate sweep --region eu-central-1 --run {ledger.stem} --delete" in said


@pytest.fixture
def reapers(pytester: pytest.Pytester) -> Iterator[Callable[[], list[psutil.Process]]]:
    """Finds the reapers of the test's sessions, which outlive them; those that still live at the end are killed."""

    def found() -> list[psutil.Process]:
        ledgers = {str(path) for path in ledgers_in(pytester.path / "reports" / "ledger")}
        ours = [each for each in psutil.process_iter(["cmdline"]) if _MODULE in (each.info["cmdline"] or ())]
        return [each for each in ours if ledgers & {file.path for file in each.open_files()}]

    yield found
    for each in found():
        each.kill()


def test_it_fails_and_says_so(proxy: AwsProxy, pytester: pytest.Pytester, reapers: Callable[[], list[psutil.Process]]) -> None:
    """A ResourceWarning and exit code 1, though its test passed; and somebody goes on trying."""
    proxy.harm("sagemaker.DeleteEndpoint", refused(400, "AccessDeniedException", "not you"), ALL)
    check_told(run(pytester), pytester)
    assert len(reapers()) == 1


@pytest.mark.thorough
def test_its_reaper_deletes_it_once_it_may(proxy: AwsProxy, pytester: pytest.Pytester, reapers: Callable[[], list[psutil.Process]]) -> None:
    """When deletion is permitted, all of it goes without anybody's help, and the ledger too."""
    denied = proxy.harm("sagemaker.DeleteEndpoint", refused(400, "AccessDeniedException", "not you"), ALL)
    assert run(pytester).ret == pytest.ExitCode.TESTS_FAILED
    denied.nth = ()
    until_s = time.monotonic() + LONG_ENOUGH_S
    while ledgers_in(pytester.path / "reports" / "ledger"):
        assert time.monotonic() < until_s
        time.sleep(0.2)
    assert reapers() == []
    sagemaker = client(proxy, "sagemaker")
    assert (sagemaker.list_endpoints()["Endpoints"], sagemaker.list_models()["Models"]) == ([], [])
    sagemaker.close()


@pytest.mark.thorough
def test_a_workers_session_fails_its_controllers(proxy: AwsProxy, pytester: pytest.Pytester, reapers: Any) -> None:
    """Under xdist each worker has its own ledger and reaper; the controller says what it says, and ends as it does."""
    proxy.harm("sagemaker.DeleteEndpoint", refused(400, "AccessDeniedException", "not you"), ALL)
    check_told(run(pytester, "-n", "1"), pytester)
    assert len(reapers()) == 1


@pytest.mark.thorough
def test_it_says_so_where_warnings_are_errors(proxy: AwsProxy, pytester: pytest.Pytester, reapers: Any) -> None:
    """The session still ends in order, with exit code 1."""
    proxy.harm("sagemaker.DeleteEndpoint", refused(400, "AccessDeniedException", "not you"), ALL)
    outcome = run(pytester, "-W", "error")
    assert len(reapers()) == 1
    assert outcome.ret == pytest.ExitCode.TESTS_FAILED
    assert "tailgate: left behind in eu-central-1: endpoint tailgate-ranker-" in outcome.stderr.str()
    assert "INTERNALERROR" not in outcome.stdout.str()
