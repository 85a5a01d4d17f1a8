"""Which model target sagemaker deploys: the shipped one, the plan's, the options'. moto and the data plane are processes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from tailgate import Budget, Case, EndpointSpec, Poisson
from tailgate.errors import PlanError, TargetError
from tailgate.plan.models import Model
from tailgate.targets.deploying import Deploying
from tailgate.targets.sagemaker.model.packaging import constant_archive
from tailgate.targets.sagemaker.target import SagemakerTarget
from tests.emulated.conftest import REGION, lead_boto3

ACCOUNT = "123456789012"
BUCKET = f"sagemaker-{REGION}-{ACCOUNT}"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/ranker:7"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/sagemaker-models"
OPTIONS = ("-p", "no:cacheprovider", "-m", "latency", "--latency-no-floor", "--latency-target", "sagemaker", "--latency-role", ROLE)
CEILING = ("--latency-max-usd", "5", "--latency-cloudwatch-wait", "0")  # moto has no figures of what the data plane answers

PLAN = f"""
[defaults]
payload = "body.json"
instance_types = ["ml.m5.large"]
load = {{ arrival = "poisson", per_s = 60, for_s = 3, warmup_s = 0.5, seed = 7 }}
budget = ["p90 <= 500ms"]

[[experiment]]
name = "floor"
endpoint = "dummy"

[[experiment]]
name = "ranker"
endpoint = "ranker"
model = "ranker-7"

[models.ranker-7]
image = "{IMAGE}"
model_data = "ranker.tar.gz"
environment = {{ WORKERS = "hush-1" }}
environment_from = ["RANKER_TOKEN"]
"""

SUITE = """
import pytest

@pytest.mark.latency
@pytest.mark.planned("floor", "ranker")
def test_endpoint(measure, case):
    run = measure(case)
    assert run.verdict, run.verdict.explain()
"""


@pytest.fixture
def s3(moto: Any, data_plane: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """boto3's own settings lead to the two processes; role and bucket are there, and the bucket is empty afterwards."""
    lead_boto3(moto.url, data_plane, monkeypatch)
    iam, s3 = (boto3.Session(region_name=REGION).client(service) for service in ("iam", "s3"))
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="sagemaker-models", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    yield s3
    iam.delete_role(RoleName="sagemaker-models")
    left = keys(s3)
    s3.delete_bucket(Bucket=BUCKET)
    for client in (iam, s3):
        client.close()
    assert left == []
    assert [name for name in models(moto.sagemaker) if name.startswith("tailgate-")] == []


def keys(s3: Any) -> list[str]:
    return [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]


def models(client: Any) -> list[str]:
    return [each["ModelName"] for each in client.list_models()["Models"]]


@pytest.mark.thorough
def test_a_plan_measures_the_shipped_model_beside_one_of_the_users_own(
    s3: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both archives are uploaded and gone afterwards, from the ledger too; what is on disk names no account and shows no value."""
    assert s3
    monkeypatch.setenv("RANKER_TOKEN", "hush-2")
    (pytester.path / "plan.toml").write_text(PLAN)
    (pytester.path / "body.json").write_text("{}")
    (pytester.path / "ranker.tar.gz").write_bytes(b"weights")
    pytester.makepyfile(test_ranker=SUITE)
    outcome = pytester.runpytest_subprocess(*OPTIONS, *CEILING, "--latency-plan", "plan.toml", timeout=300)
    outcome.assert_outcomes(passed=2)
    facts = {
        path.name.split("-")[0]: json.loads(path.read_text())["provenance"]["endpoint"]
        for path in pytester.path.glob("reports/runs/*/*.json")
    }
    assert facts["floor"]["image"].startswith("sagemaker-scikit-learn:")
    assert (facts["ranker"]["image"], facts["ranker"]["model_environment"]) == ("ranker:7", "RANKER_TOKEN, WORKERS")
    assert facts["ranker"]["model_data"].startswith(f"s3://sagemaker-{REGION}-ACCOUNT/tailgate/")
    assert list(pytester.path.rglob("*.jsonl")) == [], "the ledger is settled"
    written = "".join(path.read_text(errors="replace") for path in (pytester.path / "reports").rglob("*") if path.is_file())
    for private in (ACCOUNT, "hush-1", "hush-2"):
        assert private not in written
        assert private not in outcome.stdout.str() + outcome.stderr.str()


@pytest.mark.parametrize(
    ("plan", "options", "said"),
    [
        (PLAN.replace("[models.ranker-7]", "[models.ranker-8]"), CEILING, "*nobody says what model 'ranker-7' is; *--latency-image*"),
        (PLAN.split('[[experiment]]\nname = "ranker"')[0], (*CEILING, "--latency-bucket", "nobodys-bucket"), "*aws s3api create-bucket*"),
        (PLAN.split('[[experiment]]\nname = "ranker"')[0], (*CEILING, "--latency-region", "mx-central-1"), "*--latency-image*"),
    ],
)
def test_what_cannot_be_deployed_ends_the_session_with_exit_code_4(
    s3: Any, moto: Any, pytester: pytest.Pytester, plan: str, options: tuple[str, ...], said: str
) -> None:
    """Before anything is created: neither a model nor an object."""
    (pytester.path / "plan.toml").write_text(plan)
    (pytester.path / "body.json").write_text("{}")
    pytester.makepyfile(test_ranker=SUITE.replace(', "ranker"', "") if 'name = "ranker"' not in plan else SUITE)
    before = models(moto.sagemaker)
    outcome = pytester.runpytest_subprocess(*OPTIONS, *options, "--latency-plan", "plan.toml", timeout=300)
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines([said])
    assert (keys(s3), models(moto.sagemaker)) == ([], before)


def test_the_shipped_model_is_in_its_containers_hands(s3: Any, moto: Any, tmp_path: Path) -> None:
    """While an endpoint is there, so is the object, for instances that are replaced; it goes with the target, once for all endpoints."""
    target = SagemakerTarget(Deploying(role_arn=ROLE, owner="ann"), region=REGION, run_id="run-1", reports=tmp_path)
    began_at = datetime.now(UTC)
    with target.open(EndpointSpec("one")) as one, target.open(EndpointSpec("two")) as two:
        containers = [moto.sagemaker.describe_model(ModelName=endpoint.name)["PrimaryContainer"] for endpoint in (one, two)]
        assert containers[0]["ModelDataUrl"] == containers[1]["ModelDataUrl"]
        (key,) = keys(s3)
        assert containers[0]["ModelDataUrl"] == f"s3://{BUCKET}/{key}"
        assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == constant_archive()
        tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"]}
        assert (tags["tailgate:run"], tags["tailgate:owner"]) == ("run-1", "ann")
        assert datetime.fromisoformat(tags["tailgate:expires-at"]) > began_at + timedelta(hours=1)
    assert keys(s3) == [key]
    target.close()
    assert keys(s3) == []


def test_a_case_made_in_a_tests_body_is_refused_where_its_model_is_nobodys(s3: Any, moto: Any, tmp_path: Path) -> None:
    """One image cannot be two models; what was asked before goes on, and what the plan describes too."""
    deploying = Deploying(role_arn=ROLE, image=IMAGE, models={"described": Model(IMAGE)})
    target = SagemakerTarget(deploying, region=REGION, run_id="run-1", reports=tmp_path)
    before = models(moto.sagemaker)
    for model in ("ranker-7", "described", "ranker-7"):
        with target.open(EndpointSpec("ranker", model=model)):
            pass
    with pytest.raises(PlanError, match="the cases name 2 models that the plan does not describe: other, ranker-7"):
        target.open(EndpointSpec("ranker", model="other")).__enter__()
    with target.open(EndpointSpec("ranker", model="ranker-7")):
        pass
    target.close()
    assert (keys(s3), models(moto.sagemaker)) == ([], before)


def test_an_upload_that_may_not_be_leaves_nothing(s3: Any, moto: Any, tmp_path: Path) -> None:
    """A bucket that is gone since it was looked at: no model is created, and the ledger is settled."""
    target = SagemakerTarget(Deploying(role_arn=ROLE, bucket="gone-meanwhile"), region=REGION, run_id="run-1", reports=tmp_path)
    s3.create_bucket(Bucket="gone-meanwhile", CreateBucketConfiguration={"LocationConstraint": REGION})
    case = Case(EndpointSpec("one"), payload=b"[1]", load=Poisson(per_s=60, for_s=2, seed=7), budget=Budget.of("p90 <= 500ms"))
    target.examine([case])
    s3.delete_bucket(Bucket="gone-meanwhile")
    before = models(moto.sagemaker)
    with pytest.raises(TargetError, match="there is no bucket gone-meanwhile"):
        target.open(EndpointSpec("one")).__enter__()
    target.close()
    assert models(moto.sagemaker) == before
    assert list(tmp_path.rglob("*.jsonl")) == []
