"""PrivateLink: the interface VPC endpoint through which requests stay inside the VPC, and the names it answers to."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

from botocore.exceptions import ClientError

from tailgate.aws.names import RUN_TAG, as_tag_list, from_tag_list
from tailgate.aws.permissions import permitted
from tailgate.aws.refusals import code_of
from tailgate.aws.waiting import Patience
from tailgate.errors import TargetError


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


def service_name(region: str, *, fips: bool = False) -> str:
    """What the runtime is called among VPC endpoint services; in China the names begin otherwise."""
    first = "cn.com.amazonaws" if region.startswith("cn-") else "com.amazonaws"
    return f"{first}.{region}.sagemaker.runtime{'-fips' if fips else ''}"


def find_private_link(ec2: Any, region: str, vpc_id: str, *, fips: bool = False) -> dict[str, Any] | None:
    """The description of a usable interface endpoint in the VPC, or None.

    One with private DNS is passed over: it takes over the public name inside the VPC, and both paths would be one. So is one that
    a session of ours made, and may delete at any time. Raises TargetError.
    """
    wanted = {"service-name": service_name(region, fips=fips), "vpc-id": vpc_id, "vpc-endpoint-type": "Interface"}
    found = describe_private_links(ec2, wanted, f"look for VPC endpoints in {vpc_id}")
    usable = (each for each in found if each["State"].lower() in ("available", "pending") and not each["PrivateDnsEnabled"])
    return next((each for each in usable if RUN_TAG not in from_tag_list(each.get("Tags"))), None)


def find_named(ec2: Any, region: str, link_id: str, *, fips: bool = False) -> dict[str, Any]:
    """The description of the interface endpoint of this id. Raises TargetError where there is none, or it is another service's."""
    found = describe_private_link(ec2, link_id)
    check = "check its id (--latency-vpc-endpoint), the region (--latency-region) and the account (AWS_PROFILE)"
    if found is None:
        raise TargetError(f"there is no VPC endpoint {link_id} in {region} for these credentials; {check}")
    served, state = found["ServiceName"], found["State"]
    wanted = service_name(region, fips=fips)
    if served != wanted:
        raise TargetError(f"VPC endpoint {link_id} leads to {served}, and invocations go to {wanted}; {check}")
    if state.lower() not in ("available", "pending"):
        raise TargetError(f"VPC endpoint {link_id} is {state}; it has to be available")
    return found


def describe_private_link(ec2: Any, link_id: str) -> dict[str, Any] | None:
    """The description of the VPC endpoint of this id; None where there is none. Raises TargetError."""
    with permitted("ec2:DescribeVpcEndpoints", f"describe the VPC endpoint {link_id}"):
        try:
            found: dict[str, Any] = ec2.describe_vpc_endpoints(VpcEndpointIds=[link_id])["VpcEndpoints"][0]
        except ClientError as error:
            if not (code_of(error).startswith("InvalidVpcEndpoint") and code_of(error).endswith(".NotFound")):
                raise
            return None
    return found


def describe_private_links(ec2: Any, filters: Mapping[str, str], doing: str) -> list[dict[str, Any]]:
    """The descriptions of VPC endpoints that pass all filters. Raises TargetError that begins with what was being done."""
    wanted = [{"Name": name, "Values": [value]} for name, value in filters.items()]
    with permitted("ec2:DescribeVpcEndpoints", doing):
        pages = ec2.get_paginator("describe_vpc_endpoints").paginate(Filters=wanted)
        return [endpoint for page in pages for endpoint in page["VpcEndpoints"]]


def ensure_private_link(ec2: Any, region: str, vpc_id: str, subnet_ids: Sequence[str], *, patience: Patience) -> PrivateLink:
    """The VPC's interface endpoint, created when there is none, once it is available. Raises TargetError."""
    described = find_private_link(ec2, region, vpc_id) or create_private_link(ec2, region, vpc_id, subnet_ids)
    return wait_available(ec2, described["VpcEndpointId"], patience)


def wait_available(ec2: Any, link_id: str, patience: Patience, stop: Event | None = None) -> PrivateLink:
    """The interface endpoint, once it can be asked. Raises TargetError; StoppedError when `stop` is set."""
    state = "not visible"
    for _ in patience.rounds(stop):
        found = describe_private_link(ec2, link_id)
        state = found["State"] if found is not None else state
        if found is not None and state.lower() == "available":
            return read_private_link(found)
        if state.lower() not in ("pending", "not visible"):
            break
    raise TargetError(f"VPC endpoint {link_id} is {state} after {patience.timeout_s:.0f} s; look at it in the VPC console")


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


def create_private_link(
    ec2: Any,
    region: str,
    vpc_id: str,
    subnet_ids: Sequence[str],
    *,
    security_group_ids: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
    token: str | None = None,
    fips: bool = False,
) -> dict[str, Any]:
    """Ask for an interface endpoint with private DNS off; its description, while it is pending.

    token: the same one, the same endpoint, however often it is asked for. Raises TargetError.
    """
    wanted: dict[str, Any] = {
        "VpcEndpointType": "Interface",
        "ServiceName": service_name(region, fips=fips),
        "VpcId": vpc_id,
        "SubnetIds": list(subnet_ids),
        "PrivateDnsEnabled": False,
        "ClientToken": token or uuid.uuid4().hex,
    }
    if security_group_ids:
        wanted["SecurityGroupIds"] = list(security_group_ids)
    if tags:
        wanted["TagSpecifications"] = [{"ResourceType": "vpc-endpoint", "Tags": as_tag_list(tags)}]
    doing = f"create the VPC endpoint for SageMaker's runtime in {vpc_id}"
    with permitted("ec2:CreateVpcEndpoint (with ec2:CreateTags)", doing):
        created: dict[str, Any] = ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]
    return created
