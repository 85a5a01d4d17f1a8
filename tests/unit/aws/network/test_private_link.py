"""PrivateLink: reading an interface endpoint's names, finding the right one, creating it when there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tailgate.aws.network.private_link import (
    create_private_link,
    ensure_private_link,
    find_named,
    find_private_link,
    read_private_link,
    service_name,
    wait_available,
)
from tailgate.aws.waiting import Patience
from tailgate.errors import TargetError

REGION, DOMAIN = "us-east-1", "runtime.sagemaker.us-east-1.vpce.amazonaws.com"
AT_ONCE = Patience(interval_s=0.0, timeout_s=60.0)
FILTERS = [
    {"Name": "service-name", "Values": ["com.amazonaws.us-east-1.sagemaker.runtime"]},
    {"Name": "vpc-id", "Values": ["vpc-1"]},
    {"Name": "vpc-endpoint-type", "Values": ["Interface"]},
]


def described(link_id: str = "vpce-0a", state: str = "available", private: bool = False) -> dict[str, Any]:
    hosts = [f"{link_id}-29p5708s", f"{link_id}-29p5708s-us-east-1b", f"{link_id}-29p5708s-us-east-1a"]
    names = [f"{host}.{DOMAIN}" for host in hosts] + ["runtime.sagemaker.us-east-1.amazonaws.com"] * private
    entries = [{"DnsName": name, "HostedZoneId": "Z1"} for name in names]
    return {"VpcEndpointId": link_id, "State": state, "PrivateDnsEnabled": private, "DnsEntries": entries}


@pytest.fixture
def stubbed() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client("ec2", region_name=REGION, aws_access_key_id="A", aws_secret_access_key="b")
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def test_names_are_read_into_regional_and_zonal() -> None:
    """Whatever the order; the private name is neither."""
    entries = described(private=True)["DnsEntries"]
    link = read_private_link({"VpcEndpointId": "vpce-0a", "DnsEntries": entries[::-1]})
    assert link.regional == f"vpce-0a-29p5708s.{DOMAIN}"
    assert link.zonal == {"us-east-1a": f"vpce-0a-29p5708s-us-east-1a.{DOMAIN}", "us-east-1b": f"vpce-0a-29p5708s-us-east-1b.{DOMAIN}"}
    assert link.names == (link.regional, *link.zonal.values())


@pytest.mark.parametrize(
    ("region", "plain"),
    [
        ("us-east-1", "com.amazonaws.us-east-1.sagemaker.runtime"),
        ("eu-central-1", "com.amazonaws.eu-central-1.sagemaker.runtime"),
        ("ap-northeast-1", "com.amazonaws.ap-northeast-1.sagemaker.runtime"),
        ("us-gov-west-1", "com.amazonaws.us-gov-west-1.sagemaker.runtime"),
        ("cn-north-1", "cn.com.amazonaws.cn-north-1.sagemaker.runtime"),
    ],
)
def test_the_service_is_called_as_its_partition_calls_it(region: str, plain: str) -> None:
    """China's names begin otherwise; FIPS has a service of its own."""
    assert (service_name(region), service_name(region, fips=True)) == (plain, f"{plain}-fips")


def test_an_endpoint_without_names_is_an_error() -> None:
    """One that was just created may have none yet."""
    with pytest.raises(TargetError, match="vpce-0a has no DNS names yet"):
        read_private_link({"VpcEndpointId": "vpce-0a"})


def test_one_with_private_dns_or_on_its_way_out_is_passed_over(stubbed: tuple[Any, Stubber]) -> None:
    """With private DNS the public name leads to the private path inside the VPC: both paths would be one."""
    client, stubber = stubbed
    found = [described("vpce-0a", private=True), described("vpce-0b", state="deleting"), described("vpce-0c", state="pending")]
    stubber.add_response("describe_vpc_endpoints", {"VpcEndpoints": found}, {"Filters": FILTERS})
    assert find_private_link(client, REGION, "vpc-1") == found[2]


def test_an_existing_one_is_used(stubbed: tuple[Any, Stubber]) -> None:
    """Nothing is created, and nothing of another's is tagged."""
    client, stubber = stubbed
    stubber.add_response("describe_vpc_endpoints", {"VpcEndpoints": [described()]}, {"Filters": FILTERS})
    stubber.add_response("describe_vpc_endpoints", {"VpcEndpoints": [described()]}, {"VpcEndpointIds": ["vpce-0a"]})
    assert ensure_private_link(client, REGION, "vpc-1", ["subnet-1"], patience=AT_ONCE).id == "vpce-0a"


def test_one_that_another_session_of_ours_made_is_passed_over(stubbed: tuple[Any, Stubber]) -> None:
    """It may go at any time."""
    client, stubber = stubbed
    theirs = described() | {"Tags": [{"Key": "tailgate:run", "Value": "another"}]}
    stubber.add_response("describe_vpc_endpoints", {"VpcEndpoints": [theirs]}, {"Filters": FILTERS})
    assert find_private_link(client, REGION, "vpc-1") is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ServiceName": "com.amazonaws.us-east-1.sagemaker.api"}, "leads to com.amazonaws.us-east-1.sagemaker.api"),
        ({"State": "rejected"}, "is rejected; it has to be available"),
    ],
)
def test_one_that_was_named_has_to_be_the_runtimes_and_there(stubbed: tuple[Any, Stubber], changes: dict[str, str], said: str) -> None:
    """Else each request would go astray."""
    client, stubber = stubbed
    found = described() | {"ServiceName": "com.amazonaws.us-east-1.sagemaker.runtime"}
    for answer in (found, found | changes):
        stubber.add_response("describe_vpc_endpoints", {"VpcEndpoints": [answer]}, {"VpcEndpointIds": ["vpce-0a"]})
    assert find_named(client, REGION, "vpce-0a") == found
    with pytest.raises(TargetError, match=said):
        find_named(client, REGION, "vpce-0a")


def test_one_that_is_not_there_is_told_with_what_to_check(stubbed: tuple[Any, Stubber]) -> None:
    """Its id, the region, the account."""
    client, stubber = stubbed
    stubber.add_client_error("describe_vpc_endpoints", "InvalidVpcEndpointId.NotFound", "does not exist", 400)
    with pytest.raises(TargetError, match=r"no VPC endpoint vpce-0a in us-east-1.*--latency-vpc-endpoint.*AWS_PROFILE"):
        find_named(client, REGION, "vpce-0a")


def test_a_denial_names_the_action(stubbed: tuple[Any, Stubber]) -> None:
    """EC2's own text is an encoded one."""
    client, stubber = stubbed
    stubber.add_client_error("describe_vpc_endpoints", "UnauthorizedOperation", "You are not authorized. Encoded: x", 403)
    with pytest.raises(TargetError, match="do not permit ec2:DescribeVpcEndpoints; add it"):
        find_private_link(client, REGION, "vpc-1")


def test_a_missing_one_is_created_without_private_dns_and_waited_for(stubbed: tuple[Any, Stubber]) -> None:
    """It is pending for a while; subnets, security groups and tags are passed on, and a token makes retries safe."""
    client, stubber = stubbed
    stubber.add_response("describe_vpc_endpoints", {"VpcEndpoints": []}, {"Filters": FILTERS})
    wanted = {
        "VpcEndpointType": "Interface",
        "ServiceName": "com.amazonaws.us-east-1.sagemaker.runtime",
        "VpcId": "vpc-1",
        "SubnetIds": ["subnet-1", "subnet-2"],
        "PrivateDnsEnabled": False,
        "ClientToken": "ours",
        "SecurityGroupIds": ["sg-1"],
        "TagSpecifications": [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "tailgate:run", "Value": "r"}]}],
    }
    stubber.add_response("create_vpc_endpoint", {"VpcEndpoint": described(state="pending")}, wanted)
    for state in ("pending", "Available"):  # AWS's documentation writes both cases
        stubber.add_response("describe_vpc_endpoints", {"VpcEndpoints": [described(state=state)]}, {"VpcEndpointIds": ["vpce-0a"]})
    assert find_private_link(client, REGION, "vpc-1") is None
    made = create_private_link(
        client, REGION, "vpc-1", ["subnet-1", "subnet-2"], security_group_ids=["sg-1"], tags={"tailgate:run": "r"}, token="ours"
    )
    link = wait_available(client, made["VpcEndpointId"], AT_ONCE)
    assert sorted(link.zonal) == ["us-east-1a", "us-east-1b"]


def test_one_that_does_not_become_available_is_an_error(stubbed: tuple[Any, Stubber]) -> None:
    """Patience ends with the state in the sentence."""
    client, stubber = stubbed
    stubber.add_response("describe_vpc_endpoints", {"VpcEndpoints": [described(state="pending")]})
    stubber.add_response("describe_vpc_endpoints", {"VpcEndpoints": [described(state="failed")]})
    with pytest.raises(TargetError, match="vpce-0a is pending after 0 s"):
        wait_available(client, "vpce-0a", Patience(0.0, 0.0))
    with pytest.raises(TargetError, match="vpce-0a is failed"):
        wait_available(client, "vpce-0a", AT_ONCE)
