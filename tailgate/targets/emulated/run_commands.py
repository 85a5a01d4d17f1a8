"""Run commands: what Systems Manager knows of a shell command that was sent to instances, from Pending to its end. Pure.

Statuses, details and limits are those of "Understanding command statuses" and of GetCommandInvocation in AWS's reference.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

STDOUT_CHARACTERS, STDERR_CHARACTERS = 24_000, 8_000
PLUGIN = "aws:runShellScript"
_NOT_RUN = -1
_TELLING_S = 5.0  # an agent ends what takes too long, and tells so
_VISIBLE_AFTER_S = 0.1
"""Run Command is eventually consistent: an invocation that was only just sent does not exist yet for who asks for it."""


class Status(enum.Enum):
    """Of an invocation: what GetCommandInvocation says as Status, and as StatusDetails."""

    PENDING = ("Pending", "Pending")
    RUNNING = ("InProgress", "InProgress")
    SUCCESS = ("Success", "Success")
    FAILED = ("Failed", "Failed")
    CANCELLED = ("Cancelled", "Cancelled")
    UNDELIVERED = ("TimedOut", "DeliveryTimedOut")
    OVERTIME = ("TimedOut", "ExecutionTimedOut")

    @property
    def told(self) -> tuple[str, str]:
        """Status and StatusDetails."""
        status, details = self.value
        return status, details

    @property
    def over(self) -> bool:
        """Whether it stays so."""
        return self not in (Status.PENDING, Status.RUNNING)


@dataclass(frozen=True, slots=True)
class Command:
    """What was sent. sent_s: unix time. delivery_s: within which it has to begin. limit_s: how long it may run."""

    id: str
    instance_ids: tuple[str, ...]
    document: str
    parameters: Mapping[str, list[str]]
    comment: str
    sent_s: float
    delivery_s: float
    limit_s: float

    @property
    def errand(self) -> dict[str, Any]:
        """What the agent on an instance is told of it."""
        folder = (self.parameters.get("workingDirectory") or [""])[0]
        return {"command_id": self.id, "lines": self.parameters["commands"], "limit_s": self.limit_s, "folder": folder}


@dataclass(slots=True)
class Invocation:
    """A command at one instance. Times are unix times."""

    command: Command
    instance_id: str
    status: Status = Status.PENDING
    code: int = _NOT_RUN
    stdout: str = ""
    stderr: str = ""
    began_s: float = math.nan
    ended_s: float = math.nan
    cancelling: bool = field(default=False)

    def advance(self, now_s: float) -> None:
        """Give up what was not delivered in time, and what nobody tells the end of."""
        if self.status is Status.PENDING and now_s >= self.command.sent_s + self.command.delivery_s:
            self._end(Status.UNDELIVERED, now_s)
        elif self.status is Status.RUNNING and now_s >= self.began_s + self.command.limit_s + _TELLING_S:
            self._end(Status.OVERTIME, now_s)

    def begin(self, now_s: float) -> None:
        """The agent has it."""
        if self.status is Status.PENDING:
            self.status, self.began_s = Status.RUNNING, now_s

    def cancel(self, now_s: float) -> None:
        """Somebody wants it ended: at once where it has not begun."""
        if self.status is Status.PENDING:
            self._end(Status.CANCELLED, now_s)
        self.cancelling = not self.status.over

    def end(self, outcome: Mapping[str, Any], now_s: float) -> None:
        """What the agent says became of it: code, stdout, stderr, overtime, cancelled."""
        if self.status.over:
            return
        self.began_s = now_s if math.isnan(self.began_s) else self.began_s  # the word that it had begun was lost
        self.code, self.stdout, self.stderr = int(outcome["code"]), str(outcome["stdout"]), str(outcome["stderr"])
        if outcome.get("cancelled"):
            self._end(Status.CANCELLED, now_s)
        elif outcome.get("overtime"):
            self._end(Status.OVERTIME, now_s)
        else:
            self._end(Status.SUCCESS if self.code == 0 else Status.FAILED, now_s)

    def visible(self, now_s: float) -> bool:
        """Whether the service has it for who asks."""
        return now_s >= self.command.sent_s + _VISIBLE_AFTER_S

    def described(self) -> dict[str, Any]:
        """As GetCommandInvocation answers."""
        status, details = self.status.told
        over = self.status.over
        return {
            "CommandId": self.command.id,
            "InstanceId": self.instance_id,
            "Comment": self.command.comment,
            "DocumentName": self.command.document,
            "DocumentVersion": "$DEFAULT",
            "PluginName": PLUGIN,
            "ResponseCode": self.code,
            "ExecutionStartDateTime": _iso(self.began_s),
            "ExecutionElapsedTime": _duration(self.ended_s - self.began_s),
            "ExecutionEndDateTime": _iso(self.ended_s),
            "Status": status,
            "StatusDetails": details,
            "StandardOutputContent": cut(self.stdout, STDOUT_CHARACTERS) if over else "",
            "StandardOutputUrl": "",
            "StandardErrorContent": cut(self.stderr, STDERR_CHARACTERS) if over else "",
            "StandardErrorUrl": "",
        }

    def _end(self, status: Status, now_s: float) -> None:
        self.status, self.ended_s, self.cancelling = status, now_s, False


def overall(invocations: Sequence[Invocation]) -> tuple[str, str]:
    """Status and details of a command from those of its invocations: running while one is, then the worst."""
    statuses = [invocation.status for invocation in invocations]
    if all(status is Status.PENDING for status in statuses):
        return Status.PENDING.told
    if not all(status.over for status in statuses):
        return Status.RUNNING.told
    for worst in (Status.FAILED, Status.OVERTIME, Status.UNDELIVERED, Status.CANCELLED):
        if worst in statuses:
            return worst.told
    return Status.SUCCESS.told


def cut(text: str, characters: int) -> str:
    """The first characters, as the service keeps them."""
    return text[:characters]


def _iso(unix_s: float) -> str:
    return "" if math.isnan(unix_s) else datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _duration(seconds: float) -> str:
    return "" if math.isnan(seconds) else f"PT{seconds:.3f}S"
