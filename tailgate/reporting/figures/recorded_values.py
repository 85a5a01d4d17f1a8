"""Recorded values: what a record holds, taken with care: of whatever else stands there, nothing is believed."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis.quantiles import Estimate
from tailgate.errors import RecordError
from tailgate.plan.vocabulary import quantile_of
from tailgate.reporting.histogram import classes
from tailgate.reporting.plain import Plain
from tailgate.reporting.recorded_run import estimates_of, limits_of
from tailgate.reporting.run_file import Run

_LARGEST = sys.float_info.max
"""JSON bounds no integer; a float does."""


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """A limit as a plot draws it. bound_s: seconds. q: the quantile that it bounds, None for a maximum. source: as it was written.

    outcome: PASS, FAIL or INCONCLUSIVE, None where the record does not say.
    """

    metric: str
    source: str
    bound_s: float
    q: float | None
    outcome: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """A run's response times as its histogram tells them. requests: judged, failed ones among them.

    lowest_s, highest_s: ends of the occupied classes, ascending, shapes (k,). upto: requests in a class or below, shape (k,).
    """

    lowest_s: NDArray[np.float64]
    highest_s: NDArray[np.float64]
    upto: NDArray[np.int64] = field(repr=False)
    requests: int

    @property
    def answered(self) -> int:
        """Requests that have a time."""
        return int(self.upto[-1]) if len(self.upto) else 0

    @property
    def failed(self) -> int:
        """Requests that have none; they are slower than any."""
        return self.requests - self.answered

    def ranked(self, rank: int) -> float:
        """The rank-th shortest time, from 1, seconds: the middle of its class, infinite among those that failed."""
        if rank > self.answered:
            return math.inf
        place = int(self.upto.searchsorted(max(rank, 1)))
        return float(self.lowest_s[place] + self.highest_s[place]) / 2

    def ranks_at(self, time_s: float) -> tuple[int, int]:
        """Of the class that a time lies in: the first rank, from 1, and the last."""
        place = min(int(self.highest_s.searchsorted(time_s * (1 - 1e-9))), len(self.upto) - 1)
        return (int(self.upto[place - 1]) if place else 0) + 1, int(self.upto[place])


def distribution(run: Run) -> Distribution | None:
    """The response times of a run; None where they are damaged, or there was no request."""
    try:
        lowest_s, highest_s, counts = classes(str(run.histogram.get("encoded")))
    except RecordError:
        return None
    answered, judged = int(counts.sum()), whole(run.requests.get("judged"))
    requests = max(answered, judged if judged is not None else answered + failed_requests(run))
    sound = requests > 0 and bool((counts > 0).all())
    return Distribution(lowest_s, highest_s, np.cumsum(counts), requests) if sound else None


def failed_requests(run: Run) -> int:
    """How many failed, of all kinds."""
    return sum(whole(count) or 0 for count in mapping(run.requests.get("failed")).values())


def estimates_in(run: Run) -> dict[str, Estimate]:
    """Its estimates by metric, those of its limits among them."""
    return {one.metric: one for one in map(_sound, estimates_of(run)) if one.value >= 0}


def estimate_in(fields: Plain) -> Estimate | None:
    """An estimate in plain form; None where it is none."""
    match fields:
        case {"metric": str(metric), "value": int() | float() | None as value, **rest}:
            sound = _sound(Estimate(metric, math.inf if value is None else float(value), number(rest.get("low")), number(rest.get("high"))))
            return sound if sound.value >= 0 else None
    return None


def budget_lines(run: Run) -> tuple[BudgetLine, ...]:
    """Its limits of response times: percentiles and the maximum."""
    return tuple(_line(run, limit) for limit in limits_of(run) if _drawn(limit))


def outcome_in(run: Run) -> str | None:
    """PASS, FAIL or INCONCLUSIVE."""
    return text(run.verdict.get("outcome"))


def mapping(value: object) -> Mapping[str, Plain]:
    """A mapping, empty where there is none."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Plain]:
    """A list, empty where there is none."""
    return value if isinstance(value, list) else []


def number(value: object) -> float | None:
    """A finite number."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST else None


def whole(value: object) -> int | None:
    """A count: a whole number from 0 up."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def text(value: object) -> str | None:
    """A text that says something."""
    return value if isinstance(value, str) and value else None


def _sound(estimate: Estimate) -> Estimate:
    finite = number(estimate.value)
    value = finite if finite is not None else math.inf if estimate.value == math.inf else -1.0
    return Estimate(estimate.metric, value, number(estimate.low), number(estimate.high))


def _drawn(limit: Mapping[str, Plain]) -> bool:
    metric, bound_s = str(limit.get("metric")), number(limit.get("bound"))
    percentile = quantile_of(metric) and not metric.startswith("ttfb_")
    return bool(percentile or metric == "max") and bound_s is not None and bound_s > 0


def _line(run: Run, limit: Mapping[str, Plain]) -> BudgetLine:
    metric, source = str(limit.get("metric")), str(limit.get("source"))
    checks = (check for check in items(run.verdict.get("checks")) if isinstance(check, dict) and check.get("limit") == limit)
    decisions = [mapping(check.get("decision")) for check in checks]
    outcome = text(decisions[0].get("outcome")) if decisions else None
    return BudgetLine(metric, source, number(limit.get("bound")) or 0.0, quantile_of(metric) or None, outcome)
