"""Ways: how a subnet's hosts reach S3, Systems Manager and SageMaker: over the internet, or by VPC endpoints where it has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tailgate.aws.network.client_place import Subnet
from tailgate.aws.network.private_link import describe_private_links
from tailgate.aws.network.routes import Route, route_from
from tailgate.aws.permissions import permitted, was_denied
from tailgate.errors import TargetError

NEEDED = ("ssm", "ssmmessages", "s3")
"""What a host cannot do without, by the end of the services' names."""

RUNTIME = "sagemaker.runtime"
_INTERNET_GATEWAY, _INSIDE = "internet gateway", "inside the VPC"


@dataclass(frozen=True, slots=True)
class Ways:
    """A subnet's. way: over what it reaches the internet; None for none, empty where nobody could look.

    endpoints: names of the services that VPC endpoints lead to. notes: what could not be looked at.
    """

    subnet: Subnet
    table: str
    way: str | None
    endpoints: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def needs_public_address(self) -> bool:
        """Whether only hosts with a public address get out."""
        return self.way == _INTERNET_GATEWAY

    def missing(self, *, asks_public: bool) -> tuple[str, ...]:
        """The VPC endpoints that hosts here lack. asks_public: whether they have to reach SageMaker's public name."""
        if self.way is not None and self.way != _INSIDE:
            return ()
        return tuple(each for each in (*NEEDED, *((RUNTIME,) if asks_public else ())) if each not in self.endpoints)


def ways_of(ec2: Any, region: str, subnet: Subnet) -> Ways:
    """Read route tables and VPC endpoints. What may not be looked at is a note. Raises TargetError for other refusals."""
    try:
        tables = _tables(ec2, subnet)
    except TargetError as error:
        if not was_denied(error):
            raise
        return Ways(subnet, "not known", "", notes=("the subnet's routes were not looked at: ec2:DescribeRouteTables is denied",))
    route = route_from(subnet.id, tables)
    if route is None or route.way not in (None, _INSIDE):
        return Ways(subnet, route.table if route is not None else "not known", route.way if route is not None else "")
    found = describe_private_links(ec2, {"vpc-id": subnet.vpc_id}, f"look for VPC endpoints in {subnet.vpc_id}")
    return Ways(subnet, route.table, route.way, frozenset(service for each in found if (service := _served(each, region, route))))


def _tables(ec2: Any, subnet: Subnet) -> Sequence[Mapping[str, Any]]:
    with permitted("ec2:DescribeRouteTables", f"describe the route table of {subnet.id}"):
        pages = ec2.get_paginator("describe_route_tables").paginate(Filters=[{"Name": "vpc-id", "Values": [subnet.vpc_id]}])
        return [table for page in pages for table in page["RouteTables"]]


def _served(endpoint: Mapping[str, Any], region: str, route: Route) -> str | None:
    """What an endpoint leads hosts of the subnet to by its public name; None where it leads them nowhere."""
    if str(endpoint.get("State", "")).lower() not in ("available", "pending"):
        return None
    service = str(endpoint["ServiceName"]).rpartition(f".{region}.")[2]
    if endpoint["VpcEndpointType"].lower() == "gateway":
        return service if route.table in endpoint.get("RouteTableIds", ()) else None
    return service if endpoint.get("PrivateDnsEnabled") else None
