"""Schedules: EventBridge Scheduler's one-time schedules of ours: deleted by name, and listed with the tags in their description."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC
from typing import Any

from botocore.exceptions import ClientError

from tailgate.aws.custody.kinds import Found, Kind, Services, Tags
from tailgate.aws.names import PREFIX
from tailgate.aws.refusals import code_of, explained
from tailgate.aws.waiting import Patience
from tailgate.errors import TargetError

SCHEDULE = "schedule"
"""What the ledger calls one."""

GROUP = "default"
TITLE = "dead-man's schedule"
_ABSENT = "ResourceNotFoundException"


def schedule_kind() -> Kind:
    """The kind of schedules."""
    return Kind(TITLE, delete_schedule, schedule_tags, _listed, lambda name: f"aws scheduler delete-schedule --name {name}")


def delete_schedule(services: Services, name: str, patience: Patience) -> None:
    """Delete one by name; what does not exist is gone. Raises TargetError."""
    scheduler = services("scheduler")
    for _ in patience.rounds():
        if _asked(scheduler.delete_schedule, f"delete the {TITLE} {name}", name) is None:
            return
        if _asked(scheduler.get_schedule, f"look at the {TITLE} {name}", name) is None:
            return
    raise TargetError(f"the {TITLE} {name} is still there after {patience.timeout_s:.0f} s; it deletes itself once its time has come")


def schedule_tags(services: Services, name: str) -> Tags | None:
    """What one of ours carries; nothing for another's, None where there is none. Raises TargetError."""
    found = _asked(services("scheduler").get_schedule, f"read the {TITLE} {name}", name)
    return None if found is None else _read_tags(found)


def _listed(services: Services) -> Iterator[Found]:
    scheduler = services("scheduler")
    with explained(f"list each {TITLE}"):
        pages = scheduler.get_paginator("list_schedules").paginate(GroupName=GROUP, NamePrefix=PREFIX)
        names = [one["Name"] for page in pages for one in page["Schedules"]]
    for name in names:
        found = _asked(scheduler.get_schedule, f"read the {TITLE} {name}", name)
        if found is not None:
            yield Found(SCHEDULE, name, found["CreationDate"].astimezone(UTC), _read_tags(found))


def _asked(call: Callable[..., Mapping[str, Any]], doing: str, name: str) -> Mapping[str, Any] | None:
    """The answer about a schedule; None where there is no such schedule. Raises TargetError."""
    with explained(doing):
        try:
            return call(Name=name, GroupName=GROUP)
        except ClientError as error:
            if code_of(error) == _ABSENT:
                return None
            raise


def _read_tags(described: Mapping[str, Any]) -> Tags:
    """What is written in a description of ours; nothing in anybody else's."""
    try:
        read = json.loads(described.get("Description") or "")
    except ValueError:
        return {}
    return {key: value for key, value in read.items() if isinstance(value, str)} if isinstance(read, dict) else {}
