"""Enough: whether a load holds as many requests as its budget takes to be decided."""

from __future__ import annotations

import math

from tailgate.errors import PlanError
from tailgate.plan.budget import Budget, Limit
from tailgate.plan.load import Load
from tailgate.plan.vocabulary import RATE
from tailgate.units import format_rate

_COUNTED_UP_TO = 1_000_000
"""With more, due times are not drawn while tests are collected: ten million take a second and 80 MB."""


def check_enough(load: Load, budget: Budget, what: str) -> None:
    """Refuse a load too short for its limits, before anything is deployed. Raises PlanError.

    A closed loop is never too short here: its answers decide, and the verdict may say it was too few. An open loop's
    due times after the warm-up are counted, for a seed may hold fewer than the rate promises; but only where six
    standard deviations of a Poisson count leave a doubt.
    """
    expected = load.expected_requests
    if expected is None:
        return
    for limit in budget.limits:
        if limit.unit is RATE:
            _check_offered(load, limit, expected, what)
        doubt = 6 * math.sqrt(expected) + 2
        if expected + doubt < limit.least_requests:
            raise _too_few(what, limit, f"about {expected:.0f}; make it longer or its rate higher")
        if expected - doubt < limit.least_requests:
            _check_count(load, limit, what)


def held(load: Load) -> float | None:
    """How many requests are due in the judged part: counted, or expected where there are too many for that; None in a closed loop."""
    if load.expected_requests is None or _scheduled(load) > _COUNTED_UP_TO:
        return load.expected_requests
    return _due(load)


def _check_offered(load: Load, limit: Limit, expected: float, what: str) -> None:
    """Refuse an achieved rate that the load never offers: nothing that an endpoint does could reach it."""
    offered_per_s = expected / load.for_s
    if abs(expected - limit.bound * load.for_s) < 6 * math.sqrt(expected) and _scheduled(load) <= _COUNTED_UP_TO:
        offered_per_s = _due(load) / load.for_s
    if offered_per_s < limit.bound:
        raise PlanError(
            f"{what}: '{limit.source}' can never be kept, the load offers {format_rate(offered_per_s)}; offer more or ask for less"
        )


def _check_count(load: Load, limit: Limit, what: str) -> None:
    if _scheduled(load) > _COUNTED_UP_TO:
        held = f"about {load.expected_requests:.0f}, which chance may lessen; make it longer"
        raise _too_few(what, limit, held)
    due = _due(load)
    if due < limit.least_requests:
        seeded = ", its rate higher, or the seed another" if hasattr(load, "seed") else " or its rate higher"
        raise _too_few(what, limit, f"{due} due after its warm-up; make it longer{seeded}")


def _scheduled(load: Load) -> float:
    """How many requests the whole load may hold at most, about."""
    return (load.peak_per_s or 0.0) * (load.warmup_s + load.for_s)


def _due(load: Load) -> int:
    """How many requests are due after the warm-up; counted."""
    return int((load.due_times() >= load.warmup_s).sum())


def _too_few(what: str, limit: Limit, held: str) -> PlanError:
    return PlanError(f"{what}: '{limit.source}' needs at least {limit.least_requests} requests to be decided, the load has {held}")
