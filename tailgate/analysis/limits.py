"""Limits: how one limit is decided from what is known of it, whether that comes from samples or from a record. Pure.

Percentiles and shares are decided by counts (gate.py). A mean, a rate and a cost are decided by their interval, a maximum
by itself; a PASS of these is a statement on this run, and says so: earlier runs are not reckoned with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

from numpy.typing import ArrayLike

from tailgate.analysis.counts import Counts, History
from tailgate.analysis.gate import MOST_MORE, Decision, lower_bound, upper_bound
from tailgate.analysis.looks.looked import Looked, decide_seen
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.quantiles import Estimate, one_sided
from tailgate.errors import AnalysisError
from tailgate.plan.budget import Limit
from tailgate.units import format_percent

CONFIDENCE = 0.95

MOST_FAILED = 0.01
"""Of the requests: a mean leaves failures out, so with more of them it is the mean of whoever was lucky, and passes nothing."""


_NO_INTERVAL = "there is no interval of it: too few answers for its batches, or a record of an older tailgate"


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What one run shows of one limit.

    total, failed: requests. counts: (requests, exceedances) per second, shapes (seconds,); None where no request exceeds
    by itself. estimate: the metric's value, with a two-sided 95 % interval; None without requests. history: counts of
    earlier runs against the same limit. looked: how the run was looked at while it went on; None where it was not.
    """

    total: int
    failed: int
    counts: tuple[ArrayLike, ArrayLike] | None
    estimate: Estimate | None
    history: History | None = None
    looked: Looked | None = None


class Decided(NamedTuple):
    """A decision, and why there is none where more requests would not help; None where the decision speaks for itself."""

    decision: Decision
    why: str | None = None


def by_counts(limit: Limit, evidence: Evidence) -> Decided:
    """A percentile or a share: whether at most the allowed share exceeds. Raises AnalysisError as `decide_seen`."""
    if limit.allowed is None:
        raise AnalysisError(f"'{limit.source}' is not decided by counts; its metric has another rule")
    requests, exceedances = _counts(evidence)
    return Decided(
        decide_seen(requests, exceedances, evidence.looked, allowed=limit.allowed, confidence=CONFIDENCE, history=evidence.history)
    )


def by_largest(limit: Limit, evidence: Evidence) -> Decided:
    """A maximum: one that exceeds is a FAIL. None that does is a PASS of this run; `high` tells what others may hold."""
    counts = Counts.of(*_counts(evidence))
    outcome = Outcome.FAIL if counts.exceeded else Outcome.PASS if counts.total else Outcome.INCONCLUSIVE
    low, high = (bound(counts.fraction, counts.total, CONFIDENCE) if counts.total else None for bound in (lower_bound, upper_bound))
    return Decided(
        Decision(
            outcome,
            counts.fraction,
            low=low or 0.0,
            high=1.0 if high is None else high,
            design_effect=1.0,
            more_requests=0 if counts.total else limit.least_requests,
            provisional=outcome is Outcome.PASS,
        )
    )


def by_interval(limit: Limit, evidence: Evidence) -> Decided:
    """A metric with a batch-means interval: PASS where its one-sided 95 % bound keeps the limit, FAIL where the other misses it.

    `low` and `high` are those bounds, in the metric's unit; `fraction` is not a number. Without an interval, INCONCLUSIVE.
    """
    estimate = evidence.estimate
    if estimate is None:
        return Decided(_decision(Outcome.INCONCLUSIVE, -math.inf, math.inf, limit.least_requests))
    if math.isinf(estimate.value):
        return Decided(_decision(Outcome.FAIL, math.inf, math.inf, 0))
    half = _half(estimate)
    if half is None:
        missing = limit.least_requests - evidence.total
        undecided = _decision(Outcome.INCONCLUSIVE, -math.inf, math.inf, missing if missing > 0 else None)
        return Decided(undecided, None if missing > 0 else _NO_INTERVAL)
    half = one_sided(half, CONFIDENCE)
    low, high = estimate.value - half, estimate.value + half
    kept, missed = (low >= limit.bound, high < limit.bound) if limit.at_least else (high <= limit.bound, low > limit.bound)
    outcome = Outcome.PASS if kept else Outcome.FAIL if missed else Outcome.INCONCLUSIVE
    more = _more(evidence.total, half, abs(estimate.value - limit.bound)) if outcome is Outcome.INCONCLUSIVE else 0
    return Decided(_decision(outcome, low, high, more))


def by_mean(limit: Limit, evidence: Evidence) -> Decided:
    """A mean, by its interval; no PASS where more than MOST_FAILED of the requests have no time."""
    decided = by_interval(limit, evidence)
    share = evidence.failed / evidence.total if evidence.total else 0.0
    if share <= MOST_FAILED or decided.decision.outcome is Outcome.FAIL:
        return decided
    why = f"{format_percent(share)} of the requests failed and have no time, and the mean of the others passes nothing; mend that first"
    return Decided(replace(decided.decision, outcome=Outcome.INCONCLUSIVE, more_requests=None, provisional=False), why)


def by_reciprocal(limit: Limit, evidence: Evidence) -> Decided:
    """A cost: its reciprocal is a rate, which has the interval. `low` and `high` are the cost's again."""
    estimate, bound = evidence.estimate, 1 / limit.bound
    rate = Limit("achieved_rate", ">=", bound, limit.source)
    if estimate is not None:
        low, high = (None if one is None else _inverse(one) for one in (estimate.high, estimate.low))
        estimate = Estimate(rate.metric, _inverse(estimate.value), low, high)
    decision = by_interval(rate, replace(evidence, estimate=estimate)).decision
    return Decided(replace(decision, low=_inverse(decision.high), high=_inverse(decision.low)))


def _inverse(value: float) -> float:
    """Of a positive number; of what is not, infinite."""
    return 1 / value if value > 0 else math.inf


def _half(estimate: Estimate) -> float | None:
    """Half of a two-sided interval, of which one end may have been cut off; None where there is none."""
    ends = [abs(end - estimate.value) for end in (estimate.low, estimate.high) if end is not None and math.isfinite(end)]
    return max(ends, default=None)


def _more(n: int, half: float, distance: float) -> int | None:
    """How many more requests like these would shrink the interval to the distance from its bound; None above MOST_MORE."""
    wanted = n * (half / distance) ** 2 - n if distance > 0 else math.inf
    return math.ceil(wanted) if wanted <= MOST_MORE else None


def _decision(outcome: Outcome, low: float, high: float, more: int | None) -> Decision:
    return Decision(outcome, math.nan, low, high, design_effect=1.0, more_requests=more, provisional=outcome is Outcome.PASS)


def _counts(evidence: Evidence) -> tuple[ArrayLike, ArrayLike]:
    return evidence.counts if evidence.counts is not None else ((), ())
