"""Means of two arms in one run, compared within blocks, so that what slows both arms alike is not in the difference."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from tailgate.analysis.arms.coin import CoinLaw
from tailgate.analysis.arms.paired_quantile import Found
from tailgate.analysis.arms.two_arms import Arms

LEAST_REQUESTS = 400
"""In both arms together: as many as a mean of one run takes (quantiles.py), in each arm."""


class _Within(NamedTuple):
    """The blocks' differences taken together, its standard error, seconds, and how many blocks held both arms."""

    difference_s: float
    error_s: float
    blocks: int


def compare_mean(arms: Arms, confidence: float, alternative: str) -> Found:
    """Compare the means of the answered requests.

    Interval and p-value come from how the blocks' differences differ (Student's t): no exact test, but one that holds
    where the arms' variances or the effect differ between blocks. None below LEAST_REQUESTS. Failures have no time: an
    arm that failed more than the coin explains is not bounded above, whatever its answers took.
    """
    answered = np.isfinite(arms.response_s)
    first_s, second_s = (_mean(arms.response_s[answered & (arms.second == which)]) for which in (False, True))
    within = _within(arms, answered) if not math.isinf(max(first_s, second_s)) else None
    if within is None or within.blocks < 2 or answered.sum() < LEAST_REQUESTS:
        with np.errstate(invalid="ignore"):
            return Found(first_s, second_s, float(np.float64(second_s) - first_s), -math.inf, math.inf, 1.0)
    half_s = within.error_s * float(stdtrit(within.blocks - 1, (1 + confidence) / 2))
    low_s, high_s = within.difference_s - half_s, within.difference_s + half_s
    fewest, most = CoinLaw.of(*arms.requests, int((~answered).sum())).accepted(confidence)
    failed = int((arms.second & ~answered).sum())
    return Found(
        first_s,
        second_s,
        within.difference_s,
        -math.inf if failed < fewest else low_s,
        math.inf if failed > most else high_s,
        _p_value(within, alternative),
    )


def _mean(times_s: NDArray[np.float64]) -> float:
    return float(times_s.mean()) if len(times_s) else math.inf


def _within(arms: Arms, answered: NDArray[np.bool_]) -> _Within:
    """The blocks' differences, each weighted by n₀n₁/(n₀ + n₁): least squares with a level for each block."""
    each = (answered & ~arms.second, answered & arms.second)
    times_s = np.where(answered, arms.response_s, 0.0)
    counts = np.stack([arms.per_block(which) for which in each])
    sums = np.stack([arms.per_block(times_s * which) for which in each])
    both = counts.all(axis=0)
    counts, sums = counts[:, both], sums[:, both]
    weight = counts.prod(axis=0) / counts.sum(axis=0)
    differences_s = np.diff(sums / counts, axis=0)[0]
    blocks = len(weight)
    difference_s = float(weight @ differences_s / weight.sum()) if blocks else math.nan
    deviation_s = math.sqrt(float(np.square(weight * (differences_s - difference_s)).sum()))
    return _Within(difference_s, deviation_s / float(weight.sum()) * math.sqrt(blocks / (blocks - 1)) if blocks > 1 else math.inf, blocks)


def _p_value(within: _Within, alternative: str) -> float:
    if not within.error_s:
        return 1.0 if within.difference_s == 0 or (alternative == "greater" and within.difference_s < 0) else 0.0
    more = float(stdtr(within.blocks - 1, -within.difference_s / within.error_s))
    return more if alternative == "greater" else 2 * min(more, 1 - more)
