"""Pair: two cases that are measured in one run, and by how much the second may be worse than the first."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tailgate.errors import PlanError, nearest
from tailgate.plan.arms import ArmLoad, check_open_loop
from tailgate.plan.case import Case
from tailgate.plan.checks import check_is, shown
from tailgate.plan.load import load_text
from tailgate.plan.vocabulary import quantile_of
from tailgate.units import seconds

MEAN = "mean"
SHOWN = ("p50", "p90", "p99", MEAN)
"""Metrics of which every comparison tells the difference."""

_OF_THE_WHOLE_LOAD = frozenset({"achieved_rate", "cost_per_1000"})


@dataclass(frozen=True, slots=True)
class Pair:
    """Two cases that may be measured in one run. no_worse_than: margins by metric, such as {"p99": "5ms"}, as the plan says them.

    Raises PlanError where they ask too different questions, or a margin cannot be meant.
    """

    first: Case
    second: Case
    no_worse_than: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        check_pair(self.first, self.second)
        for metric, margin in self.no_worse_than.items():
            check_metric(metric)
            margin_s(margin)

    @property
    def cases(self) -> tuple[Case, Case]:
        """Arm 0 and arm 1."""
        return self.first, self.second

    @property
    def id(self) -> str:
        """How people name it: `network-path-ml.t2.xlarge-public+privatelink`."""
        return pair_id(self.first, self.second)


def check_pair(first: Case, second: Case) -> None:
    """Refuse two cases that one run cannot compare. Raises PlanError naming what differs."""
    for case in (first, second):
        check_is("paired: what is measured in an arm", case, Case, "a Case, such as RANKER.via('privatelink')")
    check_open_loop(first.load)
    what = f"paired: {first.id} and {second.id}"
    if load_text(first.load) != load_text(second.load):
        loads = f"{first.load.wording} and {second.load.wording}"
        raise PlanError(f"{what} differ in their load ({loads}); both arms share one schedule: give both the same, with .under(load)")
    if _asked(first) != _asked(second):
        raise PlanError(f"{what} differ in their payload; what is asked would be in the difference, so give both the same")
    if first.expect != second.expect:
        raise PlanError(f"{what} differ in what they expect; a failure has to mean the same in both arms, so give both the same")


def arm_cases(first: Case, second: Case, seed: int) -> tuple[Case, Case]:
    """Each case under its part of the load, as a question of its own. Raises PlanError where a part is too short for its budget."""
    check_pair(first, second)
    for case in (first, second):
        _check_limits(case)
    try:
        return (
            dataclasses.replace(first, load=ArmLoad(first.load, 0, seed, second.place)),
            dataclasses.replace(second, load=ArmLoad(second.load, 1, seed, first.place)),
        )
    except PlanError as error:
        raise PlanError(f"paired: each arm has half of the requests: {error}") from None


def _check_limits(case: Case) -> None:
    for limit in case.budget.limits:
        if limit.metric in _OF_THE_WHOLE_LOAD:
            why = "an arm gets half of the requests, so it would be judged by half of that; gate it in a run of its own"
            raise PlanError(f"paired: {case.id}: '{limit.source}' is of the whole load: {why}")


def labels_of(first: Case, second: Case) -> tuple[str, str]:
    """What sets the cases apart, in few words: `public` and `privatelink`, or two endpoints' names."""
    differing = [part for part in _PARTS if part(first) != part(second)]
    if not differing:
        return "first", "second"
    one, other = (" ".join(part(case) for part in differing) for case in (first, second))
    return one, other


def pair_id(first: Case, second: Case) -> str:
    """A name for both: the first's id, and how the second differs."""
    return f"{first.id}+{labels_of(first, second)[1].replace(' ', '-')}"


def check_metric(metric: object) -> None:
    """Refuse a metric of which two arms cannot differ by a time. Raises PlanError."""
    if metric != MEAN and not (isinstance(metric, str) and metric.startswith("p") and quantile_of(metric)):
        close = nearest(metric if isinstance(metric, str) else "", [*SHOWN, "p95", "p99.9"])
        raise PlanError(f"paired: {shown(metric)} is not compared: it is a percentile of the response time, or the mean{close}")


def margin_s(margin: object) -> float:
    """A margin in seconds, from its text such as `2ms`. Raises PlanError."""
    check_is("paired: the margin", margin, str, "a duration such as '2ms': by how much the second arm may be slower")
    return seconds(str(margin))


def _asked(case: Case) -> tuple[object, ...]:
    return case.bodies(), case.payloads.weights, case.payloads.seed


def _instances(case: Case) -> str:
    return case.spec.instance_type if case.spec.instance_count == 1 else f"{case.spec.instance_count} × {case.spec.instance_type}"


_PARTS: tuple[Callable[[Case], str], ...] = (
    lambda case: case.spec.name,
    lambda case: case.spec.model,
    _instances,
    lambda case: case.spec.routing,
    lambda case: case.spec.variant,
    lambda case: case.network_path,
)
