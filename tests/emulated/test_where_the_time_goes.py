"""A session asks CloudWatch at its end, when its endpoints are no longer needed, and before its benchmark JSON is made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.emulated.conftest import REGION, lead_boto3

SUITE = """
from datetime import UTC, datetime

import boto3
import pytest
from tailgate import Budget, Case, EndpointSpec, Poisson

pytestmark = pytest.mark.latency
CASE = Case(
    EndpointSpec("timed", instance_type="ml.m5.large"),
    payload=b"[1]",
    load=Poisson(per_s=60, for_s=2, warmup_s=0.5, seed=7),
    budget=Budget.of("p90 <= 500ms"),
)

TOLD = (("Invocations", 1.0, "None"), ("ModelLatency", 800.0, "Microseconds"), ("OverheadLatency", 290.0, "Microseconds"))

def test_timed(measure):
    run = measure(CASE)
    platform_tells(run.record)
    assert run.verdict, run.verdict.explain()

def platform_tells(record):
    "What SageMaker would publish, of twice as many invocations: others ask too."
    began = datetime.fromisoformat(record.provenance["started_at"])
    minutes = [began.timestamp() // 60 * 60 + 60 * n for n in (0, 1)]
    client = boto3.client("cloudwatch")
    endpoint = record.provenance["endpoint"]["endpoint"]
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "AllTraffic"}]
    for at_s in minutes:
        for metric, value, unit in TOLD:
            datum = {"MetricName": metric, "Dimensions": dimensions, "Timestamp": datetime.fromtimestamp(at_s, UTC), "Unit": unit}
            datum |= {"Values": [value], "Counts": [300.0]}
            client.put_metric_data(Namespace="AWS/SageMaker", MetricData=[datum])
"""


@pytest.fixture
def aws(moto: Any, data_plane: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """boto3's own settings lead to the two processes, those of the control plane and of the data plane."""
    lead_boto3(moto.url, data_plane, monkeypatch)
    return moto.sagemaker


@pytest.mark.thorough
@pytest.mark.parametrize("more", [[], ["-n", "1"]], ids=["alone", "xdist"])
def test_a_session_says_where_the_time_goes(moto: Any, aws: Any, pytester: pytest.Pytester, more: list[str]) -> None:
    """In the terminal's summary, in the run's file, and in the benchmark JSON, which is made after it; in a worker likewise."""
    moto.deploy("timed")
    pytester.makepyfile(test_timed=SUITE)
    try:
        outcome = pytester.runpytest_subprocess(
            *("-p", "no:cacheprovider", "-m", "latency", "--latency-no-floor", "--latency-target", "existing", *more),
            *("--latency-max-rate", "60", "--latency-cloudwatch-wait", "30"),
            timeout=300,
        )
    finally:
        aws.delete_endpoint(EndpointName="timed")
        aws.delete_endpoint_config(EndpointConfigName="timed-config")
    outcome.assert_outcomes(passed=1)
    parts = r"network -?[0-9.]+ \+ overhead 0\.3 \+ model 0\.8 \(CloudWatch, . min, all callers(, shared by . loads)?\)"
    outcome.stdout.re_match_lines([rf"timed-.* where the time goes: mean service time [0-9.]+ ms = {parts}"])
    run = json.loads(next(pytester.path.glob("reports/runs/*/timed-*.json")).read_text())
    saved = json.loads(next(pytester.path.glob("reports/benchmarks/*/*.json")).read_text())
    assert run["platform"]["invocations"]["counted"] >= 300
    assert saved["benchmarks"][0]["extra_info"]["platform"] == run["platform"]
    assert "123456789012" not in json.dumps(run)


@pytest.fixture
def role(aws: Any) -> Iterator[str]:
    """The role that models run as."""
    assert aws
    iam = boto3.Session().client("iam", region_name=REGION)
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    yield iam.create_role(RoleName="timed", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    iam.delete_role(RoleName="timed")
    iam.close()


def test_what_a_deployed_endpoint_came_to_is_in_its_runs(aws: Any, role: str, pytester: pytest.Pytester) -> None:
    """Where the time went, what it cost from its creation until it was gone, and that more was counted than we sent."""
    pytester.makepyfile(test_timed=SUITE)
    outcome = pytester.runpytest_subprocess(
        *("-p", "no:cacheprovider", "-m", "latency", "--latency-no-floor", "--latency-target", "sagemaker", "--latency-image", "ranker:7"),
        *("--latency-role", role, "--latency-max-usd", "5", "--latency-cloudwatch-wait", "30"),
        timeout=300,
    )
    outcome.assert_outcomes(passed=1)
    outcome.stdout.re_match_lines([r"timed-.* \+ overhead 0\.3 \+ model 0\.8 \(CloudWatch, . min(, shared by 2 loads)?\)"])
    run = json.loads(next(pytester.path.glob("reports/runs/*/timed-*.json")).read_text())
    platform, cost = run["platform"], run["platform"]["cost"]
    assert platform["alone"] is True
    assert 0 < cost["usd"] < 0.1
    assert cost["since"] < run["provenance"]["started_at"] < cost["until"]
    warmed = run["provenance"]["warm_up"][0]["sent"]
    sent = platform["invocations"]["sent"] + (warmed if platform["minutes"]["shared_by_loads"] == 2 else 0)
    assert platform["notes"][0].startswith("CloudWatch counts ")
    assert f" we sent {sent}" in platform["notes"][0]
    assert all(each["EndpointName"] != run["provenance"]["endpoint"]["endpoint"] for each in aws.list_endpoints()["Endpoints"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--latency-target", "emulated", "--latency-cloudwatch-wait", "5"], "*is for targets existing and sagemaker*"),
        (["--latency-target", "existing", "--latency-max-rate", "60", "--latency-cloudwatch-wait", "-1"], "*0 for not asking*"),
    ],
)
def test_a_wait_that_cannot_be_meant_ends_the_session(pytester: pytest.Pytester, options: list[str], said: str) -> None:
    """Before anything is asked; exit code 4."""
    pytester.makepyfile(test_timed=SUITE)
    outcome = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-m", "latency", *options, timeout=300)
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines([said])
