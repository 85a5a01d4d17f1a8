"""Change points: where a series of runs last moved to another level."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

TYPICAL_SPREAD = 0.03
"""Between runs on a quiet system, of the logarithm of a time: 3 %."""

PRIOR_FREEDOM = 5
"""Degrees of freedom that the typical spread is worth beside a series' own."""

LEAST_SIDE = 3
"""Runs that a level is made of: one bad run, or two, are no new level."""

_LEVEL = 0.05
_CLIPPED_AT = 4.0
_NORMAL_PER_MAD = 1.4826


def last_change(series: NDArray[np.float64], typical: float = TYPICAL_SPREAD) -> int:
    """Index of the first value since the last change of level, 0 where there is none; series: finite, shape (n,).

    typical: the spread that is expected of such values before any is seen.

    Binary segmentation (Scott & Knott, Biometrics 30, 1974) of the later part: the split with the smallest p-value of a
    two-sample t test, if that is below 5 % over the number of splits (Bonferroni), until none is. The pooled variance is
    shrunk towards the typical one, and values further than four spreads from the median count as four, so that one bad
    run beside a split makes no change of it. A split also has to be clearer than those beside it, so that two bad runs
    and a usual one are no level of three.
    """
    start = 0
    while (step := _split(series[start:], typical)) is not None:
        start += step
    return start


def spread_about(series: NDArray[np.float64], centre: float, typical: float = TYPICAL_SPREAD) -> float:
    """The spread of values around their centre: the median absolute deviation, scaled for a normal law and shrunk.

    Weighted by degrees of freedom, PRIOR_FREEDOM of them for the typical spread, as in an inverse gamma prior of the
    variance (Gelman et al., Bayesian Data Analysis, 2013, §2.6).
    """
    own = _NORMAL_PER_MAD * float(np.median(np.abs(series - centre)))
    return float(np.sqrt(_shrunk((len(series) - 1) * own**2, len(series) - 1, typical)))


def _shrunk(squares: NDArray[np.float64] | float, freedom: int, typical: float) -> NDArray[np.float64] | float:
    return (squares + PRIOR_FREEDOM * typical**2) / (freedom + PRIOR_FREEDOM)


def _split(series: NDArray[np.float64], typical: float) -> int | None:
    """Where the level changes most clearly, None where it does not clearly enough."""
    n = len(series)
    if n < 2 * LEAST_SIDE:
        return None
    centre = float(np.median(series))
    values = np.clip(series - centre, *np.array([-1, 1]) * _CLIPPED_AT * spread_about(series, centre, typical))
    before = np.arange(1, n)
    after = n - before
    sums = np.cumsum(values)[:-1]
    first, second = sums / before, (values.sum() - sums) / after
    squares = np.square(values).sum() - before * first**2 - after * second**2
    t = np.abs(first - second) / np.sqrt(_shrunk(squares, n - 2, typical) * (1 / before + 1 / after))
    inner = slice(LEAST_SIDE - 1, n - LEAST_SIDE)
    clearest = (t >= np.roll(t, 1)) & (t >= np.roll(t, -1))
    best = int(np.argmax(np.where(clearest, t, -1.0)[inner])) + inner.start
    p_value = 2 * float(stdtr(n - 2 + PRIOR_FREEDOM, -t[best])) * (inner.stop - inner.start)
    return int(before[best]) if clearest[best] and p_value <= _LEVEL else None
