"""Heat map: how many requests took how long, column by column of due time, and the send lag beneath it.

Columns are those of `over_time` in the record; older runs have their blocks of 10 s, and no send lag over time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tailgate.errors import RecordError
from tailgate.reporting.figures.recorded_values import items, number
from tailgate.reporting.histogram import decode
from tailgate.reporting.over_time import LOWEST_S, PER_DECADE, OverTime, class_of, over_time_in
from tailgate.reporting.per_second import kind_in, requests_in
from tailgate.reporting.run_file import Run

Row = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """column_s: how wide a column is. edges_s: of the classes of latency, ascending, logarithmic, one more than classes.

    counts: by column, then by class: answered requests. requests, failed: by column, None where the record does not tell.
    p50_s, p99_s: by column; None where there was no request, or failures reach into it.
    """

    column_s: float
    edges_s: tuple[float, ...]
    counts: tuple[tuple[int, ...], ...]
    requests: tuple[int, ...] | None
    failed: tuple[int, ...] | None
    p50_s: Row
    p99_s: Row


@dataclass(frozen=True, slots=True)
class SendLag:
    """The generator's own lateness by column, seconds; None where it had none to tell of."""

    column_s: float
    p50_s: Row
    p99_s: Row
    max_s: Row


def heat_map(run: Run) -> HeatMap | None:
    """The map of one run; None where neither columns nor blocks can be read."""
    told = _over_time(run)
    if told is None:
        return _of_blocks(run)
    requests, failed = _per_column(run, told.width_s, len(told.counts))
    edges_s = tuple(told.edges_s.tolist())
    p50_s, p99_s = (_finite(told.response[point]) for point in ("p50", "p99"))
    return HeatMap(told.width_s, edges_s, _rows(told.counts), requests, failed, p50_s, p99_s)


def send_lag(run: Run) -> SendLag | None:
    """The lags of one run; None for older or damaged ones."""
    told = _over_time(run)
    if told is None:
        return None
    return SendLag(told.width_s, *(_finite(told.send_lag[point]) for point in ("p50", "p99", "max")))


def _over_time(run: Run) -> OverTime | None:
    try:
        return over_time_in(run.over_time)
    except RecordError:
        return None


def _of_blocks(run: Run) -> HeatMap | None:
    block_s, texts = number(run.blocks.get("seconds")), items(run.blocks.get("encoded"))
    try:
        blocks = [decode(str(text)) for text in texts]
    except RecordError:
        return None
    if not blocks or not block_s or block_s <= 0:
        return None
    classes = [class_of(times_s) for times_s, _ in blocks]
    occupied = np.concatenate(classes)
    first, number_of = (int(occupied.min()), int(np.ptp(occupied)) + 1) if len(occupied) else (0, 0)
    counts = np.array(
        [np.bincount(own - first, weights=many, minlength=number_of) for own, (_, many) in zip(classes, blocks, strict=True)]
    ).astype(np.int64)
    requests, failed = _per_column(run, block_s, len(blocks))
    lost = failed or (0,) * len(blocks)
    p50_s, p99_s = (_finite(tuple(_quantile(*block, more, q) for block, more in zip(blocks, lost, strict=True))) for q in (0.5, 0.99))
    edges_s = LOWEST_S * 10 ** (np.arange(first, first + number_of + 1) / PER_DECADE)
    return HeatMap(block_s, tuple(edges_s.tolist()), _rows(counts), requests, failed, p50_s, p99_s)


def _per_column(run: Run, width_s: float, columns: int) -> tuple[tuple[int, ...] | None, tuple[int, ...] | None]:
    """Requests and failed ones by column, of the counts per second, where they reach as far as the columns do."""
    try:
        requests, failed = requests_in(run.per_second), kind_in(run.per_second, "failed")
    except RecordError:
        return None, None
    return _summed(requests, width_s, columns), None if failed is None else _summed(failed, width_s, columns)


def _summed(counts: NDArray[np.int64], width_s: float, columns: int) -> tuple[int, ...] | None:
    width = int(width_s)
    if not width or -(-len(counts) // width) < columns or counts.min() < 0:
        return None
    return tuple(int(counts[start : start + width].sum()) for start in range(0, columns * width, width))


def _quantile(times_s: NDArray[np.float64], counts: NDArray[np.int64], failed: int, q: float) -> float | None:
    n = int(counts.sum()) + failed
    if not n:
        return None
    place = int(counts.cumsum().searchsorted(math.ceil(n * q - 1e-9)))
    return float(times_s[place]) if place < len(times_s) else math.inf


def _finite(row: Row) -> Row:
    return tuple(value if value is not None and math.isfinite(value) else None for value in row)


def _rows(counts: NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(row) for row in counts.tolist())
