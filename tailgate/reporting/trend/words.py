"""Words of a trend, the same for the terminal and Markdown: the newest run beside its band, and what came with a new level."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from tailgate.analysis.dependence import LEAST_HISTORY
from tailgate.reporting.numbers import UNKNOWN, change_shown, interval_in, moment, shown
from tailgate.reporting.plain import plain
from tailgate.reporting.trend.lines import CaseTrend, Line, Shift

HEAD = ("metric", "oldest to newest", "newest", "usual [band]", "change")
"""What the columns of a line hold."""

_COMMIT_DIGITS = 12
_MOST_NAMED = 10
_DIRTY = "-dirty"


def newest_shown(line: Line) -> str:
    """`22.1 ms`."""
    return shown(line.told.metric, plain(line.newest.value.value))


def usual_shown(line: Line) -> str:
    """What was usual until then, and the band: `18.3 ms [17.2, 19.5]`; `–` before any is known."""
    point = line.newest
    if point.expected_s is None:
        return UNKNOWN
    return str(interval_in(line.told.metric, {"value": point.expected_s, "low": point.low_s, "high": point.bound_s}))


def state_shown(line: Line) -> str:
    """`+21 %, slower`; `+2 %, as usual`; `too few runs`; `not trusted`; `not told by the newest run`."""
    state = line.state
    if not line.told.current:
        return "not told by the newest run"
    if state == "unknown":
        return "too few runs" if line.newest.relative is not None or len(line.told.points) <= LEAST_HISTORY else UNKNOWN
    return state if state == "not trusted" else f"{change_shown(plain(line.newest.relative))}, {state}"


def verdict(cases: Sequence[CaseTrend]) -> str:
    """The sentence that all comes down to."""
    moved = [case for case in cases if case.moved]
    if not moved:
        return _as_usual(cases)
    each = "; ".join(f"{case.told.case or 'a case'}: {', '.join(_grown(case))}" for case in moved)
    how_many = f"{len(moved)} of {len(cases)} cases {'is' if len(moved) == 1 else 'are'} slower" if len(cases) > 1 else "Slower"
    return f"{how_many} than before, as two runs or more say, the newest among them: {each}."


def headline(cases: Sequence[CaseTrend]) -> str:
    """The same in a word or two."""
    if any(case.moved for case in cases):
        return "slower"
    return "as usual" if any(case.known for case in cases) else "not known yet"


def _as_usual(cases: Sequence[CaseTrend]) -> str:
    """That nothing moved, as far as the newest runs can be held against anything."""
    unknown = [case for case in cases if not case.known]
    takes = f"it takes a trusted run with {LEAST_HISTORY} such before it"
    if len(unknown) == len(cases):
        return f"Whether {'its' if len(cases) == 1 else 'a'} newest run is slower is not known: {takes}."
    said = "No case is slower by its newest run." if len(cases) != 1 else "Its newest run does not make it slower."
    return f"{said} Not known of {len(unknown)} of {len(cases)} cases: {takes}." if unknown else said


def alone(cases: Sequence[CaseTrend]) -> str | None:
    """A sentence of the cases of which there is but one run; None where there are none."""
    names = list(dict.fromkeys(case.told.case or "a case without a name" for case in cases if case.alone))
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"one run only: {', '.join(names[:_MOST_NAMED])}{more}" if names else None


def heading(case: CaseTrend) -> str:
    """`ranker-ml.m5.large-public, emulated, 34 runs since 2026-10-01`."""
    points = max((line.told.points for line in case.lines), key=len)
    runs = f"{len(points)} runs since" if len(points) > 1 else "1 run of"
    where = [case.told.target or "unknown target", *([f"from {case.told.vantage}"] if case.told.vantage not in (None, "local") else [])]
    return f"{case.told.case or 'a case without a name'}, {', '.join(where)}, {runs} {points[0].started_at[:10]}"


def shift_lines(case: CaseTrend) -> Iterator[str]:
    """A line for each run with which something moved, in time: its metrics, commits, and what else changed there."""
    begun: dict[tuple[str, bool], list[tuple[Line, Shift]]] = {}
    for line in case.lines:
        for shift in line.shifts:
            begun.setdefault((shift.started_at, not shift.level), []).append((line, shift))
    yield from (shift_line(begun[which]) for which in sorted(begun))


def shift_line(several: Sequence[tuple[Line, Shift]]) -> str:
    """The same of lines of one case that moved with the same run."""
    line, shift = several[0]
    metrics = ", ".join(_shifted(line.told.metric, shift) for line, shift in several)
    also = f"; changed with it: {', '.join(shift.also)}" if shift.also else ""
    what = "new level" if shift.level else "above the band"
    since = f"from run {shift.point + 1} of {len(line.told.points)} on, {moment(shift.started_at)}"
    return f"{what} {since}: {metrics}; {commits(shift)}{also}"


def commits(shift: Shift) -> str:
    """`commit 4f0c9a1b2d3e → 77aa01b2c3d4`."""
    before, after = (commit_shown(commit) for commit in (shift.commit_before, shift.commit))
    if before == after:
        return "commits unknown" if after == UNKNOWN else f"commit {after} as before"
    return f"commit {before} → {after}"


def commit_shown(commit: str | None) -> str:
    """Its first twelve digits, and whether the tree was another."""
    if commit is None:
        return UNKNOWN
    return f"{commit.removesuffix(_DIRTY)[:_COMMIT_DIGITS]}{_DIRTY if commit.endswith(_DIRTY) else ''}"


def _shifted(metric: str, shift: Shift) -> str:
    relative = change_shown(plain(shift.relative)) if math.isfinite(shift.relative) else "+∞"
    return f"{metric} {shown(metric, plain(shift.before_s))} → {shown(metric, plain(shift.after_s))} ({relative})"


def _grown(case: CaseTrend) -> Iterator[str]:
    for line in case.lines:
        if line.told.moved:
            relative = line.newest.relative if line.newest.beyond or not line.shifts else line.shifts[-1].relative
            yield f"{line.told.metric} {change_shown(plain(relative))}"
