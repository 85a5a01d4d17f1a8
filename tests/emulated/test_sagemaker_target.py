"""Target sagemaker against a control plane and a data plane that run as processes of their own, by an unmodified boto3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from tailgate import Budget, Case, EndpointSpec, Poisson
from tailgate.aws.custody.ledger import read_ledger
from tailgate.errors import PlanError, TargetError
from tailgate.targets.deploying import Deploying
from tailgate.targets.sagemaker.target import SagemakerTarget
from tests.emulated.conftest import ACCESS_KEY, REGION, SECRET_KEY, lead_boto3
from tests.suites import RANKER

ACCOUNT = "123456789012"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/ranker:7"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/sagemaker-execution"
TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
SPEC = EndpointSpec("ranker", instance_type="ml.m5.large", instance_count=2, routing="LEAST_OUTSTANDING_REQUESTS")
CASE = Case(SPEC, payload=b"[1]", load=Poisson(per_s=60, for_s=2, seed=7), budget=Budget.of("p90 <= 500ms"))
DEPLOYING = Deploying(role_arn=ROLE, image=IMAGE, environment={"MODEL_SECRET": "hush"})
OPTIONS = ("--latency-target", "sagemaker", "--latency-role", ROLE, "--latency-image", IMAGE, "--latency-max-usd", "5")
OPTIONS += ("--latency-cloudwatch-wait", "0")  # moto's has no figures of what the data plane answers

SUITE = RANKER.replace("ml.m5.large", "ml.t2.medium")  # a burstable type


@pytest.fixture
def aws(moto: Any, data_plane: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """boto3's own settings lead to the two processes, here and in the generator; the role exists. The control plane's client."""
    lead_boto3(moto.url, data_plane, monkeypatch)
    iam = boto3.Session().client("iam", region_name=REGION)
    iam.create_role(RoleName="sagemaker-execution", AssumeRolePolicyDocument=json.dumps({"Statement": [TRUST]}))
    yield moto.sagemaker
    iam.delete_role(RoleName="sagemaker-execution")
    iam.close()
    assert ours(moto.sagemaker) == []


def ours(client: Any) -> list[str]:
    """All that is named as ours."""
    names = [each["EndpointName"] for each in client.list_endpoints()["Endpoints"]]
    names += [each["EndpointConfigName"] for each in client.list_endpoint_configs()["EndpointConfigs"]]
    names += [each["ModelName"] for each in client.list_models()["Models"]]
    return [name for name in names if name.startswith("tailgate-")]


@pytest.fixture
def target(aws: Any, tmp_path: Path) -> Iterator[SagemakerTarget]:
    """The target as the registry makes it. What it leaves nothing of, its ledger does not tell of either."""
    assert aws
    target = SagemakerTarget(DEPLOYING, region=REGION, run_id="run-1", reports=tmp_path)
    yield target
    target.close()
    assert list(tmp_path.rglob("*.jsonl")) == []


def test_a_suite_deploys_measures_and_leaves_nothing(aws: Any, pytester: pytest.Pytester) -> None:
    """One option more than for the emulation; the record says what was deployed, and no account; a burstable type is told."""
    pytester.makepyfile(test_ranker=SUITE)
    outcome = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-m", "latency", "--latency-no-floor", *OPTIONS, timeout=300)
    outcome.assert_outcomes(passed=1)
    run = json.loads(next(pytester.path.glob("reports/runs/*/ranker-*.json")).read_text())
    assert run["provenance"]["target"] == "sagemaker"
    facts = run["provenance"]["endpoint"]
    assert (facts["instance_type"], facts["instance_count"], facts["image"]) == ("ml.t2.medium", "1", "ranker:7")
    assert "burst regime" in run["verdict"]["explanation"]
    assert ACCOUNT not in json.dumps(run)
    assert "emulated" not in outcome.stdout.str()
    assert ours(aws) == []


def test_what_is_deployed_is_what_was_said(target: SagemakerTarget, aws: Any, tmp_path: Path) -> None:
    """Image, environment, instances, routing, the caller as owner; afterwards nothing is there."""
    with target.open(SPEC) as endpoint:
        model = aws.describe_model(ModelName=endpoint.name)
        assert model["PrimaryContainer"]["Image"] == IMAGE
        assert model["PrimaryContainer"]["Environment"] == {"MODEL_SECRET": "hush"}
        assert not model.get("VpcConfig", {}).get("Subnets")
        variant = aws.describe_endpoint_config(EndpointConfigName=endpoint.name)["ProductionVariants"][0]
        assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.m5.large", 2)
        arn = aws.describe_endpoint(EndpointName=endpoint.name)["EndpointArn"]
        assert {entry.name for entry in read_ledger(next(tmp_path.rglob("*.jsonl"))).left} == {endpoint.name}
        tags = {tag["Key"]: tag["Value"] for tag in aws.list_tags(ResourceArn=arn)["Tags"]}
        assert set(tags) == {"tailgate:run", "tailgate:owner", "tailgate:expires-at"}
        assert tags["tailgate:run"] == "run-1"
        assert "hush" not in str(endpoint)
        assert target.changes(endpoint) == ()
    assert ours(aws) == []


def test_a_container_in_a_vpc_is_in_it(aws: Any, tmp_path: Path) -> None:
    """By its subnets and security groups."""
    deploying = replace(DEPLOYING, model_subnets=("subnet-0123abcd",), model_security_groups=("sg-0123abcd",))
    target = SagemakerTarget(deploying, region=REGION, run_id="run-1", reports=tmp_path)
    with target.open(SPEC) as endpoint:
        config = aws.describe_model(ModelName=endpoint.name)["VpcConfig"]
    target.close()
    assert config == {"Subnets": ["subnet-0123abcd"], "SecurityGroupIds": ["sg-0123abcd"]}


def test_an_endpoint_that_is_changed_meanwhile_is_told(target: SagemakerTarget, aws: Any) -> None:
    """Autoscaling by somebody's rule, for instance: the run is of no one deployment."""
    with target.open(SPEC) as endpoint:
        wish = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 4}]
        aws.update_endpoint_weights_and_capacities(EndpointName=endpoint.name, DesiredWeightsAndCapacities=wish)
        assert "was changed since it came into service" in target.changes(endpoint)[0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"account": "999999999999"}, "are of account 123456789012, and --latency-allow-account allows 999999999999 alone"),
        ({"role_arn": None}, "--latency-role"),
        ({"role_arn": "arn:aws:iam::999999999999:role/r"}, "is a role of account 999999999999"),
        ({"role_arn": f"arn:aws:iam::{ACCOUNT}:role/nobodys"}, "there is no such role"),
        ({"image": "https://hub/ranker"}, "--latency-image"),
    ],
)
def test_what_cannot_come_about_is_refused_before_anything_is_created(aws: Any, changes: dict[str, Any], said: str) -> None:
    """The account, the role, the model."""
    target = SagemakerTarget(replace(DEPLOYING, **changes), region=REGION, run_id="run-1")
    with pytest.raises(PlanError, match=said):
        target.examine([CASE])
    assert ours(aws) == []


def test_without_credentials_the_session_ends_with_exit_code_4(
    aws: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Known before tests run; the sentence says where credentials may come from."""
    assert aws
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(pytester.path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    pytester.makepyfile(test_ranker=SUITE)
    outcome = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-m", "latency", *OPTIONS, timeout=300)
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines(["*no AWS credentials were found; set AWS_PROFILE*"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)


@pytest.mark.parametrize("left_out", ["--latency-role", "--latency-max-usd"])
def test_what_must_be_said_is_asked_for_with_exit_code_4(aws: Any, pytester: pytest.Pytester, left_out: str) -> None:
    """A role, and a ceiling."""
    assert aws
    given = [word for pair in zip(OPTIONS[::2], OPTIONS[1::2], strict=True) if pair[0] != left_out for word in pair]
    pytester.makepyfile(test_ranker=SUITE)
    outcome = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-m", "latency", *given, timeout=300)
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines([f"*{left_out}*"])


def test_a_control_plane_that_cannot_be_reached_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what may be wrong."""
    for name, value in {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "b"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(TargetError, match=r"127\.0\.0\.1:9.*AWS_ENDPOINT_URL"):
        SagemakerTarget(DEPLOYING, region=REGION, run_id="run-1").examine([CASE])
