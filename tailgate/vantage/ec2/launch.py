"""Launch: a site's hosts, asked for by one call whose token makes them once, with no way in, no key, and their own end armed.

What is launched carries our name as its tag `Name` and as its token; both are in the ledger before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from threading import Event
from typing import Any

from botocore.exceptions import ClientError

from tailgate.aws import own_instances
from tailgate.aws.custody.ledger import Book
from tailgate.aws.names import PREFIX, as_tag_list
from tailgate.aws.network.own_link import SECURITY_GROUP, make_group, settled
from tailgate.aws.permissions import permitted
from tailgate.aws.refusals import NameTakenError, code_of
from tailgate.aws.waiting import Patience
from tailgate.errors import CapacityError, TargetError
from tailgate.vantage.ec2.site import Site
from tailgate.vantage.fleet import MASTER_PORT

_WHAT = "tailgate: hosts that load comes from; nobody is let in"
_AMONG = "tailgate: hosts of one load among themselves"
_DISK_GB = 16
_CAPACITY = ("InsufficientInstanceCapacity", "VcpuLimitExceeded", "InstanceLimitExceeded", "VolumeLimitExceeded")


def hosts_name(session: str) -> str:
    """The one name of a session's hosts and of their security group: `tailgate-hosts-3f9a0c27d1`."""
    return f"{PREFIX}hosts-{hashlib.sha256(session.encode()).hexdigest()[:10]}"


def user_data(minutes: int) -> str:
    """What a host does first of all when it boots: arm its own end, which terminates it."""
    return f"#!/bin/sh\nshutdown -h +{minutes}\n"


def launch(ec2: Any, site: Site, name: str, tags: Mapping[str, str], minutes: int, ledger: Book, stop: Event | None = None) -> list[str]:
    """Ask for all hosts at once, or none; their ids, while they are pending. minutes: after which each ends by itself.

    Raises TargetError, CapacityError, NameTakenError.
    """
    group = site.security_group or _group(ec2, site, name, tags, ledger, stop)
    ledger.about_to_create(own_instances.INSTANCE, name)
    asked = request_of(site, name, tags, minutes, group)
    doing = f"launch {site.count} × {site.instance_type} in {site.subnet.id} ({site.subnet.zone})"

    def run() -> Any:
        with permitted("ec2:RunInstances (with ec2:CreateTags, and iam:PassRole for the instance profile's role)", doing):
            return ec2.run_instances(**asked)

    return [each["InstanceId"] for each in settled(run, stop)["Instances"]]


def request_of(site: Site, name: str, tags: Mapping[str, str], minutes: int, group: str) -> dict[str, Any]:
    """The parameters of RunInstances. Pure."""
    carried = as_tag_list({**tags, "Name": name})
    disk = {"VolumeSize": max(_DISK_GB, site.image.least_gb), "VolumeType": "gp3", "Encrypted": True, "DeleteOnTermination": True}
    interface = {"DeviceIndex": 0, "SubnetId": site.subnet.id, "Groups": [group], "DeleteOnTermination": True}
    return {
        "ImageId": site.image.id,
        "InstanceType": site.instance_type,
        "MinCount": site.count,
        "MaxCount": site.count,
        "ClientToken": name,
        "IamInstanceProfile": {"Arn": site.profile.arn},
        "NetworkInterfaces": [interface | {"AssociatePublicIpAddress": site.public}],
        "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled", "HttpPutResponseHopLimit": 1},
        "InstanceInitiatedShutdownBehavior": "terminate",
        "UserData": user_data(minutes),
        "BlockDeviceMappings": [{"DeviceName": site.image.root, "Ebs": disk}],
        "TagSpecifications": [{"ResourceType": kind, "Tags": carried} for kind in ("instance", "volume", "network-interface")],
    }


def wait_running(ec2: Any, ids: Sequence[str], patience: Patience, stop: Event | None = None) -> list[dict[str, Any]]:
    """The hosts' descriptions once all of them run. Raises TargetError naming one that went down, CapacityError; StoppedError."""
    states: dict[str, str] = {}
    for _ in patience.rounds(stop):
        found = describe(ec2, ids)
        states = {each["InstanceId"]: each["State"]["Name"] for each in found}
        check_up(found)
        if len(found) == len(ids) and set(states.values()) == {"running"}:
            return sorted(found, key=lambda each: list(ids).index(each["InstanceId"]))
    told = ", ".join(f"host {each} is {states.get(each, 'not visible')}" for each in ids)
    raise TargetError(f"{told} after {patience.timeout_s:.0f} s; look at it in the EC2 console")


def describe(ec2: Any, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The descriptions of instances, as far as they are visible already. Raises TargetError."""
    with permitted("ec2:DescribeInstances", f"describe the hosts {', '.join(ids)}"):
        try:
            answer = ec2.describe_instances(InstanceIds=list(ids))
        except ClientError as error:
            if code_of(error) != "InvalidInstanceID.NotFound":
                raise
            return []
    return [each for reservation in answer["Reservations"] for each in reservation["Instances"]]


def check_up(found: Sequence[Mapping[str, Any]]) -> None:
    """Refuse hosts that went down. Raises TargetError naming one, and why; CapacityError."""
    for each in found:
        state = each["State"]["Name"]
        if state not in ("pending", "running"):
            reason = each.get("StateReason", {})
            why = reason.get("Message") or each.get("StateTransitionReason") or "AWS does not say why"
            kind = CapacityError if any(code in f"{reason.get('Code')} {why}" for code in _CAPACITY) else TargetError
            raise kind(f"host {each['InstanceId']} is {state} before anything was asked of it: {why}")


def _group(ec2: Any, site: Site, name: str, tags: Mapping[str, str], ledger: Book, stop: Event | None) -> str:
    """A group of their own, by which nobody gets in but, of several hosts, these among themselves."""
    ledger.about_to_create(SECURITY_GROUP, name)
    try:
        group_id = make_group(ec2, name, site.subnet.vpc_id, tags, _WHAT)
    except NameTakenError:
        ledger.gone(SECURITY_GROUP, name)
        raise
    if site.count > 1:
        settled(lambda: _among_themselves(ec2, group_id, name), stop)
    return group_id


def _among_themselves(ec2: Any, group_id: str, name: str) -> None:
    pairs = [{"GroupId": group_id, "Description": _AMONG}]
    rule = {"IpProtocol": "tcp", "FromPort": MASTER_PORT, "ToPort": MASTER_PORT, "UserIdGroupPairs": pairs}
    with permitted("ec2:AuthorizeSecurityGroupIngress", f"let hosts of the security group {name} reach each other"):
        try:
            ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[rule])
        except ClientError as error:
            if code_of(error) != "InvalidPermission.Duplicate":
                raise
