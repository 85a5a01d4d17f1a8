"""Rate against p99: how the tail grows with the rate, one line for each question that was asked at several.

Arms of one run are left out: an endpoint that both ask is asked at another rate than either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tailgate.analysis.quantiles import Estimate
from tailgate.reporting.figures.alike import Question, groups, rate_of
from tailgate.reporting.figures.recorded_values import estimates_in, outcome_in, text
from tailgate.reporting.run_file import Run


@dataclass(frozen=True, slots=True)
class RatePoint:
    """One run. offered_per_s: None in a closed loop. achieved: requests sent per second. p99: infinite where failures reach."""

    run: int
    case: str | None
    offered_per_s: float | None
    achieved: Estimate | None
    p99: Estimate
    error_rate: Estimate | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class RateLine:
    """Runs of one question, the slowest rate first."""

    question: Question
    points: tuple[RatePoint, ...]


def rate_against_p99(runs: Sequence[Run]) -> tuple[RateLine, ...]:
    """A line for each question, of one point where it was asked at one rate only."""
    lines = []
    for question, places in groups(runs, {"load"}):
        points = [point for place in places if not runs[place].pair and (point := _point(runs[place], place)) is not None]
        if points:
            lines.append(RateLine(question, tuple(sorted(points, key=_rate))))
    return tuple(lines)


def _point(run: Run, place: int) -> RatePoint | None:
    estimates = estimates_in(run)
    offered_per_s, achieved, p99 = rate_of(run), estimates.get("achieved_rate"), estimates.get("p99")
    if p99 is None or (offered_per_s is None and achieved is None):
        return None
    return RatePoint(place, text(run.case.get("id")), offered_per_s, achieved, p99, estimates.get("error_rate"), outcome_in(run))


def _rate(point: RatePoint) -> float:
    if point.offered_per_s is not None:
        return point.offered_per_s
    return point.achieved.value if point.achieved is not None else 0.0
