"""The policies in examples/iam allow what each mode does, no more and no less: held against the calls that a proxy saw."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.faults.aws_proxy import ALL, Call, after, before, denied
from tests.faults.cells import MEASURING, complaints
from tests.faults.conftest import Stages

POLICIES = Path(__file__).parents[2] / "examples" / "iam"
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ranker:7"
LARGEST = 6144
"""Characters of a managed policy, white space not counted."""

ACTIONS: dict[str, set[str]] = {
    "sts.GetCallerIdentity": set(),  # needs no permission
    "sagemaker-runtime.InvokeEndpoint": {"sagemaker:InvokeEndpoint"},
    "sagemaker.CreateModel": {"sagemaker:CreateModel", "sagemaker:AddTags", "iam:PassRole"},
    "sagemaker.CreateEndpointConfig": {"sagemaker:CreateEndpointConfig", "sagemaker:AddTags"},
    "sagemaker.CreateEndpoint": {"sagemaker:CreateEndpoint", "sagemaker:AddTags"},
    "scheduler.CreateSchedule": {"scheduler:CreateSchedule", "iam:PassRole"},
    "ec2.CreateVpcEndpoint": {"ec2:CreateVpcEndpoint", "ec2:CreateTags"},
    "ec2.RunInstances": {"ec2:RunInstances", "ec2:CreateTags", "iam:PassRole"},
    "service-quotas.GetServiceQuota": {"servicequotas:GetServiceQuota"},
    "ec2.CreateSecurityGroup": {"ec2:CreateSecurityGroup", "ec2:CreateTags"},
    "s3.HeadObject": {"s3:GetObject"},
    "s3.HeadBucket": {"s3:ListBucket"},
    "s3.ListObjectsV2": {"s3:ListBucket"},
    "s3.ListObjectVersions": {"s3:ListBucketVersions"},
}
"""By call, what it takes where that is not the action of the call's own name (the Service Authorization Reference tells)."""


def needed(calls: Iterable[Call]) -> set[str]:
    """The actions that calls take."""
    return {action for call in calls for action in _takes(call)}


def _takes(call: Call) -> set[str]:
    if call.name == "s3.DeleteObject" and "versionId=" in call.request.target:
        return {"s3:DeleteObjectVersion"}
    if call.name == "s3.PutObject" and "x-amz-tagging" in call.request.headers:
        return {"s3:PutObject", "s3:PutObjectTagging"}
    if call.name == "s3.DeleteObjects":
        return {"s3:DeleteObjectVersion" if b"<VersionId>" in call.request.body else "s3:DeleteObject"}
    return ACTIONS.get(call.name, {call.name.replace(".", ":")})


def statements(policy: str) -> list[dict[str, Any]]:
    """A policy's statements."""
    read = json.loads((POLICIES / f"{policy}.json").read_text())
    assert read["Version"] == "2012-10-17"
    return list(read["Statement"])


def words(value: str | list[str]) -> list[str]:
    """One or several."""
    return [value] if isinstance(value, str) else value


def actions(policy: str) -> set[str]:
    """All that a policy allows."""
    assert all(each["Effect"] == "Allow" for each in statements(policy))
    return {action for each in statements(policy) for action in words(each["Action"])}


def resource_of(call: Call) -> str | None:
    """The ARN of what a call is about, as a policy's pattern has to match it; None where its action knows none, or ids alone."""
    if call.service.startswith("sagemaker"):
        body = json.loads(call.request.body) if call.service == "sagemaker" else {"EndpointName": call.request.target.split("/")[2]}
        for key, kind in (("EndpointName", "endpoint"), ("EndpointConfigName", "endpoint-config"), ("ModelName", "model")):
            if key in body and call.operation.endswith(("Endpoint", key.removesuffix("Name"))):
                return f"arn:aws:sagemaker:eu-west-1:123456789012:{kind}/{body[key]}"
        return body.get("ResourceArn")
    path = unquote(urlsplit(call.request.target).path).strip("/")
    if call.name == "s3.DeleteObjects":
        return f"arn:aws:s3:::{path}/{re.findall('<Key>(.*?)</Key>', call.request.body.decode())[0]}"
    if call.service == "s3":
        return f"arn:aws:s3:::{path}"
    if call.service == "scheduler" and path.startswith("schedules/"):
        return f"arn:aws:scheduler:eu-west-1:123456789012:schedule/default/{path.partition('/')[2]}"
    return None


def lets(policy: str, action: str, resource: str | None) -> bool:
    """Whether a statement has the action, and a pattern for the resource."""
    patterns = [pattern for each in statements(policy) if action in words(each["Action"]) for pattern in words(each["Resource"])]
    return bool(patterns) and (resource is None or any(fnmatchcase(resource, pattern) for pattern in patterns))


def matches(calls: Sequence[Call], policy: str) -> None:
    """Assert that a policy allows what calls take, on what they are about, no less and no more."""
    took, allowed = needed(calls), actions(policy)
    roles = {"iam:PassRole"}  # of which a policy names its own
    assert [
        (action, resource_of(call)) for call in calls for action in _takes(call) - roles if not lets(policy, action, resource_of(call))
    ] == []
    assert took - allowed == set(), "not allowed"
    assert allowed - took == set(), "allowed and not needed"


def test_whoever_deploys_is_allowed_what_a_session_does(stages: Stages) -> None:
    """One that measures with every part on, in a bucket that keeps versions; one with model data of its own; and a reaper."""
    calm, killed, own = stages(), stages(), stages()
    for stage in (calm, killed):
        stage.books.keep_versions()
    own.runtime = False
    calm.suite = MEASURING
    ended = calm.play()
    assert ended.code == 0, ended.said
    killed.proxy.harm("sagemaker.CreateEndpoint", after(killed.kill))
    assert not killed.play().left
    ended = own.play("--latency-image", IMAGE, "--latency-model-data", f"s3://{own.books.bucket}/models/production.tar.gz")
    assert ended.code == 0, ended.said
    matches([*calm.proxy.calls, *killed.proxy.calls, *own.proxy.calls], "sagemaker")


def test_whoever_sweeps_is_allowed_what_a_sweep_does(stages: Stages) -> None:
    """Of all that a session may leave."""
    stage = stages()
    stage.books.keep_versions()
    stage.proxy.harm("sagemaker.DescribeEndpoint", before(stage.power_off))
    assert stage.play().left
    stage.books.leave_hosts("a-session-with-hosts")
    stage.proxy.calls.clear()
    code, said = stage.sweep("--delete")
    assert code == 0, said
    matches(stage.proxy.calls, "sweep")


def test_whoever_measures_an_endpoint_in_service_is_allowed_that_and_nothing_else(stages: Stages) -> None:
    """Nothing of it creates, changes or deletes."""
    stage, private = stages(), stages()
    stage.suite = MEASURING
    private.runtime = False
    link = json.loads(private.before["vpc_endpoint production-ranker"])["id"]
    for each, options in ((stage, ()), (private, ("--latency-vpc-endpoint", link, "--latency-client-subnet", private.books.subnet))):
        ended = each.attach("production-ranker", *options)
        assert ended.code == 0, ended.said
    matches([*stage.proxy.calls, *private.proxy.calls], "existing")
    assert not [action for action in actions("existing") if not action.partition(":")[2].startswith(("Describe", "Get", "Invoke"))]


def test_what_is_optional_may_be_left_out(stages: Stages) -> None:
    """No dead-man, no look at the role, bundled prices, no figures of CloudWatch's: the session measures all the same, and says so."""
    stage = stages()
    stage.suite = MEASURING
    optional = ("scheduler.CreateSchedule", "iam.GetRole", "pricing.GetProducts", "cloudwatch.GetMetricData")
    faults = [stage.proxy.harm(name, denied, nth=ALL) for name in optional]
    ended = stage.play()
    assert ended.code == 0, ended.said
    assert complaints(stage, ended, *faults) == []
    for said in ("scheduler:CreateSchedule", "cloudwatch:GetMetricData", "indicative"):
        assert said in ended.said


def test_the_dead_man_may_do_what_its_schedule_says(stages: Stages) -> None:
    """And the scheduler alone may be it."""
    stage = stages()
    seen: list[Any] = []
    stage.proxy.harm("sagemaker.CreateEndpoint", after(lambda: seen.extend(stage.books.schedules())))
    stage.play()
    targets = {one["Target"]["Arn"].rpartition("aws-sdk:")[2] for one in seen}
    assert targets == {"sagemaker:deleteEndpoint"}
    assert {action.lower() for action in actions("dead-man-role")} == {target.lower() for target in targets}


@pytest.mark.parametrize(
    ("role", "service"), [("codebuild", "codebuild"), ("dead-man", "scheduler"), ("execution", "sagemaker"), ("host", "ec2")]
)
def test_a_role_trusts_its_service_alone(role: str, service: str) -> None:
    """On behalf of one account; but for EC2, which takes roles of an instance's own account alone, and names none."""
    (trust,) = statements(f"{role}-role-trust")
    assert trust["Principal"] == {"Service": f"{service}.amazonaws.com"}
    assert trust["Action"] == "sts:AssumeRole"
    expected = {} if service == "ec2" else {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert trust.get("Condition", {}) == expected


def everything() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each statement of each policy that is no trust."""
    for path in sorted(POLICIES.glob("*.json")):
        if not path.stem.endswith("-trust"):
            yield from ((path.stem, statement) for statement in statements(path.stem))


CHANGING = ("Create", "Delete", "Authorize", "AddTags", "RunInstances", "Terminate", "SendCommand")
OF_AWS = ("execution-role", "codebuild-role")
"""What AWS's documentation says that a container, and a build in a VPC, need."""

BESIDE = ("MakeItInTheVpc", "LaunchThemInTheVpc", "AsShellScriptsAlone", "TakeCommands")
"""Statements of what is there already, beside which something that carries our tags is named in the same call; and of a host's own
channels, which know no resource."""


def test_no_policy_is_wider_than_it_must_be() -> None:
    """No wild actions; what changes something is bound to our names or tags; roles are handed to one service each."""
    for policy, statement in everything():
        for action in words(statement["Action"]):
            verb = action.partition(":")[2]
            assert "*" not in action, (policy, action)
            condition = statement.get("Condition", {})
            if verb.startswith(CHANGING) and policy not in OF_AWS:
                named = all("tailgate" in resource for resource in words(statement["Resource"]))
                tagged = "tailgate:" in json.dumps(condition) or "ec2:CreateAction" in json.dumps(condition)
                assert named or tagged or statement.get("Sid") in BESIDE, (policy, action)
            if verb == "PassRole":
                assert len(words(condition["StringEquals"]["iam:PassedToService"])) == 1
                assert words(statement["Resource"]) == [statement["Resource"]]
                assert statement["Resource"].startswith("arn:aws:iam::123456789012:role/tailgate-")


def test_each_policy_is_small_enough_and_its_statements_are_named_apart() -> None:
    """As IAM takes them."""
    for path in sorted(POLICIES.glob("*.json")):
        assert len("".join(path.read_text().split())) <= LARGEST, path
        sids = [each["Sid"] for each in statements(path.stem) if "Sid" in each]
        assert len(sids) == len(set(sids))
        assert all(sid.isalnum() for sid in sids)
