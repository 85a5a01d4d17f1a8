"""A case's past: its runs in time, metric by metric, as figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tailgate.reporting.figures import history
from tailgate.reporting.figures.level import CaseHistory, MetricHistory
from tailgate.reporting.numbers import UNKNOWN
from tailgate.reporting.plain import plain
from tailgate.reporting.report.parts import LEAST_POINTS, Figure, Table, compact, estimated, moment, time
from tailgate.reporting.run_file import Run


def pasts(runs: Sequence[Run]) -> dict[int, CaseHistory]:
    """The history of each case that has one, by the `id` of each of its runs."""
    return {id(runs[point.run]): case for case in history(runs) for metric in case.metrics for point in metric.points}


def figures_of_past(past: CaseHistory | None, prefix: str) -> Iterator[Figure]:
    """A figure for each metric that was told twice. prefix: makes the names unique in a page."""
    for metric in past.metrics if past else ():
        if len(metric.points) >= LEAST_POINTS:
            yield _history(metric, f"{prefix}-history-{metric.metric.replace('.', '-')}")


def _history(metric: MetricHistory, name: str) -> Figure:
    rows = tuple(
        (
            moment(point.started_at),
            (point.commit or UNKNOWN)[:12],
            estimated(metric.metric, point.value),
            time(point.expected_s),
            time(point.bound_s),
            _said(place in metric.changes, point.beyond),
            point.outcome or UNKNOWN,
        )
        for place, point in enumerate(metric.points)
    )
    changed = f"; its level changed at run {', '.join(str(place + 1) for place in metric.changes)}" if metric.changes else ""
    return Figure(
        name,
        "history",
        f"History of {metric.metric}",
        f"{metric.metric} of {len(rows)} runs, with what each was expected to stay below{changed}.",
        compact(plain(metric)),
        Table(f"History of {metric.metric}", ("began", "commit", metric.metric, "expected", "bound", "note", "outcome"), rows),
    )


def _said(changed: bool, beyond: bool) -> str:
    return ", ".join(word for word, holds in (("new level", changed), ("beyond the bound", beyond)) if holds) or UNKNOWN
