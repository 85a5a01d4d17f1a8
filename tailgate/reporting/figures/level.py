"""History: a case's times run by run, with what each was to be expected to stay below, and where their level changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tailgate.analysis.changes.baseline import ALWAYS, Baseline, Earlier, changes
from tailgate.analysis.changes.change_points import last_change
from tailgate.analysis.history import Change
from tailgate.analysis.quantiles import Estimate
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

    expected_s, bound_s: the middle of the earlier runs that count, and what a run like them stays below, with a chance of 95 %;
    None with too few. relative: by how much it lies above the expected one, None where unknown. beyond: above the bound.
    """

    run: int
    started_at: str
    commit: str | None
    outcome: str | None
    trusted: bool
    value: Estimate
    expected_s: float | None
    bound_s: float | None
    relative: float | None
    beyond: bool


@dataclass(frozen=True, slots=True)
class MetricHistory:
    """One metric of a case, oldest first. changes: places in `points` at which a new level begins."""

    metric: str
    points: tuple[HistoryPoint, ...]
    changes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CaseHistory:
    """Comparable runs: same case key, target kind, vantage."""

    case: str | None
    target: str | None
    vantage: str | None
    metrics: tuple[MetricHistory, ...]


def history(runs: Sequence[Run]) -> tuple[CaseHistory, ...]:
    """A history for each case of which there are two runs or more: p50, p99, and what else its newest budget limits of times."""
    places: dict[tuple[str, str, str], list[int]] = {}
    for place in sorted(range(len(runs)), key=lambda place: began(runs[place])):
        places.setdefault(kept(runs[place]), []).append(place)
    found = [_case(runs, several) for several in places.values() if len(several) > 1]
    return tuple(case for case in found if case.metrics)


def _case(runs: Sequence[Run], places: list[int]) -> CaseHistory:
    newest = runs[places[-1]]
    metrics = dict.fromkeys([*ALWAYS, *(line.metric for line in budget_lines(newest) if line.q is not None)])
    told = {place: estimates_in(runs[place]) for place in places}
    histories = [_metric(metric, [place for place in places if metric in told[place]], runs, told) for metric in metrics]
    target, vantage = (text(newest.provenance.get(key)) for key in ("target", "vantage"))
    return CaseHistory(text(newest.case.get("id")), target, vantage, tuple(one for one in histories if one.points))


def _metric(metric: str, places: list[int], runs: Sequence[Run], told: dict[int, dict[str, Estimate]]) -> MetricHistory:
    usable = [place for place in places if not runs[place].verdict.get("reasons") and told[place][metric].value > 0]
    points: list[HistoryPoint] = []
    for place in places[-MOST_RUNS:]:
        before = [one for one in usable if places.index(one) < places.index(place)][-2 * NEWEST_RUNS :]
        counted = last_of_repeats([*(runs[one] for one in before), runs[place]])[:-1][-NEWEST_RUNS:]
        earlier = [Earlier({metric: told[one][metric]}, began(runs[one])) for one in before if any(runs[one] is run for run in counted)]
        points.append(_point(runs[place], place, told[place][metric], _change(metric, earlier, told[place][metric])))
    return MetricHistory(metric, tuple(points), _changes(points))


def _change(metric: str, earlier: list[Earlier], own: Estimate) -> Change | None:
    """What its history says of it, as a baseline would; None where the run does not know its own metric well enough."""
    if not own.value > 0:
        return None
    return next((one.change for one in changes(Baseline("history", tuple(earlier)), (metric,), {metric: own})), None)


def _point(run: Run, place: int, own: Estimate, change: Change | None) -> HistoryPoint:
    expected_s, bound_s, relative = (change.expected_s, change.bound_s, change.relative) if change else (None, None, None)
    beyond = bound_s is not None and own.value > bound_s
    commit = text(run.provenance.get("commit"))
    return HistoryPoint(place, began(run), commit, outcome_in(run), _trusted(run), own, expected_s, bound_s, relative, beyond)


def _changes(points: Sequence[HistoryPoint]) -> tuple[int, ...]:
    """Where a level begins, of all levels: the last change, then the last before that, and so on."""
    told = [place for place, point in enumerate(points) if point.trusted and 0 < point.value.value < math.inf]
    logs = np.log([points[place].value.value for place in told])
    found: list[int] = []
    while start := last_change(logs[: found[0] if found else None]):
        found.insert(0, start)
    return tuple(told[start] for start in found)


def _trusted(run: Run) -> bool:
    return not run.verdict.get("reasons")
