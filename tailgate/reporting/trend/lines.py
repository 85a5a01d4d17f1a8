"""Lines of a trend: one metric of one case over its runs, where its level changed and what changed with it."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tailgate.analysis.changes.change_points import LEAST_SIDE
from tailgate.reporting.figures import history
from tailgate.reporting.figures.level import MOST_RUNS, CaseHistory, HistoryPoint, MetricHistory
from tailgate.reporting.run_file import Run
from tailgate.reporting.trend.circumstances import changed

_NOT_KNOWN = {"unknown", "not trusted"}


@dataclass(frozen=True, slots=True)
class Shift:
    """Where a line moved. point: the place among its points of the run that it did so with.

    level: whether a new level began there; else the newest runs, fewer than a level takes, all lie above the band. before_s,
    after_s: medians of the trusted runs of the level before, and since; infinite where failures reach into it. relative: .1
    for a tenth slower. commit_before: of the last trusted run before; commit: of the first one since. also: what else changed.
    """

    point: int
    level: bool
    started_at: str
    before_s: float
    after_s: float
    relative: float
    commit_before: str | None
    commit: str | None
    also: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One metric of one case. files: of each point the run's file, None where it stands in no file of its own."""

    told: MetricHistory
    files: tuple[Path | None, ...]
    shifts: tuple[Shift, ...]

    @property
    def newest(self) -> HistoryPoint:
        """The newest run that tells the metric."""
        return self.told.points[-1]

    @property
    def state(self) -> str:
        """The newest run's: not trusted, unknown (too few earlier runs, or it does not tell the metric), slower, faster, or as usual."""
        point = self.newest
        if not self.told.current:
            return "unknown"
        if not point.trusted:
            return "not trusted"
        if point.bound_s is None:
            return "unknown"
        return "slower" if point.beyond else "faster" if point.below else "as usual"


@dataclass(frozen=True, slots=True)
class CaseTrend:
    """A case: its history, and a line for each metric."""

    told: CaseHistory
    lines: tuple[Line, ...]

    @property
    def alone(self) -> bool:
        """Whether there is but one run of it, which makes no line."""
        return all(len(line.told.points) == 1 for line in self.lines)

    @property
    def known(self) -> bool:
        """Whether any line can say how its newest run compares with those before it."""
        return any(line.state not in _NOT_KNOWN for line in self.lines)

    @property
    def moved(self) -> bool:
        """Whether it takes its newest run to say that it is slower now."""
        return any(line.told.moved for line in self.lines)


def trends(
    found: Sequence[tuple[Path, Run]], *, most: int = MOST_RUNS, metrics: Sequence[str] | None = None, least: int = 1
) -> tuple[CaseTrend, ...]:
    """A trend for each case, target kind and vantage, in the order in which they were first measured.

    found: runs with their files. least: cases with fewer runs are left out.
    """
    runs = [run for _, run in found]
    files = [path for path, _ in found]
    cases = history(runs, most=most, least=least, metrics=metrics)
    return tuple(CaseTrend(case, tuple(_line(metric, runs, files) for metric in case.metrics)) for case in cases)


def _line(told: MetricHistory, runs: Sequence[Run], files: Sequence[Path]) -> Line:
    return Line(told, tuple(files[point.run] for point in told.points), tuple(_shifts(told, runs)))


def _shifts(told: MetricHistory, runs: Sequence[Run]) -> Iterator[Shift]:
    edges = [0, *told.changes, len(told.points)]
    for start, begins, end in zip(edges, edges[1:], edges[2:], strict=False):
        yield _shift(told, runs, (start, begins, end), level=True)
    above = _above(told)
    if above is not None and not any(abs(above - change) < LEAST_SIDE for change in told.changes):
        yield _shift(told, runs, (edges[-2], above, len(told.points)), level=False)


def _above(told: MetricHistory) -> int | None:
    """Where the newest trusted runs, as many as lie above the band, begin; None where the newest one does not."""
    since = None
    for place in reversed(range(len(told.points))):
        if told.points[place].trusted:
            if not told.points[place].beyond:
                break
            since = place
    return since


def _shift(told: MetricHistory, runs: Sequence[Run], edges: tuple[int, int, int], *, level: bool) -> Shift:
    before, after = (_telling(told.points[start:end]) for start, end in itertools.pairwise(edges))
    usual_s = told.points[edges[1]].expected_s
    before_s = statistics.median(point.value.value for point in before) if before else usual_s or math.inf
    after_s = statistics.median(point.value.value for point in after)
    return Shift(
        edges[1],
        level,
        told.points[edges[1]].started_at,
        before_s,
        after_s,
        after_s / before_s - 1,
        before[-1].commit if before else None,
        after[0].commit,
        changed([runs[point.run] for point in before[-LEAST_SIDE:]], [runs[point.run] for point in after[:LEAST_SIDE]]),
    )


def _telling(points: Sequence[HistoryPoint]) -> list[HistoryPoint]:
    """Those that count."""
    return [point for point in points if point.trusted and point.value.value > 0]
