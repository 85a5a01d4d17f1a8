"""Cost against p99: what a thousand requests cost at the rate that was asked, and how slow the slowest were; who is worth it.

The cost is at most what it says where nobody says a region's price (`at_most`): then 1.5 times the dearest known is taken. Arms of one
run are left out: two share an instance, or its rate.

On the Pareto front are the runs that no other beats in both: cheaper and faster, or as good in one and better in the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tailgate.analysis.metrics import metric_of
from tailgate.analysis.quantiles import Estimate
from tailgate.errors import PlanError
from tailgate.plan.prices import Price, bundled_regions, check_prices
from tailgate.plan.rates import hour_at_most
from tailgate.reporting.figures.alike import Question, groups
from tailgate.reporting.figures.recorded_values import estimates_in, mapping, number, outcome_in, text, whole
from tailgate.reporting.run_file import Run

_METRIC = "cost_per_1000"


@dataclass(frozen=True, slots=True)
class CostPoint:
    """One run. cost: USD per thousand requests sent. usd_per_hour: of one instance; origin: who says so.

    at_most: whether that price is a bound, as none of its region is known. front: on the Pareto front.
    """

    run: int
    case: str | None
    instance_type: str
    instance_count: int
    usd_per_hour: float
    origin: str
    at_most: bool
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
    """A plane for each question. Prices: as stated in the case, as the endpoint's session paid, bundled for the region, or a bound."""
    planes = []
    for question, places in groups(runs, {"instance_type", "instance_count", "routing", "variant", "load"}):
        alone = [place for place in places if not runs[place].pair]
        points = [point for place in alone if (point := _point(runs[place], place)) is not None]
        unpriced = tuple(place for place in alone if _price(runs[place]) is None)
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
    cost, case = priced(rate, price.usd_per_hour * count), text(run.case.get("id"))
    if not math.isfinite(cost.value):
        return None
    at_most = not price.stated and not _is_paid(run) and run.provenance.get("region") not in bundled_regions()
    return CostPoint(place, case, instance_type, count, price.usd_per_hour, price.origin, at_most, cost, p99, outcome_in(run))


def _price(run: Run) -> Price | None:
    """Of one instance; None where nothing is known of its type."""
    instance_type, paid = text(run.case.get("instance_type")), mapping(run.platform.get("cost"))
    stated = {kind: usd for kind, value in mapping(run.case.get("prices")).items() if (usd := number(value)) is not None}
    if instance_type is None:
        return None
    if instance_type not in stated and _is_paid(run):
        return Price(number(paid.get("usd_per_hour")) or 0.0, text(paid.get("price")) or "as paid")
    try:
        check_prices("the run's prices", stated)
        return hour_at_most(instance_type, str(run.provenance.get("region")), stated)
    except PlanError:
        return None


def _is_paid(run: Run) -> bool:
    """Whether the run's session knew what its endpoint cost an hour."""
    usd = number(mapping(run.platform.get("cost")).get("usd_per_hour"))
    return usd is not None and usd > 0


def _front(points: Sequence[CostPoint]) -> tuple[CostPoint, ...]:
    """The points, cheapest first, and which are on the front."""
    return tuple(
        replace(point, front=math.isfinite(point.p99.value) and not any(_beats(other, point) for other in points))
        for point in sorted(points, key=lambda point: (point.cost.value, point.p99.value))
    )


def _beats(one: CostPoint, other: CostPoint) -> bool:
    ours, theirs = (one.cost.value, one.p99.value), (other.cost.value, other.p99.value)
    return ours[0] <= theirs[0] and ours[1] <= theirs[1] and ours != theirs
