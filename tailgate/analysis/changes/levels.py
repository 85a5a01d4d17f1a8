"""Levels: all the levels that a series of runs went through, and whether its newest run is what shows a slower one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis.changes.change_points import LEAST_SIDE, TYPICAL_SPREAD, last_change
from tailgate.analysis.history import LEAST_EFFECT


def levels(series: NDArray[np.float64], typical: float = TYPICAL_SPREAD) -> tuple[int, ...]:
    """Where each level but the first begins, ascending; series: logarithms of times, finite, shape (n,).

    The last change, then the last before that, and so on. typical: the spread that is expected before any is seen.
    """
    found: list[int] = []
    while start := last_change(series[: found[0]] if found else series, typical):
        found.insert(0, start)
    return tuple(found)


def twice(beyond: Sequence[bool]) -> bool:
    """Whether the newest two runs both lay above the band that the runs before each gave: one of twenty does by chance, two hardly ever."""
    return len(beyond) > 1 and beyond[-1] and beyond[-2]


def begins_slower(series: NDArray[np.float64], typical: float = TYPICAL_SPREAD, *, least: float = LEAST_EFFECT) -> bool:
    """Whether it takes the newest run to see that a level began, by more than the share `least` above the one before it."""
    now = levels(series, typical)
    if not now:
        return False
    begins, before = now[-1], now[-2] if len(now) > 1 else 0
    known = any(abs(start - begins) < LEAST_SIDE for start in levels(series[:-1], typical))  # one more run may shift where it begins
    return not known and float(np.median(series[begins:]) - np.median(series[before:begins])) > math.log1p(least)
