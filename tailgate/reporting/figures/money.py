"""Cost against p99: what a thousand requests cost at the rate that was asked, and how slow the slowest were; who is worth it.

On the Pareto front are the runs that no other beats in both: cheaper and faster, or as good in one and better in the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tailgate.analysis.metrics import metric_of
from tailgate.analysis.quantiles import Estimate
from tailgate.errors import PlanError
from tailgate.plan.prices import Price, check_price_in, check_prices, price_of
from tailgate.reporting.figures.alike import Question, groups
from tailgate.reporting.figures.recorded_values import estimates_in, mapping, number, outcome_in, text, whole
from tailgate.reporting.run_file import Run

_METRIC = "cost_per_1000"


@dataclass(frozen=True, slots=True)
class CostPoint:
    """One run. cost: USD per thousand requests sent. usd_per_hour: of one instance. origin: who says so. front: on the Pareto front."""

    run: int
    case: str | None
    instance_type: str
    instance_count: int
    usd_per_hour: float
    origin: str
    cost: Estimate
    p99: Estimate
    outcome: str | None
    front: bool = False


@dataclass(frozen=True, slots=True)
class CostPlane:
    """Runs of one question on whatever instances, at whatever rate, the cheapest first.

    unpriced: places of the runs whose price nobody says.
    """

    question: Question
    points: tuple[CostPoint, ...]
    unpriced: tuple[int, ...]


def cost_against_p99(runs: Sequence[Run]) -> tuple[CostPlane, ...]:
    """A plane for each question. Prices: as stated in the case, as CloudWatch's session paid, or bundled for the region; none made up."""
    planes = []
    for question, places in groups(runs, {"instance_type", "instance_count", "routing", "variant", "load"}):
        points = [point for place in places if (point := _point(runs[place], place)) is not None]
        unpriced = tuple(place for place in places if _price(runs[place]) is None)
        if points or unpriced:
            planes.append(CostPlane(question, _front(points), unpriced))
    return tuple(planes)


def _point(run: Run, place: int) -> CostPoint | None:
    price, instance_type, count = _price(run), text(run.case.get("instance_type")), whole(run.case.get("instance_count"))
    estimates = estimates_in(run)
    rate, p99 = estimates.get("achieved_rate"), estimates.get("p99")
    priced = metric_of(_METRIC).priced
    if price is None or instance_type is None or not count or rate is None or p99 is None or priced is None:
        return None
    cost = priced(rate, price.usd_per_hour * count)
    if not math.isfinite(cost.value):
        return None
    return CostPoint(place, text(run.case.get("id")), instance_type, count, price.usd_per_hour, price.origin, cost, p99, outcome_in(run))


def _price(run: Run) -> Price | None:
    """Of one instance; None where none is known for its region."""
    paid, instance_type = mapping(run.platform.get("cost")), text(run.case.get("instance_type"))
    stated = {kind: usd for kind, value in mapping(run.case.get("prices")).items() if (usd := number(value)) is not None}
    if instance_type is None:
        return None
    listed = number(paid.get("usd_per_hour"))
    if instance_type not in stated and listed is not None and listed > 0:
        return Price(listed, text(paid.get("price")) or "as paid")
    return _known(str(run.provenance.get("region")), instance_type, stated)


def _known(region: str, instance_type: str, stated: Mapping[str, float]) -> Price | None:
    try:
        check_prices("the run's prices", stated)
        check_price_in(region, instance_type, stated)
        return price_of(instance_type, stated)
    except PlanError:
        return None


def _front(points: Sequence[CostPoint]) -> tuple[CostPoint, ...]:
    """The points, cheapest first, and which are on the front."""
    return tuple(
        replace(point, front=math.isfinite(point.p99.value) and not any(_beats(other, point) for other in points))
        for point in sorted(points, key=lambda point: (point.cost.value, point.p99.value))
    )


def _beats(one: CostPoint, other: CostPoint) -> bool:
    ours, theirs = (one.cost.value, one.p99.value), (other.cost.value, other.p99.value)
    return ours[0] <= theirs[0] and ours[1] <= theirs[1] and ours != theirs
