"""Routes: over what a subnet's packets leave for an address, read from its route table. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_ANYWHERE = "198.51.100.1"
"""An address of the internet (RFC 5737: nobody's), for when a name's own are not known."""

_GATEWAYS = {
    "igw": "internet gateway",
    "vgw": "virtual private gateway",
    "vpce": "gateway load balancer endpoint",
    "local": "inside the VPC",
}
"""GatewayId's prefix → what it is."""

_OTHERS = {
    "NatGatewayId": "NAT gateway",
    "TransitGatewayId": "transit gateway",
    "EgressOnlyInternetGatewayId": "egress-only internet gateway",
    "CarrierGatewayId": "carrier gateway",
    "LocalGatewayId": "local gateway",
    "VpcPeeringConnectionId": "VPC peering",
    "CoreNetworkArn": "core network",
    "NetworkInterfaceId": "NAT instance or appliance",
    "InstanceId": "NAT instance or appliance",
}


@dataclass(frozen=True, slots=True)
class Route:
    """A subnet's way out. way: such as `NAT gateway`; None where there is none. table: the route table's id."""

    subnet: str
    table: str
    way: str | None

    @property
    def wording(self) -> str:
        """How people read it."""
        return self.way or f"subnet {self.subnet} has no route to the public endpoint (route table {self.table})"


def route_from(subnet: str, tables: Sequence[Mapping[str, Any]], ips: Iterable[str] = ()) -> Route | None:
    """By which way the subnet's packets leave for these public addresses; None where no table is told.

    tables: of DescribeRouteTables, the subnet's own before its VPC's main one. The most specific route counts, and leads nowhere
    where its target is gone, as in https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html;
    addresses without any are passed over where others have one.
    """
    table = next((each for each in tables if _is_of(each, subnet)), None) or next((each for each in tables if _is_main(each)), None)
    if table is None:
        return None
    ways = [_way(table.get("Routes", ()), ip) for ip in list(ips) or [_ANYWHERE]]
    found = sorted({way for way in ways if way is not None})
    return Route(subnet, table["RouteTableId"], " or ".join(found) or None)


def _is_of(table: Mapping[str, Any], subnet: str) -> bool:
    return any(each.get("SubnetId") == subnet for each in table.get("Associations", ()))


def _is_main(table: Mapping[str, Any]) -> bool:
    return any(each.get("Main") for each in table.get("Associations", ()))


def _way(routes: Iterable[Mapping[str, Any]], ip: str) -> str | None:
    address = ipaddress.ip_address(ip)
    best, longest = None, -1
    for route in routes:
        cidr = route.get("DestinationCidrBlock") if address.version == 4 else route.get("DestinationIpv6CidrBlock")
        if cidr is None:  # of the other family, or a prefix list, whose networks are not told
            continue
        network = ipaddress.ip_network(cidr, strict=False)
        if address in network and network.prefixlen > longest:
            best, longest = route, network.prefixlen
    return None if best is None or best.get("State") == "blackhole" else _kind(best)


def _kind(route: Mapping[str, Any]) -> str:
    gateway = route.get("GatewayId")
    if gateway:
        return _GATEWAYS.get(gateway.partition("-")[0], f"gateway of kind {gateway.partition('-')[0]}")
    return next((kind for key, kind in _OTHERS.items() if route.get(key)), "a gateway of unknown kind")
