"""The dead-man's switch: AWS itself deletes an endpoint at its expiry, should everything of ours be dead by then.

A one-time schedule of EventBridge Scheduler, armed before the endpoint is created, named like it. It calls SageMaker's
DeleteEndpoint as a role that the user names, and deletes itself afterwards. A schedule cannot carry tags (its group can); so its
description does, as JSON. Only the endpoint costs money by the hour: its model and configuration are left to `tailgate sweep`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from botocore.exceptions import ClientError

from tailgate.aws.custody.kinds import Services, Tags
from tailgate.aws.custody.ledger import Book, Entry
from tailgate.aws.custody.schedules import GROUP, SCHEDULE, delete_schedule, schedule_tags
from tailgate.aws.refusals import code_of, explained, is_denied
from tailgate.aws.waiting import Patience
from tailgate.errors import TargetError
from tailgate.targets import Endpoint

_TAKEN = "ConflictException"
# Scheduler's own defaults, said all the same: an endpoint that is still being created when the time comes cannot be deleted yet.
_RETRIES = {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
_TO_DELETE = Patience(interval_s=0.5, timeout_s=30.0)


class Custodian(Book, Protocol):
    """Where creations are noted, and what is left of them."""

    def left(self) -> tuple[Entry, ...]:
        """What may still be there."""
        ...


@dataclass(frozen=True, slots=True)
class Switch:
    """Whose endpoint is to go when. endpoint: its name. role_arn: as whom AWS deletes it, None for no switch. tags: the endpoint's."""

    endpoint: str
    expires_at: datetime
    role_arn: str | None
    tags: Tags


@contextmanager
def armed(services: Services, switch: Switch, custody: Custodian) -> Iterator[str | None]:
    """Hold the switch armed while the block runs; why there is none, where there is none, as a sentence.

    On leaving it is removed if the endpoint is gone by then; else it stays. Raises TargetError where it could not be armed for a
    reason that is none of permission, or not be removed.
    """
    if switch.role_arn is None:
        yield _none("nobody named the role by which AWS would delete it (--latency-dead-man-role)")
        return
    try:
        _arm(services("scheduler"), switch, custody)
    except TargetError as error:
        if not (isinstance(error.__cause__, ClientError) and is_denied(error.__cause__)):
            raise
        custody.gone(SCHEDULE, switch.endpoint)
        yield _none(f"{error}: scheduler:CreateSchedule, and iam:PassRole on {switch.role_arn}")
        return
    try:
        yield None
    except BaseException as error:
        try:
            _disarm(services, switch.endpoint, custody)
        except TargetError as left_behind:
            error.add_note(str(left_behind))
        raise
    _disarm(services, switch.endpoint, custody)


def guarded(endpoint: Endpoint, switch: Switch, unarmed: str | None) -> Endpoint:
    """The endpoint, with the fact of its switch on record. Where one was asked for and there is none, each of its verdicts says so."""
    fact = f"armed for {switch.expires_at:%Y-%m-%d %H:%M} UTC" if unarmed is None else unarmed
    notes = () if unarmed is None or switch.role_arn is None else (unarmed,)
    return replace(endpoint, provenance={**endpoint.provenance, "dead_man": fact}, notes=endpoint.notes + notes)


def request_of(switch: Switch) -> dict[str, Any]:
    """CreateSchedule's parameters. The role's partition is the target's."""
    partition = str(switch.role_arn).split(":")[1]
    return {
        "Name": switch.endpoint,
        "GroupName": GROUP,
        "Description": json.dumps(dict(switch.tags)),
        "ScheduleExpression": f"at({switch.expires_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S})",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": f"arn:{partition}:scheduler:::aws-sdk:sagemaker:deleteEndpoint",
            "RoleArn": switch.role_arn,
            "Input": json.dumps({"EndpointName": switch.endpoint}),
            "RetryPolicy": _RETRIES,
        },
    }


def _none(why: str) -> str:
    return f"no dead-man: if this host loses power, the endpoint costs money until `tailgate sweep --delete` is run: {why}"


def _arm(scheduler: Any, switch: Switch, custody: Book) -> None:
    name = switch.endpoint
    custody.about_to_create(SCHEDULE, name)
    try:
        with explained(f"arm the dead-man's switch of the endpoint {name}"):
            scheduler.create_schedule(**request_of(switch))
    except TargetError as error:
        if isinstance(error.__cause__, ClientError) and code_of(error.__cause__) == _TAKEN:
            if schedule_tags(lambda _: scheduler, name) == switch.tags:
                return  # botocore asked twice, for the first answer was lost
            custody.gone(SCHEDULE, name)  # it is another's
        else:
            with suppress(TargetError):  # its answer may have been lost
                delete_schedule(lambda _: scheduler, name, _TO_DELETE)
                custody.gone(SCHEDULE, name)
        raise


def _disarm(services: Services, name: str, custody: Custodian) -> None:
    """Remove the schedule, unless its endpoint may still be there."""
    if any(entry.name == name and entry.kind == "endpoint" for entry in custody.left()):
        return
    delete_schedule(services, name, _TO_DELETE)
    custody.gone(SCHEDULE, name)
