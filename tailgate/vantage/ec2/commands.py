"""Commands: what Systems Manager's Run Command is asked: whether a host's agent is there, and to run a script on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

from botocore.exceptions import ClientError

from tailgate.aws.permissions import permitted
from tailgate.aws.refusals import code_of
from tailgate.aws.waiting import Patience
from tailgate.errors import TargetError
from tailgate.vantage.ec2.launch import check_up, describe

_DOCUMENT = "AWS-RunShellScript"
_DELIVERY_S = 60
_OVER = frozenset({"Success", "Failed", "TimedOut", "Cancelled", "Cancelling"})
_NOT_YET = "InvocationDoesNotExist"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a script ended on a host. status: as Systems Manager has it; `Success` where it ended with code 0."""

    status: str
    output: str
    errors: str

    @property
    def well(self) -> bool:
        """Whether it did what it was to do."""
        return self.status == "Success"


def wait_online(ssm: Any, ec2: Any, ids: Sequence[str], patience: Patience, stop: Event | None = None) -> None:
    """Until the agents of all hosts have reported. Raises TargetError naming one that did not, or that went down; StoppedError."""
    absent = list(ids)
    for _ in patience.rounds(stop):
        online = {each["InstanceId"] for each in _known(ssm, ids) if each["PingStatus"] == "Online"}
        absent = [each for each in ids if each not in online]
        if not absent:
            return
        check_up(describe(ec2, ids))
    cause = "its role lacks ssm:UpdateInstanceInformation or ssmmessages:*, or it cannot reach ssm and ssmmessages"
    see = f"aws ec2 get-console-output --latest --instance-id {absent[0]}"
    raise TargetError(
        f"host {absent[0]} runs, and has not reported to Systems Manager within {patience.timeout_s:.0f} s; likely {cause} (its subnet's "
        f"routes, VPC endpoints and their security groups), or the image has no SSM agent; its console may tell, while it lasts: {see}"
    )


def run_scripts(
    ssm: Any, ec2: Any, scripts: Mapping[str, Sequence[str]], comment: str, limit_s: int, patience: Patience, stop: Event | None = None
) -> dict[str, Ended]:
    """Run a script of its own on each host, side by side. scripts: by instance, its lines. limit_s: of each.

    Raises TargetError where a command could not be sent or followed, and where a host is gone, of which its commands never say;
    StoppedError.
    """
    sent = {instance_id: _send(ssm, instance_id, lines, comment, limit_s) for instance_id, lines in scripts.items()}
    ended: dict[str, Ended] = {}
    for _ in patience.rounds(stop):
        for instance_id, command_id in sent.items():
            if instance_id not in ended and (outcome := _ended(ssm, command_id, instance_id)) is not None:
                ended[instance_id] = outcome
        if len(ended) == len(sent):
            return ended
        check_up(describe(ec2, [each for each in sent if each not in ended]))
        _check_reached(ssm, [each for each in sent if each not in ended])
    silent = ", ".join(each for each in sent if each not in ended)
    raise TargetError(f"host {silent}: Systems Manager does not say what became of a command ({comment}) within {patience.timeout_s:.0f} s")


def _check_reached(ssm: Any, ids: Sequence[str]) -> None:
    """Refuse hosts that do not answer Systems Manager any more, which says so after minutes. Raises TargetError."""
    for each in _known(ssm, ids):
        if each["PingStatus"] == "ConnectionLost":
            raise TargetError(
                f"host {each['InstanceId']} is out of Systems Manager's reach while it is made ready: it hangs, or its network died"
            )


def _known(ssm: Any, ids: Sequence[str]) -> list[dict[str, Any]]:
    with permitted("ssm:DescribeInstanceInformation", "ask Systems Manager for the hosts"):
        wanted = [{"Key": "InstanceIds", "Values": list(ids)}]
        found: list[dict[str, Any]] = ssm.describe_instance_information(Filters=wanted)["InstanceInformationList"]
    return found


def _send(ssm: Any, instance_id: str, lines: Sequence[str], comment: str, limit_s: int) -> str:
    with permitted("ssm:SendCommand", f"send a command to host {instance_id} ({comment})"):
        answer = ssm.send_command(
            InstanceIds=[instance_id],
            DocumentName=_DOCUMENT,
            Comment=comment,
            TimeoutSeconds=_DELIVERY_S,
            Parameters={"commands": list(lines), "executionTimeout": [str(limit_s)]},
        )
    return str(answer["Command"]["CommandId"])


def _ended(ssm: Any, command_id: str, instance_id: str) -> Ended | None:
    """How it ended; None while it has not, or is not visible yet."""
    with permitted("ssm:GetCommandInvocation", f"follow a command on host {instance_id}"):
        try:
            told = ssm.get_command_invocation(CommandId=command_id, InstanceId=instance_id)
        except ClientError as error:
            if code_of(error) == _NOT_YET:
                return None
            raise
    if told["Status"] not in _OVER:
        return None
    status = told["Status"] if told["Status"] == "Success" else told.get("StatusDetails") or told["Status"]
    return Ended(status, told.get("StandardOutputContent", ""), told.get("StandardErrorContent", ""))
