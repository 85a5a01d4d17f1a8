"""Target sagemaker's network paths: its interface endpoint comes when a case asks for it, and goes at the end with all the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest

from tailgate import Budget, Case, EndpointSpec, Poisson
from tailgate.aws.custody.ledger import read_ledger
from tailgate.errors import TargetError
from tailgate.targets.deploying import Deploying
from tailgate.targets.prefetch import Prefetched
from tailgate.targets.sagemaker.target import SagemakerTarget
from tests.emulated.vpc import PRIVATE, REGION, Vpc
from tests.faults.aws_proxy import AwsProxy

SPEC = EndpointSpec("ranker", instance_type="ml.m5.large")
CASE = Case(SPEC, payload=b"[1]", load=Poisson(per_s=60, for_s=2, seed=7), budget=Budget.of("p90 <= 500ms"))
TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}


@pytest.fixture
def deploying(vpc: Vpc, ec2_calls: AwsProxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deploying]:
    """Of an image, from both of the VPC's subnets, which have a way out; the runtime keeps its own name."""
    for service in ("SAGEMAKER", "STS", "IAM", "S3", "SCHEDULER"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", ec2_calls.url)
    vpc.route_out()
    iam = boto3.Session().client("iam", region_name=REGION)
    role = iam.create_role(RoleName="execution", AssumeRolePolicyDocument=json.dumps({"Statement": [TRUST]}))["Role"]["Arn"]
    yield Deploying(role_arn=role, image="repository/ranker:7", client_subnets=vpc.subnets, patience_s=60.0)
    iam.delete_role(RoleName="execution")
    iam.close()


@pytest.fixture
def target(deploying: Deploying, tmp_path: Path) -> Iterator[SagemakerTarget]:
    """As the registry makes it."""
    target = SagemakerTarget(deploying, region=REGION, run_id="run-1", reports=tmp_path)
    yield target
    target.close()


def test_an_endpoint_has_an_address_for_each_path_that_is_asked_for(
    target: SagemakerTarget, vpc: Vpc, ec2_calls: AwsProxy, tmp_path: Path
) -> None:
    """Each in its record and the ledger; asked for late, it comes late; before that nobody looks for an interface endpoint."""
    with Prefetched(target) as shared:
        shared.examine([CASE])
        with shared.open(SPEC) as endpoint:
            assert set(endpoint.addresses) == {"public"}
            assert "no case that was planned asks for it" in endpoint.elsewhere["privatelink"]
        assert "ec2.DescribeVpcEndpoints" not in ec2_calls.names
        shared.examine([CASE.via("privatelink-other-zone")])
        with shared.open(SPEC) as endpoint:
            assert set(endpoint.addresses) == {"public", *PRIVATE}
            assert {path: address.network_path for path, address in endpoint.addresses.items()} == {
                path: path for path in endpoint.addresses
            }
            hosts = {urlsplit(address.url).hostname for address in endpoint.addresses.values()}
            assert len(hosts) == 4
            assert endpoint.provenance["public_route"] == "internet gateway"
            assert endpoint.provenance["interface_endpoint"] == vpc.links()[0]["VpcEndpointId"]
            assert vpc.links()[0]["VpcEndpointId"] in str(endpoint.addresses["privatelink"].url)
            kinds = {entry.kind for entry in read_ledger(next(tmp_path.rglob("*.jsonl"))).left}
            assert kinds == {"model", "endpoint_config", "endpoint", "security_group", "vpc_endpoint"}
    assert (vpc.links(), vpc.groups(), list(tmp_path.rglob("*.jsonl"))) == ([], [], [])


def test_a_plan_that_asks_for_it_has_it_from_the_first(target: SagemakerTarget, vpc: Vpc, ec2_calls: AwsProxy) -> None:
    """It is asked for before the endpoint is, so that both come about side by side."""
    target.examine([CASE.via("privatelink")])
    with target.open(SPEC) as endpoint:
        assert "privatelink" in endpoint.addresses
    names = ec2_calls.names
    assert names.index("ec2.CreateVpcEndpoint") < names.index("sagemaker.CreateEndpoint")
    target.close()
    assert vpc.links() == []
    assert ec2_calls.names.index("ec2.DeleteVpcEndpoints") > ec2_calls.names.index("sagemaker.DeleteEndpoint")


def test_a_vpc_that_is_not_known_is_told_before_anything_is_created(deploying: Deploying, ec2_calls: AwsProxy, tmp_path: Path) -> None:
    """Of a host that is no instance, and whose subnet nobody names."""
    nowhere = Deploying(role_arn=deploying.role_arn, image=deploying.image)
    target = SagemakerTarget(nowhere, region=REGION, run_id="run-1", reports=tmp_path)
    with pytest.raises(TargetError, match=r"in which VPC this host is, is not known.*--latency-client-subnet"):
        target.examine([CASE, CASE.via("privatelink")])
    target.close()
    assert not [name for name in ec2_calls.names if "Create" in name and name != "iam.CreateRole"]
