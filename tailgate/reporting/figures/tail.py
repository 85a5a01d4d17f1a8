"""Complementary distribution: which share of the requests took longer than a time, for axes that are both logarithmic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tailgate.reporting.figures.recorded_values import BudgetLine, budget_lines, distribution
from tailgate.reporting.run_file import Run

MOST_POINTS = 240


@dataclass(frozen=True, slots=True)
class TailPoint:
    """share: of all requests, failed ones included, that took longer than the time."""

    time_s: float
    share: float


@dataclass(frozen=True, slots=True)
class Complementary:
    """points: ascending in time, the shares descending from 1; the last one is above 0, as a logarithm has no place for 0.

    failed_share: what no time covers: the curve stays above it. budget: a limit of a percentile is kept where the curve passes
    below the point (bound_s, 1 − q).
    """

    points: tuple[TailPoint, ...]
    requests: int
    failed_share: float
    budget: tuple[BudgetLine, ...]


def complementary(run: Run) -> Complementary | None:
    """The curve of one run; None where its histogram is damaged, or it has no request. Each point is exact: a class' upper end."""
    drawn = distribution(run)
    if drawn is None:
        return None
    left = drawn.requests - drawn.upto
    kept = _spread(left[left > 0].astype(np.float64))
    points = [TailPoint(float(drawn.highest_s[place]), float(left[place]) / drawn.requests) for place in kept]
    start = [TailPoint(float(drawn.lowest_s[0]), 1.0)] if drawn.answered else []
    return Complementary((*start, *points), drawn.requests, drawn.failed / drawn.requests, budget_lines(run))


def _spread(left: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[int]:
    """Places in descending counts, evenly spaced in their logarithm, the last one among them."""
    if len(left) <= MOST_POINTS:
        return list(range(len(left)))
    wanted = np.linspace(np.log(left[0]), np.log(left[-1]), MOST_POINTS)
    return sorted({*np.searchsorted(-np.log(left), -wanted).clip(max=len(left) - 1).tolist(), len(left) - 1})
