"""Whichever call of EC2's goes wrong: our interface endpoint and its group are gone in the end, and everybody else's are as they were."""

from __future__ import annotations

from contextlib import suppress

import pytest

from tailgate.aws.custody.removal import connect
from tailgate.aws.custody.resources import KINDS
from tailgate.aws.network.paths_of_session import Maker
from tailgate.errors import TargetError
from tests.emulated.vpc import NAME, PATIENCE, URL, Vpc, ec2_calls, left_in, maker, network_of, vpc, vpc_moto_url  # noqa: F401  # fixtures
from tests.faults.aws_proxy import AwsProxy, Harm, answer_lost, refused, unreachable

OPERATIONS = (
    "ec2.DescribeSubnets",
    "ec2.DescribeRouteTables",
    "ec2.DescribeVpcEndpoints",
    "ec2.CreateSecurityGroup",
    "ec2.AuthorizeSecurityGroupIngress",
    "ec2.CreateVpcEndpoint",
    "ec2.DeleteVpcEndpoints",
    "ec2.DescribeSecurityGroups",
    "ec2.DeleteSecurityGroup",
)
"""All that an undisturbed session calls, which a test holds."""

HARMS: dict[str, tuple[Harm, int]] = {
    "fails once": (refused(500), 1),
    "fails three times": (refused(500), 3),
    "is lost once": (answer_lost, 1),
    "is lost three times": (answer_lost, 3),
    "is throttled ten times": (refused(503, "RequestLimitExceeded", "Request limit exceeded."), 10),
    "finds nobody three times": (unreachable, 3),
}
"""What happens to the first calls of an operation, and to how many. botocore makes three attempts of each."""


def session(vpc: Vpc, maker: Maker) -> None:  # noqa: F811  # fixtures' names
    """What a session does, which tries once more to delete what it could not."""
    client = network_of(vpc)
    with suppress(TargetError):
        client.examine(["public", "privatelink"])
        client.begin(maker)
        client.paths(URL)
    try:
        client.close(PATIENCE)
    except TargetError:
        with suppress(TargetError):
            client.close(PATIENCE)


@pytest.fixture
def decoys(vpc: Vpc) -> tuple[str, str]:  # noqa: F811  # the same
    """A group with a name like ours, and an interface endpoint with our name and private DNS on, neither tagged as ours."""
    vpc.route_out()
    group = vpc.ec2.create_security_group(GroupName=f"{NAME}-2", Description="theirs", VpcId=vpc.id)["GroupId"]
    tags = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "Name", "Value": NAME}, {"Key": "tailgate:run", "Value": "run-1"}]}]
    made = vpc.ec2.create_vpc_endpoint(
        VpcEndpointType="Interface",
        ServiceName="com.amazonaws.eu-central-1.sagemaker.runtime",
        VpcId=vpc.id,
        SubnetIds=[vpc.subnets[0]],
        PrivateDnsEnabled=True,
        TagSpecifications=tags,
    )
    return group, made["VpcEndpoint"]["VpcEndpointId"]


def assert_as_it_was(vpc: Vpc, decoys: tuple[str, str]) -> None:  # noqa: F811  # the same
    group, link = decoys
    assert [each["VpcEndpointId"] for each in vpc.links()] == [link]
    assert [each["GroupId"] for each in vpc.groups()] == [group]


def test_an_undisturbed_session_calls_these_and_leaves_nothing(
    vpc: Vpc,  # noqa: F811  # the same
    ec2_calls: AwsProxy,  # noqa: F811  # the same
    maker: Maker,  # noqa: F811  # the same
    decoys: tuple[str, str],
) -> None:
    """So that no call is without its cells."""
    session(vpc, maker)
    assert set(ec2_calls.names) == set(OPERATIONS)
    assert left_in(maker) == []
    assert_as_it_was(vpc, decoys)


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_whichever_call_goes_wrong_nothing_of_ours_is_left(
    vpc: Vpc,  # noqa: F811  # the same
    ec2_calls: AwsProxy,  # noqa: F811  # the same
    maker: Maker,  # noqa: F811  # the same
    decoys: tuple[str, str],
    operation: str,
    harm: str,
) -> None:
    """By the session itself, or by what its ledger names, deleted kind by kind as reaper and sweep do."""
    what, times = HARMS[harm]
    fault = ec2_calls.harm(operation, what, range(1, times + 1))
    session(vpc, maker)
    assert fault.fired
    ec2_calls.faults.clear()
    left = {kind for kind, _ in left_in(maker)}
    for kind in [kind for kind in KINDS if kind in left]:
        KINDS[kind].delete(connect("eu-central-1"), NAME, PATIENCE)
    assert_as_it_was(vpc, decoys)
