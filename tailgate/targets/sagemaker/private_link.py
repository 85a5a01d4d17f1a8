"""PrivateLink: the interface VPC endpoint through which requests stay inside the VPC, and the names it answers to."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

from tailgate.errors import TargetError
from tailgate.targets.sagemaker.names import as_tag_list
from tailgate.targets.sagemaker.refusals import explained
from tailgate.targets.sagemaker.waiting import Patience


@dataclass(frozen=True, slots=True)
class PrivateLink:
    """An interface endpoint for SageMaker's runtime.

    regional: the DNS name that any zone answers to. zonal: by availability zone, the name that only its own answers to.
    """

    id: str
    regional: str
    zonal: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """All DNS names, the regional one first."""
        return (self.regional, *self.zonal.values())


def service_name(region: str) -> str:
    """What the runtime is called among VPC endpoint services."""
    return f"com.amazonaws.{region}.sagemaker.runtime"


def find_private_link(ec2: Any, region: str, vpc_id: str) -> dict[str, Any] | None:
    """The description of a usable interface endpoint in the VPC, or None.

    One with private DNS is passed over: it takes over the public name inside the VPC, and both paths would be one.
    Raises TargetError.
    """
    wanted = {"service-name": service_name(region), "vpc-id": vpc_id, "vpc-endpoint-type": "Interface"}
    filters = [{"Name": name, "Values": [value]} for name, value in wanted.items()]
    with explained(f"look for VPC endpoints in {vpc_id}"):
        pages = ec2.get_paginator("describe_vpc_endpoints").paginate(Filters=filters)
        found = [endpoint for page in pages for endpoint in page["VpcEndpoints"]]
    usable = (each for each in found if each["State"].lower() in ("available", "pending") and not each["PrivateDnsEnabled"])
    return next(usable, None)


def ensure_private_link(
    ec2: Any,
    region: str,
    vpc_id: str,
    subnet_ids: Sequence[str],
    *,
    patience: Patience,
    security_group_ids: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
    stop: Event | None = None,
) -> PrivateLink:
    """The VPC's interface endpoint, created when there is none, once it is available. Raises TargetError."""
    described = find_private_link(ec2, region, vpc_id)
    if described is None:
        described = _create(ec2, region, vpc_id, subnet_ids, security_group_ids, tags or {})
    link_id = described["VpcEndpointId"]
    for _ in patience.rounds(stop):
        with explained(f"describe the VPC endpoint {link_id}"):
            described = ec2.describe_vpc_endpoints(VpcEndpointIds=[link_id])["VpcEndpoints"][0]
        if described["State"].lower() == "available":
            return read_private_link(described)
    raise TargetError(f"VPC endpoint {link_id} is {described['State']} after {patience.timeout_s:.0f} s; look at it in the VPC console")


def read_private_link(described: Mapping[str, Any]) -> PrivateLink:
    """Read a description's DnsEntries: `vpce-ID-SUFFIX.…` is regional, `vpce-ID-SUFFIX-ZONE.…` zonal. Raises TargetError."""
    link_id = described["VpcEndpointId"]
    # A private DNS name, where enabled, is listed too; it does not begin with the id.
    names = [entry["DnsName"] for entry in described.get("DnsEntries", ()) if entry["DnsName"].startswith(link_id)]
    if not names:
        raise TargetError(f"VPC endpoint {link_id} has no DNS names yet; wait until it is available")
    regional = min(names, key=len)
    prefix = regional.partition(".")[0] + "-"
    zonal = {name.partition(".")[0].removeprefix(prefix): name for name in names if name.startswith(prefix)}
    return PrivateLink(link_id, regional, dict(sorted(zonal.items())))


def _create(
    ec2: Any, region: str, vpc_id: str, subnet_ids: Sequence[str], security_group_ids: Sequence[str], tags: Mapping[str, str]
) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "VpcEndpointType": "Interface",
        "ServiceName": service_name(region),
        "VpcId": vpc_id,
        "SubnetIds": list(subnet_ids),
        "PrivateDnsEnabled": False,
        "ClientToken": uuid.uuid4().hex,
    }
    if security_group_ids:
        wanted["SecurityGroupIds"] = list(security_group_ids)
    if tags:
        wanted["TagSpecifications"] = [{"ResourceType": "vpc-endpoint", "Tags": as_tag_list(tags)}]
    with explained(f"create the VPC endpoint for SageMaker's runtime in {vpc_id}"):
        created: dict[str, Any] = ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]
    return created
