"""A case's past: its runs in time, metric by metric, as figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tailgate.reporting.figures.level import HistoryPoint
from tailgate.reporting.numbers import UNKNOWN, moment
from tailgate.reporting.plain import plain
from tailgate.reporting.report.parts import LEAST_POINTS, Figure, Table, compact, ends, estimated, time
from tailgate.reporting.run_file import Run
from tailgate.reporting.trend.lines import CaseTrend, Line, trends
from tailgate.reporting.trend.words import shift_line, verdict


def pasts(runs: Sequence[Run]) -> dict[int, CaseTrend]:
    """The history of each case that has one, by the `id` of each of its runs."""
    cases = trends([(run.path or Path(), run) for run in runs], least=2)
    return {id(runs[point.run]): case for case in cases for line in case.lines for point in line.told.points}


def moved(past: Iterable[CaseTrend]) -> list[str]:
    """A sentence for each case that is slower by its newest run, whatever its budget says."""
    return [verdict([case]) for case in {id(case): case for case in past}.values() if case.moved]


def figures_of_past(past: CaseTrend | None, prefix: str) -> Iterator[Figure]:
    """A figure for each metric that was told twice. prefix: makes the names unique in a page."""
    for line in past.lines if past else ():
        if len(line.told.points) >= LEAST_POINTS:
            yield _history(line, f"{prefix}-history-{line.told.metric.replace('.', '-')}")


def _history(line: Line, name: str) -> Figure:
    metric = line.told.metric
    rows = tuple(
        (
            moment(point.started_at),
            (point.commit or UNKNOWN)[:12],
            estimated(metric, point.value),
            time(point.expected_s),
            ends(metric, {"low": point.low_s, "high": point.bound_s}),
            _said(place in line.told.changes, point),
            point.outcome or UNKNOWN,
        )
        for place, point in enumerate(line.told.points)
    )
    changed = f"; its level changed at run {', '.join(str(place + 1) for place in line.told.changes)}" if line.told.changes else ""
    return Figure(
        name,
        "history",
        f"History of {metric}",
        f"{metric} of {len(rows)} runs, with the band in which each was expected{changed}.",
        compact(plain(line.told)),
        Table(f"History of {metric}", ("began", "commit", metric, "expected", "band", "note", "outcome"), rows),
        tuple(shift_line([(line, shift)]) for shift in line.shifts),
    )


def _said(changed: bool, point: HistoryPoint) -> str:
    told = (("new level", changed), ("above the band", point.beyond), ("below the band", point.below))
    return ", ".join(word for word, holds in told if holds) or UNKNOWN
