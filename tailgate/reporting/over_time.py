"""Over time: how response times and send lags went, column by column of due time, as text in the record and as numbers again.

A column is a second wide, or as much wider as keeps MOST_COLUMNS of them. Text, because pytest-benchmark writes every item of a
list on its own line: `0.0102 0.0098 -`, where `-` stands for a column without requests and `inf` for one that failures reach into.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis.estimates import own_lags
from tailgate.analysis.percentiles import percentiles
from tailgate.errors import RecordError
from tailgate.reporting.plain import Plain
from tailgate.samples import Samples

MOST_COLUMNS = 120
PER_DECADE = 20
"""Classes of latency, each 12 % wide, from a microsecond up."""

LOWEST_S = 1e-6
_DECADES = 12
"""The last class begins at 11 days, beyond any time-out."""

_FINEST, _MOST_READ = 100, 10_000
"""What other versions may have written, per decade, and columns: more is damage."""

_WIDTHS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900)
_POINTS = {"response": ("p50", "p99"), "send_lag": ("p50", "p99", "max")}


@dataclass(frozen=True, slots=True, eq=False)
class OverTime:
    """How a run went. width_s: of a column. edges_s: of the classes of latency, ascending, shape (classes + 1,).

    counts: answered requests, shape (columns, classes). response, send_lag: by `p50`, `p99`, `max`, seconds, one per column,
    infinite where failures reach into it, None where there was no request; send lags are the generator's own.
    """

    width_s: float
    edges_s: NDArray[np.float64]
    counts: NDArray[np.int64]
    response: dict[str, tuple[float | None, ...]]
    send_lag: dict[str, tuple[float | None, ...]]


def over_time_fields(judged: Samples) -> dict[str, Plain]:
    """The record of judged samples, as run_file.py documents it; {} without any."""
    since_s = judged.due_s - judged.header.warmup_s
    if not len(since_s):
        return {}
    width_s = column_width_s(float(since_s.max()))
    column = np.maximum(since_s // width_s, 0).astype(np.int64)
    columns, response_s = int(column.max()) + 1, judged.response_s
    own, lag_s = own_lags(judged)
    first, counts = _classed(response_s, column, columns)
    return {
        "seconds": width_s,
        "per_decade": PER_DECADE,
        "first": first,
        "counts": [" ".join(map(str, row)) if any(row) else "" for row in counts.T.tolist()],
        "response": _points(response_s, column, columns, "response"),
        "send_lag": _points(lag_s, column[own], columns, "send_lag"),
    }


def over_time_in(fields: Plain) -> OverTime | None:
    """What a record says of it; None where it says nothing. Raises RecordError where it is damaged."""
    if not fields:
        return None
    try:
        match fields:
            case {
                "seconds": int(width_s),
                "per_decade": int(per_decade),
                "first": int(first),
                "counts": list(rows),
                "response": dict(response),
                "send_lag": dict(send_lag),
            } if width_s > 0:
                edges_s = _edges_s(first, per_decade, len(rows))
                counts, points = _read(rows, response, send_lag)
                return OverTime(width_s, edges_s, counts, *points)
    except (ValueError, OverflowError):
        pass
    raise RecordError("what the run says of its times column by column is damaged; take the samples file beside it")


def _edges_s(first: int, per_decade: int, classes: int) -> NDArray[np.float64]:
    """Of so many classes, shape (classes + 1,). Raises ValueError for what no run has."""
    if not (0 < per_decade <= _FINEST and first >= 0 and first + classes <= _DECADES * per_decade + 1):
        raise ValueError("classes")
    return np.asarray(LOWEST_S * 10 ** (np.arange(first, first + classes + 1) / per_decade))


def _read(rows: list[Plain], *told: dict[str, Plain]) -> tuple[NDArray[np.int64], list[dict[str, tuple[float | None, ...]]]]:
    """Counts, shape (columns, classes), and the points. Raises ValueError or OverflowError where they do not fit together."""
    columns = len(str(told[0].get("p50")).split())
    points = [_read_points(texts, names, columns) for texts, names in zip(told, _POINTS.values(), strict=True)]
    read = [[int(word) for word in str(row).split()] or [0] * columns for row in rows]
    counts = np.array(read, dtype=np.int64).reshape(len(rows), columns).T
    if (counts < 0).any() or not 0 < columns <= _MOST_READ:
        raise ValueError("columns")
    return counts, points


def column_width_s(last_s: float) -> int:
    """How wide a column is when the last request is due after so many seconds."""
    fitting = (width_s for width_s in _WIDTHS_S if last_s < width_s * MOST_COLUMNS)
    return next(fitting, max(1, math.ceil((last_s + 1) / MOST_COLUMNS)))


def class_of(times_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which class each finite time is in, shape (n,)."""
    decades = np.log10(np.maximum(times_s, LOWEST_S) / LOWEST_S)
    return np.clip(np.floor(decades * PER_DECADE + 1e-9), 0, _DECADES * PER_DECADE).astype(np.int64)


def _classed(times_s: NDArray[np.float64], column: NDArray[np.int64], columns: int) -> tuple[int, NDArray[np.int64]]:
    """The first class that occurs, and how many finite times are in each column and class from there on."""
    answered = np.isfinite(times_s)
    classes = class_of(times_s[answered])
    if not len(classes):
        return 0, np.zeros((columns, 0), dtype=np.int64)
    first, number = int(classes.min()), int(np.ptp(classes)) + 1
    flat = column[answered] * number + classes - first
    return first, np.bincount(flat, minlength=columns * number).reshape(columns, number)


def _points(times_s: NDArray[np.float64], column: NDArray[np.int64], columns: int, of: str) -> dict[str, Plain]:
    """By point, its values in all columns as text."""
    order = np.argsort(column, kind="stable")
    parts = np.split(times_s[order], np.searchsorted(column[order], np.arange(1, columns)))
    found = [percentiles(part, _POINTS[of]) for part in parts]
    return {point: " ".join("-" if one[point] is None else f"{one[point]:.4g}" for one in found) for point in _POINTS[of]}


def _read_points(texts: dict[str, Plain], names: tuple[str, ...], columns: int) -> dict[str, tuple[float | None, ...]]:
    read = {}
    for name in names:
        words = str(texts.get(name)).split()
        read[name] = tuple(None if word == "-" else float(word) for word in words)
        if len(words) != columns or any(value is not None and not value >= 0 for value in read[name]):
            raise ValueError(name)
    return read
