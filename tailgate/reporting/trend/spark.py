"""Spark lines: a line's runs as signs of one column each, the lowest and the highest that are shown being its ends."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tailgate.reporting.figures.level import HistoryPoint
from tailgate.reporting.trend.lines import Line

_BLOCKS = "▁▂▃▄▅▆▇█"
NEW_LEVEL, FAILED, NOT_TRUSTED, EARLIER = "│", "×", "·", "…"


def spark(line: Line, columns: int) -> Iterator[tuple[str, HistoryPoint | None]]:
    """The newest runs as signs, each with its run, `│` before a new level; `…` first where not all fit; of `columns` at most.

    `×` is a run in which failures reach into the metric, `·` one that was not trusted.
    """
    signs = [sign for place, point in enumerate(line.told.points) for sign in _signs(line, place, point)]
    kept = signs if len(signs) <= columns else signs[len(signs) - columns + 1 :]
    times_s = [point.value.value for point in kept if point is not None and _is_level(point)]
    low_s, high_s = (min(times_s), max(times_s)) if times_s else (0.0, 0.0)
    if len(kept) < len(signs):
        yield EARLIER, None
    for point in kept:
        yield (NEW_LEVEL, None) if point is None else (_sign(point, low_s, high_s), point)


def _signs(line: Line, place: int, point: HistoryPoint) -> Iterator[HistoryPoint | None]:
    if place in line.told.changes:
        yield None
    yield point


def _is_level(point: HistoryPoint) -> bool:
    return point.trusted and math.isfinite(point.value.value)


def _sign(point: HistoryPoint, low_s: float, high_s: float) -> str:
    if not point.trusted:
        return NOT_TRUSTED
    if not math.isfinite(point.value.value):
        return FAILED
    if high_s == low_s:
        return _BLOCKS[len(_BLOCKS) // 2 - 1]
    return _BLOCKS[min(len(_BLOCKS) - 1, int((point.value.value - low_s) / (high_s - low_s) * len(_BLOCKS)))]
