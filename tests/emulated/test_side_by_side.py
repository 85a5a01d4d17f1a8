"""Endpoints of target sagemaker deploy side by side, while those that are there are measured: against the time that it takes at best."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import boto3
import pytest

from tailgate import Budget, Case, EndpointSpec, Poisson
from tailgate.child import Child
from tailgate.targets.deploying import Deploying
from tailgate.targets.prefetch import Prefetched
from tailgate.targets.sagemaker.target import SagemakerTarget
from tests.emulated.conftest import ACCESS_KEY, REGION, SECRET_KEY
from tests.emulated.test_sagemaker_target import IMAGE, ROLE, TRUST, ours

DEPLOY_S, MEASURE_S = 5.0, 1.0
SPECS = [EndpointSpec(f"ranker-{number}", instance_type="ml.m5.large") for number in range(10)]
CASES = [Case(spec, payload=b"[1]", load=Poisson(per_s=60, for_s=2, seed=7), budget=Budget.of("p90 <= 500ms")) for spec in SPECS]


@pytest.fixture
def slow_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A control plane whose endpoints take their time, and boto3's settings that lead to it. Its client."""
    child = Child("control plane", "tailgate.targets.emulated.control_plane")
    child.tell({"simulation": {"deploy_s": DEPLOY_S}})
    settings = {"AWS_ENDPOINT_URL": child.ready(60)["url"], "AWS_REGION": REGION}
    settings |= {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    session = boto3.Session()
    iam, sagemaker = (session.client(service, region_name=REGION) for service in ("iam", "sagemaker"))
    iam.create_role(RoleName="sagemaker-execution", AssumeRolePolicyDocument=json.dumps({"Statement": [TRUST]}))
    sagemaker.list_endpoints()  # moto loads what it knows of a service at its first request, which is no time of a deployment's
    yield sagemaker
    assert ours(sagemaker) == []
    for client in (iam, sagemaker):
        client.close()
    child.end(10)


def target_in(reports: Path) -> SagemakerTarget:
    """The target as the registry makes it."""
    return SagemakerTarget(Deploying(role_arn=ROLE, image=IMAGE), region=REGION, run_id="run-1", reports=reports)


def lasted_s(specs: list[EndpointSpec], cases: list[Case], reports: Path) -> float:
    """How long it takes to deploy them, to hold each for as long as it would be measured, and to see all of them gone."""
    target = target_in(reports)
    began_s = time.monotonic()
    with Prefetched(target) as prefetched:
        prefetched.examine(cases)
        prefetched.prefetch(specs)
        for spec in specs:
            with prefetched.open(spec) as endpoint:
                assert endpoint.name.startswith(f"tailgate-{spec.name}-")
                Event().wait(MEASURE_S)
            prefetched.let_go(spec)
    return time.monotonic() - began_s


@pytest.mark.alone
@pytest.mark.thorough
def test_ten_endpoints_take_hardly_longer_than_one_and_ten_measurements(slow_aws: Any, tmp_path: Path) -> None:
    """At best: one deployment, then ten measurements; deleting goes on beside them. The measure is the ratio to that."""
    assert slow_aws
    assert lasted_s(SPECS, CASES, tmp_path) <= 1.15 * (DEPLOY_S + len(SPECS) * MEASURE_S)


def test_what_is_planned_is_deployed_while_the_first_is_waited_for(slow_aws: Any, tmp_path: Path) -> None:
    """The same without a clock: once the first is there, the others have been begun."""
    with Prefetched(target_in(tmp_path)) as prefetched:
        prefetched.prefetch(SPECS[:3])
        with prefetched.open(SPECS[0]):
            assert len(slow_aws.list_endpoints()["Endpoints"]) == 3
