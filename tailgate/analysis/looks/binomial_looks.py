"""Binomial looks: exact bounds for looking at independent requests while they are counted, up to a largest number."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, bdtrc, gammaln, xlog1py, xlogy

MOST_LOOKS = 100
POWER = 0.7
"""Of the spending alpha·t^0.7: much of it early, where independent requests soon show what they are worth."""


class Bounds(NamedTuple):
    """Per look: PASS with at most `most` exceedances (−1: not yet), FAIL with at least `least`; shapes (looks,).

    Fewer than the looks asked for where every run has been decided by then.
    """

    most: NDArray[np.int64]
    least: NDArray[np.int64]


def look_entries(totals: NDArray[np.int64], most_requests: int) -> NDArray[np.int64]:
    """Indices of the looks: where the growing totals first reach each hundredth of most_requests; ascending."""
    targets = np.ceil(np.arange(1, MOST_LOOKS + 1) * most_requests / MOST_LOOKS)
    found = np.unique(np.searchsorted(totals, targets))
    return found[found < len(totals)]


@functools.lru_cache(maxsize=256)
def exact_bounds(totals: tuple[int, ...], allowed: float, alpha: float, most_requests: int, ended: bool) -> Bounds:
    """Bounds of each look such that at the true fraction `allowed` a PASS, and likewise a FAIL, has probability <= alpha.

    totals: requests up to each look, ascending and chosen without knowledge of the exceedances. The distribution of
    the exceedances of runs that still go on is carried from look to look (Armitage, McPherson & Rowe, J. R. Statist.
    Soc. A 132, 1969; for the binomial Schultz et al., Biometrics 29, 1973), alpha·t^0.7 being spent by the part t of
    most_requests; what whole numbers leave unspent is spent later. ended: the last look gets all that is left.
    """
    going, offset, before, passed, failed = np.ones(1), 0, 0, 0.0, 0.0
    most, least = [], []
    for number, total in enumerate(totals):
        last = ended and number == len(totals) - 1
        spent = alpha * (1.0 if last else min(1.0, total / most_requests) ** POWER)
        step, low = _binomial(total - before, allowed)
        going, offset, before = np.convolve(going, step), offset + low, total
        below, above = np.cumsum(going), np.cumsum(going[::-1])
        good = int(np.searchsorted(below, spent - passed, side="right"))
        bad = min(int(np.searchsorted(above, spent - failed, side="right")), len(going) - good)
        passed += float(below[good - 1]) if good else 0.0
        failed += float(above[bad - 1]) if bad else 0.0
        most.append(offset + good - 1)
        least.append(offset + len(going) - bad)
        going, offset = going[good : len(going) - bad], offset + good
        if not len(going):
            break
    return Bounds(np.array(most, dtype=np.int64), np.array(least, dtype=np.int64))


def _binomial(requests: int, fraction: float) -> tuple[NDArray[np.float64], int]:
    """Probabilities of all numbers of exceedances that are not beyond belief (1e-15), and the least of these numbers."""
    mean, reach = requests * fraction, 9 * math.sqrt(requests * fraction * (1 - fraction)) + 25
    low, high = max(0, math.floor(mean - reach)), min(requests, math.ceil(mean + reach))
    k = np.arange(low, high + 1)
    chosen = gammaln(requests + 1) - gammaln(k + 1) - gammaln(requests - k + 1)
    return np.exp(chosen + xlogy(k, fraction) + xlog1py(requests - k, -fraction)), low


def level_below(most: int, total: int, allowed: float) -> float:
    """The level of a single test that passes with at most this many exceedances of `total`."""
    return float(bdtr(most, total, allowed)) if most >= 0 else 0.0


def level_above(least: int, total: int, allowed: float) -> float:
    """The level of a single test that fails with at least this many exceedances of `total`."""
    return float(bdtrc(least - 1, total, allowed)) if least <= total else 0.0
