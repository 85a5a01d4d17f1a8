"""Estimates: percentiles, shares and means with two-sided 95 % intervals, widened by the dependence between requests.

The quantile q of n values is the ⌈nq⌉-th smallest: the inverse of the empirical distribution (Hyndman & Fan, The
American Statistician 50, 1996, definition 1). It is one of the values, so failures may be infinite, and it agrees with
the gate: the quantile is at most B exactly when at most the share 1 − q of the values is above B.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtrik, betainc, stdtrit

from tailgate.analysis.counts import Counts, check_share
from tailgate.analysis.dependence import spread_of
from tailgate.analysis.gate import lower_bound, upper_bound
from tailgate.errors import AnalysisError
from tailgate.plan.vocabulary import LEAST_FOR_BATCHES

LEVEL = 0.975
"""Of each end of the two-sided 95 % intervals."""

PerSecond: TypeAlias = Callable[[NDArray[np.bool_]], tuple[ArrayLike, ArrayLike]]
"""Requests and exceedances per second, from one truth value per request: `Samples.per_second`."""

BATCHES = 20
"""Of which a mean's or a rate's interval is made."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a metric came to, with a two-sided 95 % interval.

    value, low, high: seconds for times, a fraction for shares, requests per second for rates, USD for costs; infinite where
    so many requests failed that no time would have covered them. low, high: None where the samples do not bound that side.
    """

    metric: str
    value: float
    low: float | None = None
    high: float | None = None


def estimate_quantile(response_s: ArrayLike, q: float, *, per_second: PerSecond | None = None, metric: str | None = None) -> Estimate:
    """The quantile q of response times, shape (n,), failures infinite, with an interval between order statistics.

    The interval is free of any assumption on the distribution (David & Nagaraja, Order Statistics, 2003, §7.1): its
    ranks come from the binomial law of how many values lie below the true quantile. With `per_second` that law is
    taken at the number of independent requests that n are worth, from the counts of values above the estimate
    (Woodruff, JASA 47, 1952, does so for surveys). Raises AnalysisError without values or with NaN.
    """
    check_share(q, "q")
    values = _values(response_s)
    n = len(values)
    value = _ranked(values, math.ceil(n * q - 1e-9))
    cost = spread_of(Counts.of(*per_second(values > value))).cost(LEVEL) if per_second else 1.0
    low_rank, high_rank = interval_ranks(n, q, n / cost)
    return Estimate(
        metric or f"p{q * 100:g}",
        value,
        low=_ranked(values, low_rank) if low_rank else None,
        high=_ranked(values, high_rank) if high_rank else None,
    )


def interval_ranks(n: int, q: float, size: float) -> tuple[int | None, int | None]:
    """Ranks, from 1, of the order statistics of n values that enclose the quantile q in 95 % of runs.

    size: how many independent values the n are worth. None where even the outermost value does not bound it.
    """
    size = max(size, 1.0)
    low_rank = high_rank = None
    if (1 - q) ** size <= 1 - LEVEL:
        low_rank = math.floor(float(bdtrik(1 - LEVEL, size, q)) * n / size) + 1
    if q**size <= 1 - LEVEL:
        high_rank = min(n, math.ceil(float(bdtrik(LEVEL, size, q)) * n / size) + 1)
    return low_rank, high_rank


def estimate_share(requests: ArrayLike, exceedances: ArrayLike, metric: str) -> Estimate:
    """The share of requests that exceed, from counts per second, with Clopper and Pearson's interval at their worth.

    Raises AnalysisError without requests or naming the argument.
    """
    counts = Counts.of(requests, exceedances)
    if not counts.total:
        raise AnalysisError("requests are none at all; a share of nothing cannot be estimated")
    size = counts.total / spread_of(counts).cost(LEVEL)
    return Estimate(metric, counts.fraction, lower_bound(counts.fraction, size, LEVEL), upper_bound(counts.fraction, size, LEVEL))


def estimate_mean(response_s: ArrayLike, *, metric: str = "mean") -> Estimate:
    """The mean of the finite times, in due order, shape (n,), with an interval from the means of 20 batches.

    Batches of consecutive requests are nearly independent where the requests are not (Schmeiser, Operations Research
    30, 1982; 20 batches, t with 19 degrees of freedom). Failures have no time, so a mean leaves them out: read it
    beside the error rate. Infinite when all failed; no interval below 200 times. Raises AnalysisError as a quantile.
    """
    values = _values(response_s)
    answered = values[np.isfinite(values)]
    if not len(answered):
        return Estimate(metric, math.inf)
    mean = float(answered.mean())
    if len(answered) < LEAST_FOR_BATCHES:
        return Estimate(metric, mean)
    half = batch_interval(np.array([batch.mean() for batch in np.array_split(answered, BATCHES)]))
    return Estimate(metric, mean, mean - half, mean + half)


def batch_interval(means: NDArray[np.float64]) -> float:
    """Half of the two-sided 95 % interval of a mean, from those of its BATCHES batches, shape (BATCHES,)."""
    return float(stdtrit(BATCHES - 1, LEVEL) * np.std(means, ddof=1) / math.sqrt(BATCHES))


def one_sided(half: float, confidence: float) -> float:
    """What `batch_interval` would be at a one-sided confidence: how far one bound lies from the mean."""
    return half * float(stdtrit(BATCHES - 1, confidence) / stdtrit(BATCHES - 1, LEVEL))


def estimate_least(response_s: ArrayLike, *, metric: str = "min") -> Estimate:
    """The least time; infinite when all failed. A minimum of n bounds the true one from above only: no interval."""
    return Estimate(metric, float(_values(response_s).min()))


def harrell_davis(in_order: NDArray[np.float64], q: float) -> float:
    """The quantile q of ascending values, shape (n,), as a weighted mean of those around it: it strays less than one of them.

    Harrell & Davis, Biometrika 69, 1982: weights of the beta distribution with (n + 1)q and (n + 1)(1 − q). Infinite
    where failures reach into the quantile itself; fewer of them count as the slowest answer, as no mean can hold them.
    """
    n = len(in_order)
    if math.isinf(in_order[math.ceil(n * q - 1e-9) - 1]):
        return math.inf
    answered = in_order[np.isfinite(in_order)]
    around = 12 * math.sqrt(q * (1 - q) * n) + 12  # beyond twelve standard deviations nothing has weight
    start, end = max(0, math.floor(n * q - around)), min(n, math.ceil(n * q + around))
    weights = np.diff(betainc((n + 1) * q, (n + 1) * (1 - q), np.arange(start, end + 1) / n))
    return float(weights @ answered[np.minimum(np.arange(start, end), len(answered) - 1)] / weights.sum())


def estimate_largest(response_s: ArrayLike, *, metric: str = "max") -> Estimate:
    """The largest time; infinite when one failed. A maximum of n bounds the true one from below only: no interval."""
    return Estimate(metric, float(_values(response_s).max()))


def _values(response_s: ArrayLike) -> NDArray[np.float64]:
    try:
        values = np.asarray(response_s, dtype=np.float64)
    except (TypeError, ValueError):
        raise AnalysisError("response_s is not a sequence of seconds") from None
    if values.ndim != 1 or not len(values):
        raise AnalysisError(f"response_s has shape {values.shape}; it is one sequence of seconds, of one request at least")
    if np.isnan(values).any():
        raise AnalysisError(f"response_s[{int(np.isnan(values).argmax())}] is not a number; a request that failed is infinite")
    return values


def _ranked(values: NDArray[np.float64], rank: int) -> float:
    return float(np.partition(values, rank - 1)[rank - 1])
