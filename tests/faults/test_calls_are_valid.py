"""Each call that a session makes is as AWS's service models want it, in regions of each partition, and each answer can be parsed."""

from __future__ import annotations

import pytest

from tests.faults.cells import complaints
from tests.faults.conftest import Stages
from tests.faults.strict import calls_in, faults_of

REGIONS = ("us-east-1", "eu-central-1", "ap-northeast-1", "us-gov-west-1", "cn-north-1")
CREATED = {"CreateModel", "CreateEndpointConfig", "CreateEndpoint"}


@pytest.mark.parametrize("region", REGIONS)
def test_calls_are_valid(stages: Stages, region: str) -> None:
    """Beyond what botocore checks itself: patterns, lengths, enums. A session that deploys, and the sweep after it."""
    stage = stages(region)
    stage.history = stage.folder / "history"
    ended = stage.play("--latency-owner", "ann / team:search + 1 = x@y.z_-", "--latency-model-env", "A=1")
    assert ended.code == 0, ended.said
    assert complaints(stage, ended) == []
    assert stage.sweep("--delete")[0] == 0
    calls = list(calls_in(stage.history))
    assert {operation for _, operation, _ in calls} >= CREATED
    asked = {f"{service}.{operation}" for service, operation, _ in calls} - {"sagemaker-runtime.InvokeEndpoint"}  # whose url is found so
    assert asked == set(stage.proxy.names)
    assert [fault for call in calls for fault in faults_of(*call)] == []


def test_what_is_not_as_the_models_want_it_is_found() -> None:
    """So that the test above can fail: a pattern, a length, an enum, a member that does not exist, a type."""
    good = {"ModelName": "m", "ExecutionRoleArn": "arn:aws:iam::123456789012:role/r", "PrimaryContainer": {"Image": "i"}}
    assert faults_of("sagemaker", "CreateModel", good) == []
    for bad in (
        {"ModelName": "not_allowed"},
        {"ModelName": "m" * 64},
        {"PrimaryContainer": {"Image": "i", "Mode": "Odd"}},
        {"PrimaryContainer": {"Picture": "i"}},
        {"Tags": [{"Key": "k"}]},
        {"Tags": [{"Key": "k", "Value": "*"}]},
    ):
        assert faults_of("sagemaker", "CreateModel", good | bad) != [], bad
