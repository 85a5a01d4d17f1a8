"""Percentiles: the points of a distribution that a summary shows, without intervals: one sort serves all of them."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tailgate.errors import AnalysisError
from tailgate.plan.vocabulary import quantile_of

POINTS = ("p50", "p90", "p99", "p99.9", "max")
"""What a summary shows of a time."""


def percentiles(times_s: NDArray[np.float64], points: Iterable[str] = POINTS) -> dict[str, float | None]:
    """The named points of times, shape (n,), by name: `p99`, `max`; the same order statistics as `quantiles` estimates.

    Infinite where failures reach into a point; None for each when there are no times. Raises AnalysisError for a name
    that is no percentile.
    """
    in_order = np.sort(times_s)
    return {point: float(in_order[_rank(point, len(in_order)) - 1]) if len(in_order) else None for point in points}


def _rank(point: str, n: int) -> int:
    """Of the order statistic, from 1: ⌈nq⌉."""
    quantile = 1.0 if point == "max" else quantile_of(point)
    if not quantile:
        raise AnalysisError(f"{point!r} is no percentile; they are written like p50 or p99.9")
    return math.ceil(n * quantile - 1e-9)
