"""A subnet's way out, read from route tables in the form that DescribeRouteTables gives them."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.aws.network.routes import route_from

LOCAL = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}


def table(table_id: str, *routes: dict[str, Any], subnet: str | None = None, main: bool = False) -> dict[str, Any]:
    associations = [{"SubnetId": subnet, "Main": False}] if subnet else []
    return {"RouteTableId": table_id, "Associations": associations + ([{"Main": True}] if main else []), "Routes": [LOCAL, *routes]}


def default(**target: str) -> dict[str, Any]:
    return {"DestinationCidrBlock": "0.0.0.0/0", "State": "active", **target}


@pytest.mark.parametrize(
    ("target", "way"),
    [
        ({"GatewayId": "igw-1"}, "internet gateway"),
        ({"NatGatewayId": "nat-1"}, "NAT gateway"),
        ({"TransitGatewayId": "tgw-1"}, "transit gateway"),
        ({"GatewayId": "vgw-1"}, "virtual private gateway"),
        ({"GatewayId": "vpce-1"}, "gateway load balancer endpoint"),
        ({"NetworkInterfaceId": "eni-1", "InstanceId": "i-1"}, "NAT instance or appliance"),
        ({"GatewayId": "xyz-1"}, "gateway of kind xyz"),
        ({}, "a gateway of unknown kind"),
    ],
)
def test_the_way_out_is_named_by_what_the_default_route_leads_to(target: dict[str, str], way: str) -> None:
    """The subnet's own table counts, and where it has none, its VPC's main one."""
    own, main = table("rtb-own", default(**target), subnet="subnet-1"), table("rtb-main", default(GatewayId="igw-9"), main=True)
    route = route_from("subnet-1", [main, own])
    assert route is not None
    assert (route.table, route.way, route.wording) == ("rtb-own", way, way)
    other = route_from("subnet-2", [own, main])
    assert other is not None
    assert (other.table, other.way) == ("rtb-main", "internet gateway")


@pytest.mark.parametrize("routes", [[], [default(NatGatewayId="nat-1") | {"State": "blackhole"}]])
def test_a_subnet_without_a_default_route_has_no_way_out(routes: list[dict[str, Any]]) -> None:
    """Or with one whose gateway is gone: packets are dropped there."""
    route = route_from("subnet-1", [table("rtb-1", *routes, subnet="subnet-1")])
    assert route is not None
    assert route.way is None
    assert route.wording == "subnet subnet-1 has no route to the public endpoint (route table rtb-1)"


def test_nothing_is_claimed_of_a_subnet_without_tables() -> None:
    """As when they are somebody else's."""
    assert route_from("subnet-1", []) is None
    assert route_from("subnet-1", [table("rtb-1", subnet="subnet-2")]) is None


def test_an_address_family_without_a_route_is_passed_over_where_the_other_has_one() -> None:
    """DNS gives IPv6 addresses to hosts that have none."""
    tables = [table("rtb-1", default(NatGatewayId="nat-1"), subnet="subnet-1")]
    route = route_from("subnet-1", tables, ["2600:1f18::1", "52.94.1.1"])
    assert route is not None
    assert route.way == "NAT gateway"
    only_v6 = route_from("subnet-1", tables, ["2600:1f18::1"])
    assert only_v6 is not None
    assert only_v6.way is None


@given(st.ip_addresses(v=4).filter(lambda ip: ip not in ipaddress.ip_network("10.0.0.0/16")), st.integers(1, 32), st.randoms())
def test_the_most_specific_route_counts_whatever_the_order(ip: ipaddress.IPv4Address, bits: int, random: Any) -> None:
    """A narrower network that holds the address beats the default route."""
    narrow = str(ipaddress.ip_network(f"{ip}/{bits}", strict=False))
    routes = [default(GatewayId="igw-1"), {"DestinationCidrBlock": narrow, "TransitGatewayId": "tgw-1", "State": "active"}]
    random.shuffle(routes)
    prefix_list = {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1", "State": "active"}
    route = route_from("subnet-1", [table("rtb-1", prefix_list, *routes, subnet="subnet-1")], [str(ip)])
    assert route is not None
    assert route.way == "transit gateway"
