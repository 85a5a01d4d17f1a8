"""Client's place: in which zone, subnet and VPC the load comes from, and by which way it leaves for the internet.

Known from the instance's own metadata, or from the subnets that somebody names; unknown is recorded as unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tailgate.aws.instance_metadata import Instance
from tailgate.aws.network.routes import Route, route_from
from tailgate.aws.permissions import permitted, was_denied
from tailgate.errors import TargetError

NO_METADATA = "no instance metadata answers here: name this host's subnet, --latency-client-subnet subnet-…"


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet of the client's VPC. cidr: its IPv4 network."""

    id: str
    vpc_id: str
    zone: str
    zone_id: str | None
    cidr: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where the client is. zone, zone_id: such as `us-east-1a` and `use1-az6`; None where not known.

    own: the subnet that it is in. subnets: those that an interface endpoint for it goes to, one of a zone. cidrs: its VPC's networks,
    as far as they are known.
    """

    zone: str | None = None
    zone_id: str | None = None
    own: Subnet | None = None
    subnets: tuple[Subnet, ...] = ()
    cidrs: tuple[str, ...] = ()

    @property
    def wording(self) -> str:
        """For the record."""
        if self.zone is None:
            return "not known"
        return self.zone if self.zone_id is None else f"{self.zone_id} ({self.zone})"


def place_of(instance: Instance | None, named: Sequence[Subnet]) -> Place:
    """From the instance's metadata, where this is one, and the subnets that somebody named, the client's own first.

    The metadata tells the zone wherever it answers; the subnets named are those to use. Raises TargetError where they are of several VPCs.
    """
    vpcs = sorted({subnet.vpc_id for subnet in named})
    if len(vpcs) > 1:
        raise TargetError(f"--latency-client-subnet names subnets of {len(vpcs)} VPCs ({', '.join(vpcs)}); name those of one")
    if instance is None:
        return Place() if not named else Place(named[0].zone, named[0].zone_id, named[0], _one_per_zone(named))
    own = _own(instance)
    return Place(instance.zone, instance.zone_id, own, _one_per_zone(named or [own] if own is not None else named), instance.cidrs)


def _own(instance: Instance) -> Subnet | None:
    if not (instance.subnet_id and instance.vpc_id and instance.subnet_cidr):
        return None
    return Subnet(instance.subnet_id, instance.vpc_id, instance.zone, instance.zone_id, instance.subnet_cidr)


def _one_per_zone(subnets: Iterable[Subnet]) -> tuple[Subnet, ...]:
    """An interface endpoint takes one of each zone: the first counts."""
    by_zone: dict[str, Subnet] = {}
    for subnet in subnets:
        by_zone.setdefault(subnet.zone, subnet)
    return tuple(by_zone.values())


def read_subnets(ec2: Any, subnet_ids: Sequence[str]) -> list[Subnet]:
    """The subnets of these ids, in this order; none asks nobody. Raises TargetError."""
    if not subnet_ids:
        return []
    with permitted("ec2:DescribeSubnets", f"describe the subnets {', '.join(subnet_ids)}"):
        found = ec2.describe_subnets(SubnetIds=list(dict.fromkeys(subnet_ids)))["Subnets"]
    by_id = {
        each["SubnetId"]: Subnet(
            each["SubnetId"], each["VpcId"], each["AvailabilityZone"], each.get("AvailabilityZoneId"), each.get("CidrBlock", "")
        )
        for each in found
    }
    return [by_id[subnet_id] for subnet_id in dict.fromkeys(subnet_ids) if subnet_id in by_id]


def read_route(ec2: Any, subnet: Subnet, ips: Iterable[str]) -> Route | None:
    """By which way the subnet leads to these public addresses. Raises TargetError."""
    with permitted("ec2:DescribeRouteTables", f"describe the route table of {subnet.id}"):
        pages = ec2.get_paginator("describe_route_tables").paginate(Filters=[{"Name": "vpc-id", "Values": [subnet.vpc_id]}])
        tables = [table for page in pages for table in page["RouteTables"]]
    return route_from(subnet.id, tables, ips)


def route_or_why(ec2: Any, place: Place, ips: Iterable[str]) -> tuple[Route | None, str]:
    """The client's way to these addresses, and how the record puts it: the way, or why it is not known. Raises nothing."""
    if place.own is None:
        return None, "not known: this host's subnet is not known"
    try:
        route = read_route(ec2, place.own, ips)
    except TargetError as error:
        return None, "not known: " + ("ec2:DescribeRouteTables is denied" if was_denied(error) else str(error))
    return route, "not known: no route table is told" if route is None else route.way or "none"
