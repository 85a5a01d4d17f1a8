"""Shim: moto 5.2.5's Systems Manager, mended so that what Run Command was sent is really run, by agents of emulated hosts.

moto's commands have succeeded, without output, the moment they are sent, at whatever instance; it knows no managed
nodes. Here an instance is one once its agent has asked for work (`Ssm.work`), and a command is what the agent says of it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Condition
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ssm import models
from moto.ssm.exceptions import SSMException
from moto.ssm.responses import SimpleSystemManagerResponse

from tailgate.targets.emulated.run_commands import Command, Invocation, Status, overall

_DOCUMENT = "AWS-RunShellScript"
_DELIVERY_S, _LIMIT_S = 3600.0, 3600.0  # AWS's defaults
_SHORTEST_DELIVERY_S, _LONGEST_DELIVERY_S = 30, 2_592_000
_LOST_AFTER_S = 15.0  # AWS takes minutes to notice


@dataclass(slots=True)
class _Node:
    """A managed node. seen_s: when its agent last asked, unix time."""

    facts: Mapping[str, str]
    registered_s: float
    seen_s: float


class Ssm(models.SimpleSystemManagerBackend):
    """moto's backend for Systems Manager, with managed nodes and commands that take their time. One per account and region."""

    __module__ = models.__name__  # moto finds a service's routes beside the module of its backend

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._nodes: dict[str, _Node] = {}
        self._invocations: dict[str, list[Invocation]] = {}
        self._news = Condition()  # requests come in threads of their own, and an agent waits for work

    def send(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """SendCommand: refused for instances that are no managed nodes, and for what the emulation does not run."""
        delivery_s = int(asked.get("TimeoutSeconds") or _DELIVERY_S)
        if not _SHORTEST_DELIVERY_S <= delivery_s <= _LONGEST_DELIVERY_S:
            raise _refusal("ValidationException", f"TimeoutSeconds {delivery_s} is not from 30 to 2592000.")
        parameters = asked.get("Parameters") or {}
        if asked.get("DocumentName") != _DOCUMENT:
            raise _refusal("InvalidDocument", f"The emulation runs {_DOCUMENT} only, not {asked.get('DocumentName')}.")
        if not parameters.get("commands"):
            raise _refusal("InvalidParameters", "The document's parameter commands is required.")
        limit_s = float((parameters.get("executionTimeout") or [_LIMIT_S])[0])
        ids = tuple(asked.get("InstanceIds") or ())
        with self._news:
            strangers = [each for each in ids if each not in self._nodes]
            if strangers or not ids:
                where = f"Instances [[{', '.join(strangers)}]] not in a valid state for account {self.account_id}"
                raise _refusal("InvalidInstanceId", where)
            comment, now_s = asked.get("Comment") or "", time.time()
            command = Command(str(uuid.uuid4()), ids, _DOCUMENT, parameters, comment, now_s, delivery_s, limit_s)
            self._invocations[command.id] = [Invocation(command, instance_id) for instance_id in ids]
            self._news.notify_all()
            return self._command(command.id)

    def work(self, instance_id: str, facts: Mapping[str, str], wait_s: float) -> dict[str, Any]:
        """What the agent of an instance, which is a managed node by asking, is to begin and to give up; waits for some."""
        until_s = time.monotonic() + wait_s
        with self._news:
            while True:
                now_s = time.time()
                node = self._nodes.setdefault(instance_id, _Node(facts, now_s, now_s))
                node.seen_s = now_s
                own = [each for each in self._all() if each.instance_id == instance_id]
                begin = [each for each in own if each.status is Status.PENDING]
                cancel = [each.command.id for each in own if each.cancelling]
                left_s = until_s - time.monotonic()
                if begin or cancel or left_s <= 0:
                    break
                self._news.wait(left_s)
            return {"begin": [each.command.errand for each in begin], "cancel": cancel}

    def began(self, instance_id: str, command_id: str) -> None:
        """The instance's agent has a command; until it says so, it is told of it again."""
        with self._news:
            for each in self._invocations.get(command_id, ()):
                if each.instance_id == instance_id:
                    each.begin(time.time())

    def ended(self, instance_id: str, command_id: str, outcome: Mapping[str, Any]) -> None:
        """What became of a command, as the instance's agent says."""
        with self._news:
            for each in self._invocations.get(command_id, ()):
                if each.instance_id == instance_id:
                    each.end(outcome, time.time())

    def forget(self, instance_id: str) -> None:
        """The instance is gone, and no managed node any more; what it was running never ends by itself."""
        with self._news:
            self._nodes.pop(instance_id, None)

    def invocation(self, command_id: str, instance_id: str) -> dict[str, Any]:
        """GetCommandInvocation."""
        with self._news:
            for each in self._all():
                if (each.command.id, each.instance_id) == (command_id, instance_id) and each.visible(time.time()):
                    return each.described()
        raise _refusal("InvocationDoesNotExist", "")

    def listed(self, command_id: str | None, instance_id: str | None) -> list[dict[str, Any]]:
        """ListCommands."""
        with self._news:
            known = list(self._invocations) if command_id is None else [command_id]
            if command_id is not None and command_id not in self._invocations:
                raise _refusal("InvalidCommandId", "")
            of = {each: self._command(each) for each in known}
            return [told for told in of.values() if instance_id is None or instance_id in told["InstanceIds"]]

    def cancel(self, command_id: str, instance_ids: Sequence[str]) -> None:
        """CancelCommand."""
        with self._news:
            if command_id not in self._invocations:
                raise _refusal("InvalidCommandId", "")
            for each in self._invocations[command_id]:
                if not instance_ids or each.instance_id in instance_ids:
                    each.cancel(time.time())
            self._news.notify_all()

    def nodes(self, wanted: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
        """DescribeInstanceInformation. wanted: by a filter's key, its values."""
        with self._news:
            now_s = time.time()
            told = [_information(instance_id, node, now_s) for instance_id, node in self._nodes.items()]
        keys = {"InstanceIds": "InstanceId", "PingStatus": "PingStatus", "PlatformTypes": "PlatformType", "ResourceType": "ResourceType"}
        if strange := set(wanted) - set(keys):
            raise _refusal("InvalidFilterKey", f"The emulation knows no filter {', '.join(sorted(strange))}.")
        return [each for each in told if all(each[keys[key]] in values for key, values in wanted.items())]

    def _all(self) -> list[Invocation]:
        found = [each for of_command in self._invocations.values() for each in of_command]
        for each in found:
            each.advance(time.time())
        return found

    def _command(self, command_id: str) -> dict[str, Any]:
        self._all()
        invocations = self._invocations[command_id]
        command = invocations[0].command
        status, details = overall(invocations)
        return {
            "CommandId": command.id,
            "Comment": command.comment,
            "CompletedCount": sum(each.status.over for each in invocations),
            "DocumentName": command.document,
            "ErrorCount": sum(each.status is Status.FAILED for each in invocations),
            "ExpiresAfter": command.sent_s + command.delivery_s,
            "InstanceIds": list(command.instance_ids),
            "Parameters": dict(command.parameters),
            "RequestedDateTime": command.sent_s,
            "Status": status,
            "StatusDetails": details,
            "TargetCount": len(invocations),
            "TimeoutSeconds": int(command.delivery_s),
        }


def ssm_of(account: str, region: str) -> Ssm:
    """The mended backend. Raises KeyError for a region that there is none of."""
    backend: Ssm = models.ssm_backends[account][region]  # type: ignore[assignment]  # mend_ssm has put it there
    return backend


def mend_ssm() -> None:
    """Put the mended backend in moto's place, process-wide. To be called once, before the first request."""
    models.ssm_backends.backend = Ssm
    for name, method in (
        ("send_command", lambda asked: ActionResult({"Command": asked.ssm_backend.send(_params(asked))})),
        ("get_command_invocation", _get_command_invocation),
        ("list_commands", lambda asked: ActionResult({"Commands": asked.ssm_backend.listed(*_ids(asked))})),
        ("cancel_command", _cancel_command),
        ("describe_instance_information", _describe_instance_information),
    ):
        setattr(SimpleSystemManagerResponse, name, method)


def _params(asked: Any) -> dict[str, Any]:
    names = ("InstanceIds", "DocumentName", "TimeoutSeconds", "Comment", "Parameters")
    return {name: asked._get_param(name) for name in names}


def _ids(asked: Any) -> tuple[str | None, str | None]:
    return asked._get_param("CommandId"), asked._get_param("InstanceId")


def _get_command_invocation(asked: Any) -> Any:
    return ActionResult(asked.ssm_backend.invocation(*_ids(asked)))


def _cancel_command(asked: Any) -> Any:
    asked.ssm_backend.cancel(asked._get_param("CommandId"), asked._get_param("InstanceIds") or ())
    return EmptyResult()


def _describe_instance_information(asked: Any) -> Any:
    newer = {each["Key"]: each["Values"] for each in asked._get_param("Filters") or ()}
    older = {each["key"]: each["valueSet"] for each in asked._get_param("InstanceInformationFilterList") or ()}
    return ActionResult({"InstanceInformationList": asked.ssm_backend.nodes(newer | older)})


def _information(instance_id: str, node: _Node, now_s: float) -> dict[str, Any]:
    return {
        "InstanceId": instance_id,
        "PingStatus": "Online" if now_s - node.seen_s < _LOST_AFTER_S else "ConnectionLost",
        "LastPingDateTime": node.seen_s,
        "RegistrationDate": node.registered_s,
        "AgentVersion": "3.3.0.0",
        "IsLatestVersion": True,
        "PlatformType": "Linux",
        "PlatformName": "Amazon Linux",
        "PlatformVersion": "2023",
        "ResourceType": "EC2Instance",
        **node.facts,
    }


def _refusal(code: str, message: str) -> SSMException:
    return SSMException(code, message)
