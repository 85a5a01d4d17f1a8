"""Checks that several words of a plan share: what a value is, and how it is shown to the one who wrote it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeGuard

from tailgate.errors import PlanError, nearest

MOST_REQUESTS = 50_000_000
"""How many requests a load may schedule: their due times alone take 400 MB, and at 1 000/s they last half a day."""

LARGEST_SEED = 2**63 - 1
"""The largest whole number that TOML promises to keep."""

_MOST_SHOWN = 120


def shown(value: object) -> str:
    """A value as its author would know it again, cut where it is long. Never raises."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        return f"a value of type {type(value).__name__}, too large to be shown"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}… ({len(text)} characters)"


def is_finite(number: object) -> TypeGuard[int | float]:
    """Whether it is a number, of those that a float can hold; True and False are none."""
    try:
        return isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)
    except OverflowError:
        return False


def is_whole(number: object, least: int, most: int) -> TypeGuard[int]:
    """Whether it is a whole number between two bounds, both included; True and False are none."""
    return isinstance(number, int) and not isinstance(number, bool) and least <= number <= most


def check_is(what: str, value: object, kinds: type | tuple[type, ...], description: str) -> None:
    """Refuse a value of another type; what: its argument. Raises PlanError."""
    if not isinstance(value, kinds):
        raise PlanError(f"{what} is {shown(value)}; it is {description}")


def check_one_of(what: str, value: object, allowed: Iterable[str]) -> None:
    """Refuse a word that is not among those allowed, with the nearest spelling. Raises PlanError."""
    allowed = tuple(allowed)
    if value not in allowed:
        raise PlanError(f"{what} is {shown(value)}{nearest(value if isinstance(value, str) else '', allowed)}")


def check_word(what: str, value: object) -> None:
    """Refuse what is no text that can stand in a line, a file's name or a request. Raises PlanError."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise PlanError(f"{what} is {shown(value)}; it is a text of one line, not empty, without control characters")


def check_share(what: str, value: object) -> None:
    """Refuse what is no share above 0. Raises PlanError."""
    if not is_finite(value) or not 0 < value <= 1:
        raise PlanError(f"{what} is {shown(value)}; it is a share, above 0 and at most 1")


def check_scheduled(requests: float) -> None:
    """Refuse a load of more requests, warm-up included, than anybody means. Raises PlanError."""
    if not requests <= MOST_REQUESTS:
        raise PlanError(
            f"load: it holds {requests:.3g} requests, warm-up included; at most {MOST_REQUESTS:,} are scheduled: "
            "rates are in requests per second and times in seconds; make it shorter or its rate lower"
        )
