"""Removal: several things deleted by name, each as soon as it can be, with patience for what is refused at first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cache
from threading import Lock

from botocore.exceptions import ClientError

from tailgate.aws.clients import open_client
from tailgate.aws.custody.kinds import Services, is_ours
from tailgate.aws.custody.resources import KINDS
from tailgate.aws.names import RUN_TAG
from tailgate.aws.refusals import is_denied
from tailgate.aws.waiting import Patience
from tailgate.errors import TargetError

_AT_ONCE = Patience(interval_s=0.0, timeout_s=0.0)
NOT_YET = "nobody has tried to delete it yet"


@dataclass(frozen=True, slots=True)
class Thing:
    """Something to be removed: its kind, its name, and the session whose tag it must carry."""

    kind: str
    name: str
    run: str


@dataclass(slots=True)
class Removed:
    """What came of it. foreign: things that are not tagged as ours, so they were left alone. left: things by why they are still there."""

    gone: list[Thing] = field(default_factory=list)
    foreign: list[Thing] = field(default_factory=list)
    left: dict[Thing, str] = field(default_factory=dict)


class ForeignError(TargetError):
    """What has the name is not tagged as ours."""


def connect(region: str) -> Services:
    """Clients as boto3 is configured here, each made once, whatever threads ask. They raise what botocore raises, when one is asked for."""
    making = Lock()

    @cache
    def made(service: str) -> object:
        return open_client(service, region)

    def client(service: str) -> object:
        with making:
            return made(service)

    return client


def remove_all(
    things: Iterable[Thing],
    connecting: Callable[[], Services],
    patience: Patience,
    *,
    on_settled: Callable[[Thing], None] = lambda _: None,
    settle_s: float = 0.0,
    most_refusals: int | None = None,
) -> Removed:
    """Delete what is tagged as ours and see that it is gone, until nothing is left or patience ends. Raises nothing.

    Each round tries everything once: nothing waits for what deploys, or is being deleted, but what that is made of, until it is
    seen to be absent. connecting: asked for clients at first, and again after a refusal, for credentials may have been renewed.
    on_settled: told of each that is gone, or is another's. settle_s: until then absence proves nothing, for a create may be under
    way. most_refusals: how often something may be refused before it is given up; None for as long as patience lasts.
    """
    removed = Removed(left=dict.fromkeys(sorted(things, key=_order), NOT_YET))
    refusals = dict.fromkeys(removed.left, 0)
    services: Services | None = None
    for waited_s in patience.rounds():
        before = sum(refusals.values())
        absent: set[Thing] = set()
        for thing in _due(removed.left, absent, refusals, most_refusals):
            try:
                services = services or connecting()
                _remove(services, thing)
            except ForeignError:
                _settle(removed, removed.foreign, thing, on_settled)
            except Exception as error:  # whatever it is, the others must go
                removed.left[thing] = str(error)
                refusals[thing] += not isinstance(error, TargetError) or error.__cause__ is not None
            else:
                absent.add(thing)
                if waited_s >= settle_s:
                    _settle(removed, removed.gone, thing, on_settled)
        services = None if sum(refusals.values()) > before else services
        if not any(_due(removed.left, set(), refusals, most_refusals)):
            break
    return removed


def _settle(removed: Removed, where: list[Thing], thing: Thing, on_settled: Callable[[Thing], None]) -> None:
    del removed.left[thing]
    where.append(thing)
    on_settled(thing)


def _due(
    left: Mapping[Thing, str], absent: AbstractSet[Thing], refusals: Mapping[Thing, int], most_refusals: int | None
) -> Iterator[Thing]:
    """What to try, one after the other: not what waits for another, unless that is found absent meanwhile, nor what was given up."""
    for thing in list(left):
        if (most_refusals is None or refusals[thing] < most_refusals) and not _waits(thing, left.keys() - absent):
            yield thing


def _waits(thing: Thing, left: Iterable[Thing]) -> bool:
    """Whether something of the same name is left that is made of it, or something of the same session that is to go before."""
    kind = KINDS.get(thing.kind)
    after = kind.after if kind is not None else ()
    return any(
        (other.name == thing.name and _order(other) < _order(thing)) or (other.run == thing.run and other.kind in after) for other in left
    )


def _order(thing: Thing) -> int:
    kinds = list(KINDS)
    return kinds.index(thing.kind) if thing.kind in kinds else len(kinds)


def _remove(services: Services, thing: Thing) -> None:
    """Delete one at once; raises TargetError while it is there, without a cause while it is on its way."""
    kind = KINDS.get(thing.kind)
    if kind is None:
        raise TargetError(f"{thing.kind} {thing.name}: this tailgate knows no such kind; use the one that made it") from LookupError(
            thing.kind
        )
    try:
        tags = kind.tags(services, thing.name)
    except TargetError as error:
        if not (isinstance(error.__cause__, ClientError) and is_denied(error.__cause__)):
            raise
        # Whoever may create and delete but not look has the name alone. It holds the session's own hash.
    else:
        if tags is None:
            return
        if not is_ours(tags) or tags[RUN_TAG] != thing.run:
            raise ForeignError(f"the {kind.title} {thing.name} is not tagged as session {thing.run}'s")
    kind.delete(services, thing.name, _AT_ONCE)
