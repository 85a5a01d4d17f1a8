"""Our own interface endpoint and its security group: made under a name of ours, found by it again, deleted by it.

AWS gives both their ids, which a crash could lose. So both carry the name: the endpoint as its tag `Name` and as the token of its
creation, the group as its own name. Nothing without our tags is touched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from tailgate.aws.custody.ledger import Book
from tailgate.aws.names import EXPIRY_TAG, OWNER_TAG, PREFIX, RUN_TAG, as_tag_list, from_tag_list
from tailgate.aws.network.private_link import create_private_link, describe_private_link, describe_private_links
from tailgate.aws.permissions import permitted
from tailgate.aws.refusals import NameTakenError, code_of
from tailgate.aws.waiting import Patience
from tailgate.errors import TargetError

VPC_ENDPOINT, SECURITY_GROUP = "vpc_endpoint", "security_group"
"""As the ledger notes them."""

CREATED_TAG = "tailgate:created-at"
"""AWS does not say since when a security group exists."""

_Made = TypeVar("_Made")
_HTTPS = 443
_WHAT, _WHO = "tailgate: HTTPS from a load to its interface endpoint", "where the load comes from"  # EC2 takes no apostrophes there
_WHEN = "%Y-%m-%dT%H:%M:%SZ"
_GONE = ("deleted", "expired")
_SETTLING = Patience(interval_s=1.0, timeout_s=15.0)


@dataclass(frozen=True, slots=True)
class Wish:
    """What an interface endpoint of ours is made of. cidrs: the networks that may ask it. tags: ours."""

    name: str
    region: str
    vpc_id: str
    subnet_ids: Sequence[str]
    cidrs: Sequence[str]
    tags: Mapping[str, str]
    fips: bool = False


def link_name(run_id: str) -> str:
    """The one name of a run's interface endpoint and its security group: `tailgate-privatelink-3f9a0c27d1`."""
    return f"{PREFIX}privatelink-{hashlib.sha256(run_id.encode()).hexdigest()[:10]}"


def make_link(ec2: Any, wish: Wish, ledger: Book, stop: Event | None = None) -> str:
    """Ask for the group, then the endpoint, each in the ledger before; the endpoint's id, while it is pending.

    What was begun is in the ledger, whether it came about or not. Raises TargetError, NameTakenError, StoppedError.
    """
    ledger.about_to_create(SECURITY_GROUP, wish.name)
    try:
        group_id = make_group(ec2, wish.name, wish.vpc_id, wish.tags, _WHAT)
    except NameTakenError:
        ledger.gone(SECURITY_GROUP, wish.name)
        raise
    settled(lambda: _let_in(ec2, group_id, wish), stop)
    ledger.about_to_create(VPC_ENDPOINT, wish.name)
    tags = {**wish.tags, "Name": wish.name}

    def create() -> dict[str, Any]:
        return create_private_link(
            ec2, wish.region, wish.vpc_id, wish.subnet_ids, security_group_ids=[group_id], tags=tags, token=wish.name, fips=wish.fips
        )

    return str(settled(create, stop)["VpcEndpointId"])


def delete_vpc_endpoint(ec2: Any, name: str, patience: Patience) -> None:
    """Delete our interface endpoint of this name, or id, and wait until it is gone; what does not exist is gone. Raises TargetError."""
    state = ""
    for _ in patience.rounds():
        left = own_links(ec2, name)
        if not left:
            return
        _ask_to_go(ec2, left)
        state = left[0]["State"]
    raise TargetError(f"VPC endpoint {name} is still {state} after {patience.timeout_s:.0f} s; delete it by hand: {by_hand_link(name)}")


def delete_security_group(ec2: Any, name: str, patience: Patience) -> None:
    """Delete our security group of this name and see that it is gone; what does not exist is gone. Raises TargetError.

    As long as network interfaces are in it, it is refused: those of an endpoint that has just gone, or of one of the same name whose
    creation nobody saw, which goes too.
    """
    for _ in patience.rounds():
        groups = own_groups(ec2, name)
        if not groups:
            return
        for group in groups:
            if not _delete_group(ec2, group["GroupId"], name):
                _ask_to_go(ec2, own_links(ec2, name))
    raise TargetError(
        f"security group {name} is still there after {patience.timeout_s:.0f} s: network interfaces are in it; once they have gone, "
        f"delete it by hand: {by_hand_group(name)}"
    )


def own_links(ec2: Any, name: str) -> list[dict[str, Any]]:
    """The descriptions of our endpoints of this name, or id, that are not gone. Raises TargetError."""
    one = describe_private_link(ec2, name) if name.startswith("vpce-") else None
    found = [one] if one is not None else describe_private_links(ec2, {"tag:Name": name}, f"look for the VPC endpoint {name}")
    return [each for each in found if _is_ours(each) and each["State"].lower() not in _GONE]


def own_groups(ec2: Any, name: str) -> list[dict[str, Any]]:
    """The descriptions of our security groups of this name. Raises TargetError."""
    found = _groups(ec2, {"group-name": name}, f"look for the security group {name}")
    return [group for group in found if _is_ours(group)]


def listed_links(ec2: Any) -> list[dict[str, Any]]:
    """The descriptions of all that are ours and not gone, whichever session's. Raises TargetError."""
    found = describe_private_links(ec2, {"tag-key": RUN_TAG}, "list the VPC endpoints")
    return [each for each in found if each["State"].lower() not in _GONE]


def listed_groups(ec2: Any) -> list[dict[str, Any]]:
    """The descriptions of all security groups that are ours, whichever session's. Raises TargetError."""
    return _groups(ec2, {"tag-key": RUN_TAG}, "list the security groups")


def created_at(tags: Mapping[str, str]) -> datetime:
    """Since when a group of ours exists, by its tag (UTC); now where that is no time of ours, so that age takes nothing for old."""
    try:
        return datetime.strptime(tags.get(CREATED_TAG, ""), _WHEN).replace(tzinfo=UTC)
    except ValueError:
        return datetime.now(UTC)


def by_hand_link(name: str) -> str:
    """The commands that delete our endpoint."""
    found = f"aws ec2 describe-vpc-endpoints --filters Name=tag:Name,Values={name} --query 'VpcEndpoints[].VpcEndpointId' --output text"
    return f"aws ec2 delete-vpc-endpoints --vpc-endpoint-ids $({found})"


def by_hand_group(name: str) -> str:
    """The commands that delete our security group."""
    found = f"aws ec2 describe-security-groups --filters Name=group-name,Values={name} --query 'SecurityGroups[].GroupId' --output text"
    return f"aws ec2 delete-security-group --group-id $({found})"


def _is_ours(described: Mapping[str, Any]) -> bool:
    tags = from_tag_list(described.get("Tags"))
    return all(tags.get(tag) for tag in (RUN_TAG, OWNER_TAG, EXPIRY_TAG))


def _groups(ec2: Any, filters: Mapping[str, str], doing: str) -> list[dict[str, Any]]:
    wanted = [{"Name": name, "Values": [value]} for name, value in filters.items()]
    with permitted("ec2:DescribeSecurityGroups", doing):
        pages = ec2.get_paginator("describe_security_groups").paginate(Filters=wanted)
        return [group for page in pages for group in page["SecurityGroups"]]


def make_group(ec2: Any, name: str, vpc_id: str, tags: Mapping[str, str], what: str) -> str:
    """The id of the group of our name, made where there is none: botocore may have asked twice where an answer was lost.

    Nobody is let in by it. Raises TargetError, NameTakenError.
    """
    carried = {**tags, "Name": name, CREATED_TAG: datetime.now(UTC).strftime(_WHEN)}
    with permitted("ec2:CreateSecurityGroup (with ec2:CreateTags)", f"create the security group {name}"):
        try:
            created = ec2.create_security_group(
                GroupName=name,
                Description=what,
                VpcId=vpc_id,
                TagSpecifications=[{"ResourceType": "security-group", "Tags": as_tag_list(carried)}],
            )
            return str(created["GroupId"])
        except ClientError as error:
            if code_of(error) != "InvalidGroup.Duplicate":
                raise
    mine = [group for group in own_groups(ec2, name) if from_tag_list(group["Tags"])[RUN_TAG] == tags[RUN_TAG]]
    if not mine:
        raise NameTakenError(f"there is a security group {name} in {vpc_id} that this session did not make; it was left untouched")
    return str(mine[0]["GroupId"])


def _let_in(ec2: Any, group_id: str, wish: Wish) -> None:
    ranges = [{"CidrIp": cidr, "Description": _WHO} for cidr in dict.fromkeys(wish.cidrs) if cidr]
    rule = {"IpProtocol": "tcp", "FromPort": _HTTPS, "ToPort": _HTTPS, "IpRanges": ranges}
    with permitted("ec2:AuthorizeSecurityGroupIngress", f"let {', '.join(wish.cidrs)} into the security group {wish.name}"):
        try:
            ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[rule])
        except ClientError as error:
            if code_of(error) != "InvalidPermission.Duplicate":
                raise


def settled(call: Callable[[], _Made], stop: Event | None) -> _Made:
    """Repeat a call as long as what it refers to is not visible yet: EC2's reads are eventually consistent."""
    refused: TargetError | None = None
    for _ in _SETTLING.rounds(stop):
        try:
            return call()
        except TargetError as error:
            cause = error.__cause__
            if not isinstance(cause, ClientError) or not code_of(cause).startswith("Invalid") or not code_of(cause).endswith(".NotFound"):
                raise
            refused = error
    raise refused or TargetError("nothing was asked")


def _ask_to_go(ec2: Any, links: Sequence[Mapping[str, Any]]) -> None:
    ids = [each["VpcEndpointId"] for each in links if each["State"].lower() != "deleting"]
    if not ids:
        return
    with permitted("ec2:DeleteVpcEndpoints", f"delete the VPC endpoint {', '.join(ids)}"):
        refused = ec2.delete_vpc_endpoints(VpcEndpointIds=ids).get("Unsuccessful", [])
    reasons = [each.get("Error", {}) for each in refused]
    denied = [reason for reason in reasons if not str(reason.get("Code", "")).endswith(".NotFound")]
    if denied:
        raise TargetError(f"could not delete the VPC endpoint {', '.join(ids)}: {denied[0].get('Code')}: {denied[0].get('Message')}")


def _delete_group(ec2: Any, group_id: str, name: str) -> bool:
    """Whether it was accepted; False where something is still in it."""
    with permitted("ec2:DeleteSecurityGroup", f"delete the security group {name}"):
        try:
            ec2.delete_security_group(GroupId=group_id)
        except ClientError as error:
            if code_of(error) == "DependencyViolation":
                return False
            if code_of(error) != "InvalidGroup.NotFound":
                raise
    return True
