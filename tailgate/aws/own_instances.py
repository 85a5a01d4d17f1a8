"""Our own EC2 instances: launched under a name of ours, which they carry as their tag `Name` and as the token of their launch.

AWS gives them ids, which a crash could lose. So they are found by that tag, and whatever carries it goes at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from tailgate.aws.names import EXPIRY_TAG, OWNER_TAG, RUN_TAG, from_tag_list
from tailgate.aws.permissions import permitted
from tailgate.aws.refusals import code_of
from tailgate.aws.waiting import Patience
from tailgate.errors import TargetError

INSTANCE = "instance"
"""As the ledger notes them."""

_THERE = ("pending", "running", "shutting-down", "stopping", "stopped")
_GOING = "shutting-down"


def own_instances(ec2: Any, name: str) -> list[dict[str, Any]]:
    """The descriptions of our instances of this name, or id, that are not gone. Raises TargetError."""
    wanted = {"instance-id": name} if name.startswith("i-") else {"tag:Name": name}
    found = _instances(ec2, wanted, f"look for the instance {name}")
    return [each for each in found if all(_tags(each).get(tag) for tag in (RUN_TAG, OWNER_TAG, EXPIRY_TAG))]


def listed_instances(ec2: Any) -> list[dict[str, Any]]:
    """The descriptions of all that are ours and not gone, whichever session's. Raises TargetError."""
    return _instances(ec2, {"tag-key": RUN_TAG}, "list the instances")


def terminate_instances(ec2: Any, name: str, patience: Patience) -> None:
    """Terminate our instances of this name and wait until they are; what does not exist is gone. Raises TargetError."""
    left: Sequence[Mapping[str, Any]] = ()
    for _ in patience.rounds():
        left = own_instances(ec2, name)
        if not left:
            return
        _ask_to_go(ec2, [each["InstanceId"] for each in left if each["State"]["Name"] != _GOING])
    states = ", ".join(f"{each['InstanceId']} ({each['State']['Name']})" for each in left)
    wish = f"{states} is still there after {patience.timeout_s:.0f} s, though its termination was accepted"
    raise TargetError(f"instance {name}: {wish}; terminate it by hand: {by_hand(name)}")


def by_hand(name: str) -> str:
    """The command that terminates them."""
    found = (
        f"aws ec2 describe-instances --filters Name=tag:Name,Values={name} --query 'Reservations[].Instances[].InstanceId' --output text"
    )
    return f"aws ec2 terminate-instances --instance-ids {name if name.startswith('i-') else f'$({found})'}"


def name_of(described: Mapping[str, Any]) -> str:
    """The name under which it was launched; its id where somebody took that off."""
    return _tags(described).get("Name") or str(described["InstanceId"])


def _tags(described: Mapping[str, Any]) -> dict[str, str]:
    return from_tag_list(described.get("Tags"))


def _instances(ec2: Any, filters: Mapping[str, str], doing: str) -> list[dict[str, Any]]:
    wanted = [{"Name": name, "Values": [value]} for name, value in filters.items()]
    wanted.append({"Name": "instance-state-name", "Values": list(_THERE)})
    with permitted("ec2:DescribeInstances", doing):
        pages = ec2.get_paginator("describe_instances").paginate(Filters=wanted)
        return [each for page in pages for reservation in page["Reservations"] for each in reservation["Instances"]]


def _ask_to_go(ec2: Any, ids: Sequence[str]) -> None:
    if not ids:
        return
    with permitted("ec2:TerminateInstances", f"terminate the instance {', '.join(ids)}"):
        try:
            ec2.terminate_instances(InstanceIds=list(ids))
        except ClientError as error:
            if code_of(error) != "InvalidInstanceID.NotFound":  # what was launched a moment ago may not be visible everywhere yet
                raise
