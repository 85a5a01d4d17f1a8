"""Hosts that cannot be had are refused before anything is launched, each with a sentence: asked of moto by an unmodified boto3."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tailgate import Budget, Case, ConstantRate, EndpointSpec
from tailgate.errors import CapacityError, PlanError, TargetError
from tailgate.targets.emulated.emulation import EmulatedTarget
from tests.emulated.ec2_hosts import REGION, Ec2Account, ec2_account
from tests.faults.aws_calls import Answer
from tests.faults.aws_proxy import ALL, refused

CASE = Case(EndpointSpec("ranker"), payload=b"{}", load=ConstantRate(per_s=10, for_s=3), budget=Budget.of("p50 <= 1s"))
MUTATING = ("Run", "Create", "Put", "Send", "Authorize", "Terminate", "Delete")


@pytest.fixture(scope="module")
def target() -> Iterator[EmulatedTarget]:
    with EmulatedTarget(region=REGION) as target:
        yield target


@pytest.fixture
def aws(target: EmulatedTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ec2Account]:
    """Nothing in it is changed by any of these tests."""
    with ec2_account(target, tmp_path, monkeypatch) as account:
        yield account
        assert [call.name for call in account.proxy.calls if call.operation.startswith(MUTATING)] == []


def refusal(aws: Ec2Account, kind: type[Exception] = TargetError, **asked: Any) -> str:
    """What is said."""
    with pytest.raises(kind) as caught:
        aws.hosts(**asked).examine([CASE])
    return str(caught.value)


def answering(asked: dict[str, Any] | list[Any], to: Callable[[Any], bool] = lambda _: True) -> Any:
    """A harm: this, in JSON."""
    body = json.dumps(asked).encode()
    return lambda request, _call, forward: (
        Answer(200, {"content-type": "application/x-amz-json-1.1"}, body) if to(request) else forward(request)
    )


def subnets(aws: Ec2Account) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = aws.client("ec2").describe_subnets()["Subnets"]
    return found


def test_what_is_there_is_found_with_its_image_and_its_way_out(aws: Ec2Account) -> None:
    """By the default VPC's first zone that has the type; an internet gateway needs a public address. What could not be asked is noted."""
    hosts = aws.hosts(instance_type="c7g.large", count=2)
    hosts.examine([CASE])
    site = hosts.site
    assert site is not None
    parameter = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
    assert site.image.id == aws.client("ssm").get_parameter(Name=parameter)["Parameter"]["Value"]
    assert (site.architecture, site.vcpus, site.count, site.public, site.image.root) == ("arm64", 2, 2, True, "/dev/xvda")
    assert site.subnet.id == min(subnets(aws), key=lambda each: each["AvailabilityZone"])["SubnetId"]
    assert len(site.notes) == 2
    calls = len(aws.proxy.calls)
    hosts.examine([CASE])
    assert len(aws.proxy.calls) == calls, "what is known is not asked again"


def test_a_zone_is_known_by_its_id_too(aws: Ec2Account) -> None:
    """Its default subnet is taken."""
    (wanted,) = [each for each in subnets(aws) if each["AvailabilityZoneId"] == "euw1-az2"]
    hosts = aws.hosts(zone="euw1-az2")
    hosts.examine([CASE])
    assert hosts.site is not None
    assert hosts.site.subnet.id == wanted["SubnetId"]


def test_what_is_absent_is_named(aws: Ec2Account) -> None:
    """Subnet, zone, type, image, bucket, profile; each with the option that names it."""
    assert "no subnet subnet-0123456789abcdef0 in eu-west-1" in refusal(aws, subnet="subnet-0123456789abcdef0")
    assert "no subnet in zone eu-west-1f" in refusal(aws, zone="eu-west-1f")
    assert "no instance type m5.3xlarge" in refusal(aws, PlanError, instance_type="m5.3xlarge")
    assert "no image ami-0123456789abcdef0" in refusal(aws, image="ami-0123456789abcdef0")
    assert "--latency-host-bucket" in refusal(aws, bucket="there-is-no-such-bucket")
    assert "no instance profile nobodys" in refusal(aws, instance_profile="nobodys")
    assert "name one: --latency-host-profile" in refusal(aws, PlanError, instance_profile=None)


def test_a_zone_without_the_type_is_refused_with_those_that_have_it(aws: Ec2Account) -> None:
    """Both where a zone was named and where its subnet was."""
    ec2 = aws.client("ec2")
    wanted = [{"Name": "instance-type", "Values": ["p4d.24xlarge"]}]
    has = ec2.describe_instance_type_offerings(LocationType="availability-zone", Filters=wanted)["InstanceTypeOfferings"]
    zones = {each["Location"] for each in has}
    without = next(each for each in subnets(aws) if each["AvailabilityZone"] not in zones)
    for where in ({"zone": without["AvailabilityZone"]}, {"subnet": without["SubnetId"]}):
        said = refusal(aws, instance_type="p4d.24xlarge", **where)
        assert f"launch in {', '.join(sorted(zones))}, which have it" in said


def test_a_profile_without_a_role_and_one_whose_role_lacks_a_permission(aws: Ec2Account) -> None:
    """The action is named where AWS may be asked what the role is permitted."""
    aws.client("iam").create_instance_profile(InstanceProfileName="bare")
    assert "has no role" in refusal(aws, instance_profile="bare")
    results = "".join(
        f"<member><EvalActionName>{action}</EvalActionName><EvalDecision>{decision}</EvalDecision></member>"
        for action, decision in (("s3:GetObject", "allowed"), ("s3:PutObject", "implicitDeny"))
    )
    told = f"<SimulatePrincipalPolicyResult><EvaluationResults>{results}</EvaluationResults></SimulatePrincipalPolicyResult>"
    answer = Answer(
        200, {"content-type": "text/xml"}, f"<SimulatePrincipalPolicyResponse>{told}</SimulatePrincipalPolicyResponse>".encode()
    )
    aws.proxy.harm("iam.SimulatePrincipalPolicy", lambda *_: answer, ALL)
    said = refusal(aws)
    assert "tailgate-emulated-hosts, is not permitted s3:PutObject" in said


def test_a_private_subnet_needs_vpc_endpoints_which_are_named(aws: Ec2Account) -> None:
    """Those that are there do not count as missing; the public path needs the runtime's as well."""
    ec2 = aws.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.9.0.0/24", AvailabilityZone=f"{REGION}a")["Subnet"]["SubnetId"]
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["RouteTables"]
    said = refusal(aws, subnet=subnet)
    assert f"{subnet} has no way to the internet (route table {table['RouteTableId']})" in said
    assert "ssm, ssmmessages, s3, sagemaker.runtime" in said
    of = {"VpcId": vpc_id, "SubnetIds": [subnet], "VpcEndpointType": "Interface"}
    for service in ("ssm", "ssmmessages"):
        ec2.create_vpc_endpoint(**of, ServiceName=f"com.amazonaws.{REGION}.{service}", PrivateDnsEnabled=True)
    assert "endpoints: s3, sagemaker.runtime;" in refusal(aws, subnet=subnet)
    gateway = {"VpcId": vpc_id, "VpcEndpointType": "Gateway", "RouteTableIds": [table["RouteTableId"]]}
    ec2.create_vpc_endpoint(**gateway, ServiceName=f"com.amazonaws.{REGION}.s3")
    assert "endpoints: sagemaker.runtime;" in refusal(aws, subnet=subnet)
    hosts = aws.hosts(subnet=subnet)
    hosts.examine([CASE.via("privatelink")])
    assert hosts.site is not None
    assert not hosts.site.public


def test_several_subnets_of_a_zone_are_not_chosen_among(aws: Ec2Account) -> None:
    """Unless one is its default."""
    ec2 = aws.client("ec2")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    default = next(each for each in subnets(aws) if each["AvailabilityZone"] == f"{REGION}c" and each["DefaultForAz"])
    made = ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="172.31.128.0/24", AvailabilityZone=f"{REGION}c")["Subnet"]["SubnetId"]
    hosts = aws.hosts(zone=f"{REGION}c")
    hosts.examine([CASE])
    assert hosts.site is not None
    assert hosts.site.subnet.id == default["SubnetId"]
    ec2.delete_subnet(SubnetId=default["SubnetId"])
    other = ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="172.31.129.0/24", AvailabilityZone=f"{REGION}c")["Subnet"]["SubnetId"]
    said = refusal(aws, PlanError, zone=f"{REGION}c")
    assert made in said
    assert other in said


def test_a_quota_that_cannot_hold_the_hosts_is_capacity(aws: Ec2Account) -> None:
    """A case is skipped for it, and does not fail."""
    aws.proxy.harm("service-quotas.GetServiceQuota", answering({"Quota": {"QuotaCode": "L-1216C47A", "Value": 5.0}}), ALL)
    said = refusal(aws, CapacityError, instance_type="m5.large", count=3)
    assert "3 × m5.large have 6 vCPUs, and this account may have 5" in said


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("ec2.DescribeInstanceTypes", "ec2:DescribeInstanceTypes"),
        ("ec2.DescribeSubnets", "ec2:DescribeSubnets"),
        ("iam.GetInstanceProfile", "iam:GetInstanceProfile"),
        ("ssm.GetParameter", "ssm:GetParameter"),
    ],
)
def test_what_the_caller_may_not_ask_is_named(aws: Ec2Account, operation: str, action: str) -> None:
    """The action to add to its policy."""
    code = "UnauthorizedOperation" if operation.startswith("ec2") else "AccessDenied"
    aws.proxy.harm(operation, refused(403, code, "no"), ALL)
    assert f"do not permit {action}" in refusal(aws)
