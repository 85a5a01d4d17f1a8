"""History: a case's times run by run, with what each was to be expected to stay below, and where their level changed."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tailgate.analysis.changes.baseline import ALWAYS, Baseline, Earlier, changes, typical_spread_of
from tailgate.analysis.changes.levels import begins_slower, levels, twice
from tailgate.analysis.history import Change
from tailgate.analysis.quantiles import Estimate
from tailgate.plan.vocabulary import quantile_of
from tailgate.reporting.baseline import last_of_repeats
from tailgate.reporting.figures.recorded_values import budget_lines, estimates_in, outcome_in, text
from tailgate.reporting.history import NEWEST_RUNS
from tailgate.reporting.recorded import began, kept
from tailgate.reporting.run_file import Run

MOST_RUNS = 50
"""Shown of a case, the newest; the history of the oldest of them may reach further back."""


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """One run. run: its place among the runs. trusted: whether its record holds no reason against it; only such ones make a history.

    expected_s: the middle of the earlier runs that count. low_s, bound_s: what a run like them stays above and below, each with
    a chance of 95 %. None with too few. relative: by how much it lies above the expected one, None where unknown. beyond: above
    the band, below: below it.
    """

    run: int
    started_at: str
    commit: str | None
    outcome: str | None
    trusted: bool
    value: Estimate
    expected_s: float | None
    low_s: float | None
    bound_s: float | None
    relative: float | None
    beyond: bool
    below: bool


@dataclass(frozen=True, slots=True)
class MetricHistory:
    """One metric of a case, oldest first. changes: places in `points` at which a new level begins.

    moved: whether it takes the newest run to say that it is slower now (analysis/changes/levels.py). current: whether the newest
    run of the case tells the metric at all; where it does not, nothing moved by it.
    """

    metric: str
    points: tuple[HistoryPoint, ...]
    changes: tuple[int, ...]
    moved: bool
    current: bool = True


@dataclass(frozen=True, slots=True)
class CaseHistory:
    """Comparable runs: same case key, target kind, vantage."""

    case: str | None
    key: str
    target: str | None
    vantage: str | None
    metrics: tuple[MetricHistory, ...]


def history(runs: Sequence[Run], *, most: int = MOST_RUNS, least: int = 2, metrics: Sequence[str] | None = None) -> tuple[CaseHistory, ...]:
    """A history for each case of which there are `least` runs or more: its newest `most`.

    Of p50, p99, and what else its newest budget limits of times, unless metrics are named.
    """
    places: dict[tuple[str, str, str], list[int]] = {}
    for place in sorted(range(len(runs)), key=lambda place: began(runs[place])):
        places.setdefault(kept(runs[place]), []).append(place)
    found = [_case(runs, several, most, metrics) for several in places.values() if len(several) >= least]
    return tuple(case for case in found if case.metrics)


def _case(runs: Sequence[Run], places: list[int], most: int, named: Sequence[str] | None) -> CaseHistory:
    newest = runs[places[-1]]
    limited = (line.metric for line in budget_lines(newest) if line.q is not None)
    metrics = named or sorted({*ALWAYS, *limited}, key=lambda metric: quantile_of(metric) or 1.0)
    told = {place: estimates_in(runs[place]) for place in places}
    histories = [_metric(metric, [place for place in places if metric in told[place]], runs, told, most) for metric in metrics]
    target, vantage = (text(newest.provenance.get(key)) for key in ("target", "vantage"))
    shown = tuple(one if one.points[-1].run == places[-1] else replace(one, moved=False, current=False) for one in histories if one.points)
    return CaseHistory(text(newest.case.get("id")), str(newest.case.get("key")), target, vantage, shown)


def _metric(metric: str, places: list[int], runs: Sequence[Run], told: dict[int, dict[str, Estimate]], most: int) -> MetricHistory:
    usable = [number for number, place in enumerate(places) if _trusted(runs[place]) and told[place][metric].value > 0]
    points: list[HistoryPoint] = []
    for number in range(max(0, len(places) - most), len(places)):
        place = places[number]
        before = [places[one] for one in usable[: bisect.bisect_left(usable, number)][-2 * NEWEST_RUNS :]]
        counted = last_of_repeats([*(runs[one] for one in before), runs[place]])[:-1][-NEWEST_RUNS:]
        earlier = [Earlier({metric: told[one][metric]}, began(runs[one])) for one in before if any(runs[one] is run for run in counted)]
        points.append(_point(runs[place], place, told[place][metric], _change(metric, earlier, told[place][metric])))
    return _judged(metric, points)


def _change(metric: str, earlier: list[Earlier], own: Estimate) -> Change | None:
    """What its history says of it, as a baseline would; None where the run does not know its own metric well enough."""
    if not own.value > 0:
        return None
    return next((one.change for one in changes(Baseline("history", tuple(earlier)), (metric,), {metric: own})), None)


def _point(run: Run, place: int, own: Estimate, change: Change | None) -> HistoryPoint:
    expected_s, bound_s, relative = (change.expected_s, change.bound_s, change.relative) if change else (None, None, None)
    low_s = expected_s**2 / bound_s if expected_s is not None and bound_s is not None else None  # as far below, of logarithms
    return HistoryPoint(
        place,
        began(run),
        text(run.provenance.get("commit")),
        outcome_in(run),
        _trusted(run),
        own,
        expected_s,
        low_s,
        bound_s,
        relative,
        beyond=bound_s is not None and own.value > bound_s,
        below=low_s is not None and own.value < low_s,
    )


def _judged(metric: str, points: Sequence[HistoryPoint]) -> MetricHistory:
    """The points, and of those that tell a level where it changed, and whether the newest one did it."""
    told = [place for place, point in enumerate(points) if point.trusted and point.value.value > 0]
    finite = [place for place in told if points[place].value.value < math.inf]
    logs = np.log([points[place].value.value for place in finite])
    typical = typical_spread_of([points[place].value for place in finite])
    begun = tuple(finite[start] for start in levels(logs, typical))
    last = len(points) - 1
    again = told[-1:] == [last] and twice([points[place].beyond for place in told])
    slower = again or (finite[-1:] == [last] and begins_slower(logs, typical))
    return MetricHistory(metric, tuple(points), begun, slower)


def _trusted(run: Run) -> bool:
    return not run.verdict.get("reasons")
