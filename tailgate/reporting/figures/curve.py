"""Percentile curve: response time against the quantile, on an axis of 1/(1 − q), so that each nine is as wide as the next.

At the quantiles that the run has estimates of, the curve is those estimates, to the last digit. Between them it is the histogram's
(classes of .1 %), kept between the estimates on either side. Its interval is made as theirs (analysis/quantiles.py): between order
statistics, by the binomial law at as many independent requests as the run's are worth. That worth differs between the body and the
tail; it is what the recorded intervals show at their quantiles, and in between them interpolated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis.quantiles import Estimate, interval_ranks
from tailgate.plan.vocabulary import quantile_of
from tailgate.reporting.figures.recorded_values import (
    BudgetLine,
    Distribution,
    budget_lines,
    distribution,
    estimates_in,
    items,
    mapping,
    number,
)
from tailgate.reporting.run_file import Run

PER_DECADE = 24
_MOST_COST = 1000.0
_STEPS = 24

_Costs: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class QuantilePoint:
    """One point. nines: 1/(1 − q), where it stands on the axis. low_s, high_s: of the two-sided 95 % interval, None where unbounded.

    metric: the estimate that it is, None for one between them.
    """

    q: float
    nines: float
    value_s: float
    low_s: float | None
    high_s: float | None
    metric: str | None = None


@dataclass(frozen=True, slots=True)
class PercentileCurve:
    """points: ascending in q, none where nothing was answered. requests: of which failed.

    ends_at_q: where failures begin: from this quantile on the time is infinite and the curve ends; None where none failed.
    budget: limits of percentiles, and of the maximum.
    """

    points: tuple[QuantilePoint, ...]
    requests: int
    failed: int
    ends_at_q: float | None
    budget: tuple[BudgetLine, ...]


def percentile_curve(run: Run) -> PercentileCurve | None:
    """The curve of one run; None where its histogram is damaged, or it has no request."""
    drawn = distribution(run)
    if drawn is None:
        return None
    ends_at_q = drawn.answered / drawn.requests if drawn.failed else None
    return PercentileCurve(_points(run, drawn), drawn.requests, drawn.failed, ends_at_q, budget_lines(run))


def at_quantile(run: Run, metric: str, q: float) -> Estimate | None:
    """A quantile that the record has no estimate of, as the curve has it, failures infinite; None where the histogram is damaged."""
    drawn = distribution(run)
    if drawn is None:
        return None
    known = _known(run, drawn)
    point = _free(q, drawn, _costs(run, drawn, known), known)
    return Estimate(metric, point.value_s, point.low_s, point.high_s)


def _known(run: Run, drawn: Distribution) -> dict[float, Estimate]:
    """The estimates of response times, by quantile, that agree with the histogram."""
    return {q: one for metric, one in estimates_in(run).items() if (q := _of_response(metric)) and _holds(one, q, drawn)}


def _points(run: Run, drawn: Distribution) -> tuple[QuantilePoint, ...]:
    if not drawn.answered:
        return ()
    known = _known(run, drawn)
    costs = _costs(run, drawn, known)
    steps = np.arange(0, math.floor(PER_DECADE * math.log10(drawn.requests)) + 1)
    between = {round(float(1 - 10 ** (-step / PER_DECADE)), 9) for step in steps} | {1 - 1 / drawn.requests}
    free = [_free(q, drawn, costs, known) for q in between - set(known)]
    fixed = [QuantilePoint(q, 1 / (1 - q), one.value, one.low, one.high, one.metric) for q, one in known.items()]
    return tuple(sorted((point for point in (*free, *fixed) if math.isfinite(point.value_s)), key=lambda point: point.q))


def _of_response(metric: str) -> float | None:
    return None if metric.startswith("ttfb_") else quantile_of(metric)


def _holds(estimate: Estimate, q: float, drawn: Distribution) -> bool:
    """Whether an estimate agrees with the histogram as far as the histogram tells; a damaged one does not."""
    told_s = drawn.ranked(_rank(drawn.requests, q))
    return math.isfinite(told_s) and math.isfinite(estimate.value) and abs(estimate.value - told_s) <= 0.002 * told_s + 2e-9


def _free(q: float, drawn: Distribution, costs: _Costs, known: Mapping[float, Estimate]) -> QuantilePoint:
    """A point between the estimates."""
    n = drawn.requests
    least_s = max((one.value for at, one in known.items() if at < q), default=0.0)
    most_s = min((one.value for at, one in known.items() if at > q), default=math.inf)
    value_s = min(max(drawn.ranked(_rank(n, q)), least_s), most_s)
    cost = math.exp(float(np.interp(-math.log1p(-q), *costs)))
    low_rank, high_rank = interval_ranks(n, q, n / cost) if q > 0 else (None, None)
    low_s = min(drawn.ranked(low_rank), value_s) if low_rank else None
    high_s = max(drawn.ranked(high_rank), value_s) if high_rank else None
    return QuantilePoint(q, 1 / (1 - q), value_s, low_s, high_s if high_s is not None and math.isfinite(high_s) else None)


def _rank(n: int, q: float) -> int:
    return max(1, math.ceil(n * q - 1e-9))


def _costs(run: Run, drawn: Distribution, known: Mapping[float, Estimate]) -> _Costs:
    """Requests that are worth an independent one, as logarithms, by −log(1 − q), ascending."""
    told = [(q, cost) for q in sorted(known) if (cost := _cost(known[q], q, drawn)) is not None]
    if not told:
        told = [(0.5, _design_effect(run))]
    return np.array([-math.log1p(-q) for q, _ in told]), np.log([cost for _, cost in told])


def _cost(estimate: Estimate, q: float, drawn: Distribution) -> float | None:
    """What the interval of an estimate was widened by: found again from the ranks of its ends, None where it has none."""
    found = []
    for end, value_s in enumerate((estimate.low, estimate.high)):
        if value_s is not None:
            found.append(_widened(sum(drawn.ranks_at(value_s)) / 2, q, drawn.requests, end))
    return max(found, default=None)


def _widened(rank: float, q: float, n: int, end: int) -> float:
    """The cost at which an end of the interval has such a rank: by bisection, as the interval widens with it."""
    least, most = 0.0, math.log(_MOST_COST)
    for _ in range(_STEPS):
        middle = (least + most) / 2
        reached = interval_ranks(n, q, n / math.exp(middle))[end]
        if reached is None or (reached <= rank if end == 0 else reached >= rank):
            most = middle
        else:
            least = middle
    return math.exp(most if most > 2 * math.log(_MOST_COST) / 2**_STEPS else 0.0)


def _design_effect(run: Run) -> float:
    """The largest that the run's own limits were judged by; 1 where there are none."""
    decisions = [mapping(check.get("decision")) for check in items(run.verdict.get("checks")) if isinstance(check, dict)]
    effects = [number(decision.get("design_effect")) or 1.0 for decision in decisions]
    return min(max([1.0, *effects]), _MOST_COST)
