"""A trend as JSON, format 1. Times are seconds, shares are fractions; a value of null is infinite, any other null is not known.

record    "tailgate-trend"
format    1
moved     whether it takes the newest run of any case to say that it is slower now
unread    a sentence for each file or run that cannot be read
cases     each: case (its id), key, target, vantage, moved, and metrics, each:
    metric    p50, p99, …
    state     of the newest run: as usual, slower, faster, unknown (too few earlier runs, or it does not tell the metric), not trusted
    moved     as above, of this metric
    points    oldest first: file, started_at, commit, outcome, trusted, value, low, high (95 %); expected, band_low and
              band_high by the runs before it; relative to expected; beyond the band (slower), below it
    shifts    where a level begins: point (its place in points, from 0), started_at, before, after (medians), relative,
              commit_before, commit, also (what else changed, a text each)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tailgate.reporting.figures.level import HistoryPoint
from tailgate.reporting.plain import Plain, plain
from tailgate.reporting.trend.lines import CaseTrend, Line, Shift

RECORD, FORMAT = "tailgate-trend", 1


def document(cases: Sequence[CaseTrend], complaints: Sequence[str] = ()) -> str:
    """The text of the JSON, with a line end."""
    fields: dict[str, Plain] = {
        "record": RECORD,
        "format": FORMAT,
        "moved": any(case.moved for case in cases),
        "unread": list(complaints),
        "cases": [_case(case) for case in cases],
    }
    return f"{json.dumps(fields, allow_nan=False, ensure_ascii=False, indent=1)}\n"


def _case(case: CaseTrend) -> dict[str, Plain]:
    told = case.told
    return {
        "case": told.case,
        "key": told.key,
        "target": told.target,
        "vantage": told.vantage,
        "moved": case.moved,
        "metrics": [_metric(line) for line in case.lines],
    }


def _metric(line: Line) -> dict[str, Plain]:
    return {
        "metric": line.told.metric,
        "state": line.state,
        "moved": line.told.moved,
        "points": [_point(point, file) for point, file in zip(line.told.points, line.files, strict=True)],
        "shifts": [_shift(shift) for shift in line.shifts],
    }


def _point(point: HistoryPoint, file: Path | None) -> dict[str, Plain]:
    return {
        "file": plain(file),
        "started_at": point.started_at,
        "commit": point.commit,
        "outcome": point.outcome,
        "trusted": point.trusted,
        "value": plain(point.value.value),
        "low": plain(point.value.low),
        "high": plain(point.value.high),
        "expected": point.expected_s,
        "band_low": point.low_s,
        "band_high": point.bound_s,
        "relative": plain(point.relative),
        "beyond": point.beyond,
        "below": point.below,
    }


def _shift(shift: Shift) -> dict[str, Plain]:
    return {
        "point": shift.point,
        "level": shift.level,
        "started_at": shift.started_at,
        "before": plain(shift.before_s),
        "after": plain(shift.after_s),
        "relative": plain(shift.relative),
        "commit_before": shift.commit_before,
        "commit": shift.commit,
        "also": list(shift.also),
    }
