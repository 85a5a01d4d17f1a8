"""The ways to endpoints from a VPC of moto's: what is found there, made there, recorded, and refused before anything is made."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from decimal import Decimal

import pytest

from tailgate.aws.billing import VPC_ENDPOINT, billed
from tailgate.aws.network.paths_of_session import NOT_ASKED, Maker
from tailgate.aws.network.private_link import create_private_link
from tailgate.errors import TargetError
from tailgate.plan.ceiling import Terms
from tailgate.plan.prices import Price
from tailgate.plan.purse import LINK, Purse
from tests.emulated.vpc import NAME, PRIVATE, REGION, URL, ZONES, Vpc, left_in, network_of
from tests.faults.aws_proxy import ALL, AwsProxy, refused
from tests.metadata_service import metadata_service


def test_an_interface_endpoint_is_made_with_its_group_and_goes_with_it(vpc: Vpc, maker: Maker) -> None:
    """Private DNS off, in the client's zones, HTTPS from the client's subnets alone, tagged as ours, noted before; all arms are there."""
    vpc.route_out()
    client = network_of(vpc)
    client.examine(["public", *PRIVATE])
    client.begin(maker)
    assert left_in(maker) == [("security_group", NAME), ("vpc_endpoint", NAME)]
    paths = client.paths(URL)
    assert set(paths.urls) == {"public", *PRIVATE}
    ((link,), (group,)) = vpc.links(), vpc.groups()
    assert (link["PrivateDnsEnabled"], set(link["SubnetIds"])) == (False, set(vpc.subnets))
    assert [each["GroupId"] for each in link["Groups"]] == [group["GroupId"]]
    (rule,) = group["IpPermissions"]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 443, 443)
    for said in (group["Description"], *(each["Description"] for each in rule["IpRanges"])):
        assert re.fullmatch(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}", said), "what EC2 takes there, which moto does not check"
    assert {each["CidrIp"] for each in rule["IpRanges"]} == {"10.0.0.0/24", "10.0.1.0/24"}
    assert paths.facts["interface_endpoint_is"] == "made for the session"
    assert (paths.facts["public_route"], paths.facts["other_zone"]) == ("internet gateway", ZONES[1])
    assert paths.facts["client_zone"].endswith(f" ({ZONES[0]})")
    assert f"-{ZONES[0]}." in paths.urls["privatelink-same-zone"]
    client.close()
    assert (vpc.links(), vpc.groups(), left_in(maker)) == ([], [], [])
    client.close()


def test_one_of_our_own_bills_in_each_of_its_zones_until_it_is_gone(vpc: Vpc, maker: Maker) -> None:
    """A begun hour in two zones; afterwards nothing more."""
    terms = Terms(patience_s=60, deleting_s=60, zone=Price(0.014, "made up"), zones=len(vpc.subnets))
    purse = Purse(Decimal(1), terms, lambda *_: Price(0.1, "made up"))
    client = network_of(vpc)
    client.examine(["privatelink"])
    client.begin(replace(maker, ledger=billed(maker.ledger, purse, LINK, VPC_ENDPOINT)))
    client.paths(URL)
    assert purse.spent_usd(time.time() + 3600) == Decimal("0.056")
    client.close()
    assert purse.spent_usd(time.time() + 3600) == Decimal("0.028")
    assert left_in(maker) == []


def test_one_that_is_there_is_used_and_stays(vpc: Vpc, maker: Maker) -> None:
    """Somebody's own, with private DNS off; nothing is made, nothing noted."""
    theirs = create_private_link(vpc.ec2, REGION, vpc.id, vpc.subnets[:1])["VpcEndpointId"]
    client = network_of(vpc)
    client.examine(["privatelink"])
    client.begin(maker)
    paths = client.paths(URL)
    assert paths.facts["interface_endpoint"] == theirs
    assert paths.facts["interface_endpoint_is"] == "found in the VPC"
    assert "name a subnet in another zone" in paths.elsewhere["privatelink-other-zone"]
    client.close()
    assert [each["VpcEndpointId"] for each in vpc.links()] == [theirs]
    assert (vpc.groups(), left_in(maker)) == ([], [])


def test_nothing_is_looked_for_before_a_case_asks_for_a_private_path(vpc: Vpc, ec2_calls: AwsProxy, maker: Maker) -> None:
    """And it is made then, also if it is late."""
    client = network_of(vpc)
    client.examine(["public"])
    client.begin(maker)
    assert client.paths(URL).elsewhere == dict.fromkeys(PRIVATE, NOT_ASKED)
    assert {name for name in ec2_calls.names if name != "ec2.DescribeSubnets"} == set()
    client.examine(["privatelink-other-zone"])
    client.begin(maker)
    assert set(PRIVATE) <= set(client.paths(URL).urls)
    client.close()
    assert vpc.links() == []


def test_an_instance_needs_no_subnet_to_be_named(vpc: Vpc, maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its metadata tells zone, subnet and VPC; an endpoint in that zone alone has no way by another."""
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    with metadata_service() as service:
        interface = f"network/interfaces/macs/{service.facts['mac']}"
        service.facts |= {"placement/availability-zone": ZONES[0], "placement/availability-zone-id": "euc1-az2"}
        service.facts |= {f"{interface}/vpc-id": vpc.id, f"{interface}/subnet-id": vpc.subnets[0]}
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", service.url)
        client = network_of()
        client.examine(["privatelink-same-zone"])
        client.begin(maker)
        paths = client.paths(URL)
    assert set(paths.urls) == {"privatelink", "privatelink-same-zone"}
    assert "--latency-client-subnet" in paths.elsewhere["privatelink-other-zone"]
    assert "has no route to the public endpoint" in paths.elsewhere["public"], "nobody gave it one"
    assert (paths.facts["client_zone"], paths.facts["public_route"]) == (f"euc1-az2 ({ZONES[0]})", "none")
    client.close()


def test_without_a_known_vpc_a_private_path_is_refused_before_anything_is_created(ec2_calls: AwsProxy, maker: Maker) -> None:
    """It says how to name one; the public path stays."""
    client = network_of()
    client.examine(["public"])
    with pytest.raises(TargetError, match="--latency-client-subnet subnet-…, or an interface endpoint, --latency-vpc-endpoint"):
        client.examine(["public", "privatelink"])
    client.begin(maker)
    paths = client.paths(URL)
    assert set(paths.urls) == {"public"}
    assert paths.facts["client_zone"] == "not known"
    assert ec2_calls.names == []
    client.close()


def test_a_subnet_without_a_route_is_refused_for_the_public_path_before_anything_is_created(vpc: Vpc, ec2_calls: AwsProxy) -> None:
    """With its route table; private paths alone are fine."""
    network_of(vpc).examine(["privatelink"])
    with pytest.raises(TargetError, match=rf"subnet {vpc.subnets[0]} has no route to the public endpoint \(route table rtb-.*NAT gateway"):
        network_of(vpc).examine(["public", "privatelink"])
    assert not [name for name in ec2_calls.names if "Create" in name]


def test_private_dns_is_refused_for_the_public_path_before_anything_is_created(
    vpc: Vpc, ec2_calls: AwsProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The public name leads into the VPC."""
    vpc.route_out()
    monkeypatch.setattr("tailgate.aws.network.outlook.addresses_of", lambda _host: ["10.0.0.9"])
    with pytest.raises(TargetError, match=r"resolves to 10\.0\.0\.9 here, so private DNS is on"):
        network_of(vpc).examine(["public", "privatelink"])
    with pytest.raises(TargetError, match="private DNS is on"):
        network_of().examine(["public"])
    assert not [name for name in ec2_calls.names if "Create" in name]


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("ec2.DescribeVpcEndpoints", "ec2:DescribeVpcEndpoints"),
        ("ec2.CreateSecurityGroup", "ec2:CreateSecurityGroup (with ec2:CreateTags)"),
        ("ec2.AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupIngress"),
        ("ec2.CreateVpcEndpoint", "ec2:CreateVpcEndpoint (with ec2:CreateTags)"),
    ],
)
def test_a_permission_that_is_missing_is_named_and_what_was_begun_goes(
    vpc: Vpc, ec2_calls: AwsProxy, maker: Maker, operation: str, action: str
) -> None:
    """The public path stays."""
    vpc.route_out()
    fault = ec2_calls.harm(operation, refused(403, "UnauthorizedOperation", "You are not authorized."), ALL)
    client = network_of(vpc)
    client.examine(["public", "privatelink"])
    client.begin(maker)
    paths = client.paths(URL)
    assert set(paths.urls) == {"public"}
    assert f"do not permit {action}" in paths.elsewhere["privatelink"]
    assert fault.fired
    client.close()
    assert (vpc.links(), vpc.groups(), left_in(maker)) == ([], [], [])


def test_subnets_that_may_not_be_looked_at_are_refused(vpc: Vpc, ec2_calls: AwsProxy) -> None:
    """They were named, so they are wanted."""
    ec2_calls.harm("ec2.DescribeSubnets", refused(403, "UnauthorizedOperation", "no"), ALL)
    with pytest.raises(TargetError, match="do not permit ec2:DescribeSubnets"):
        network_of(vpc).examine(["public"])


def test_without_leave_to_see_routes_the_route_is_not_known(vpc: Vpc, ec2_calls: AwsProxy, maker: Maker) -> None:
    """And nobody is stopped by that."""
    denied = ec2_calls.harm("ec2.DescribeRouteTables", refused(403, "UnauthorizedOperation", "no"))
    client = network_of(vpc)
    client.examine(["public", "privatelink"])
    client.begin(maker)
    paths = client.paths(URL)
    assert {"public", "privatelink"} <= set(paths.urls)
    assert paths.facts["public_route"] == "not known: ec2:DescribeRouteTables is denied"
    assert denied.fired
    client.close()


def test_fips_is_asked_over_private_paths_too(vpc: Vpc, ec2_calls: AwsProxy, maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a service of its own; an interface endpoint of the other one is neither found nor taken where it is named."""
    theirs = create_private_link(vpc.ec2, REGION, vpc.id, vpc.subnets[:1])["VpcEndpointId"]
    for service in ("EC2", "SAGEMAKER_RUNTIME"):
        monkeypatch.delenv(f"AWS_ENDPOINT_URL_{service}", raising=False)
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    monkeypatch.setattr("tailgate.aws.network.surroundings.open_client", lambda *_: vpc.ec2)
    vpc.route_out()
    client = network_of(vpc)
    client.examine(["public", "privatelink"])
    client.begin(maker)
    fips = URL.replace("runtime.", "runtime-fips.")
    paths = client.paths(fips)
    assert paths.urls["public"] == fips
    assert ".runtime-fips.sagemaker." in paths.urls["privatelink"]
    assert {each["ServiceName"].rpartition(".")[2] for each in vpc.links()} == {"runtime", "runtime-fips"}
    client.close()
    assert [each["VpcEndpointId"] for each in vpc.links()] == [theirs]
    with pytest.raises(TargetError, match=r"invocations go to com\.amazonaws\.eu-central-1\.sagemaker\.runtime-fips"):
        network_of(vpc, named=theirs, makes=False).paths(fips)
    assert ec2_calls.names == []


def test_dual_stack_is_refused_over_private_paths(vpc: Vpc, ec2_calls: AwsProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interface endpoint that is asked by IPv4 would be none, and nobody would be told."""
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
    with pytest.raises(TargetError, match="AWS_USE_DUALSTACK_ENDPOINT is set"):
        network_of(vpc).examine(["privatelink"])
    assert not [name for name in ec2_calls.names if "Create" in name]
