"""What `--latency-explain` shows: how many requests each planned limit takes, what its load holds, and how long that lasts."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from tailgate.analysis.planning import Need, Planned
from tailgate.units import format_count, format_rate

_WIDE = 120
"""Columns from which on cases stand in a column of their own."""

_HEAD = ("limit", "needs", "takes", "at half", "takes")
_NONE = "–"
_NOTES = (
    "needs: with fewer requests nothing is proved at 95 %, even if none exceeds. at half: what a PASS takes where half of the allowed "
    "share exceeds, request by request; slow requests that come in company take more.",
    "* the load holds fewer: it can be decided, and is likely to be only where less than half of what is allowed exceeds.",
)


def plan_table(cases: Sequence[Planned], *, width: int) -> list[str]:
    """Lines of at most `width` columns; names and limits longer than that are folded."""
    if not cases:
        return ["no case is selected: -m latency selects them, and cases that a test makes in its body are not known before it runs"]
    total = f"{_total(cases)} if each is run once to its end"
    lines = [*(_wide(cases, width) if width >= _WIDE else _narrow(cases, width)), "", *textwrap.wrap(total, width)]
    scant = any(_scant(case, need) for case in cases for need in case.needs)
    for note in _NOTES if scant else _NOTES[:1]:
        lines += textwrap.wrap(note, width)
    return lines


def plan_line(cases: Sequence[Planned]) -> str:
    """The same in one line: how long it all takes, and the limit that takes most of its own load to be decided."""
    shares = [(need.least / case.requests, case, need) for case in cases if case.requests for need in case.needs]
    if not shares:
        return f"{_total(cases)} (-v: what each limit takes)"
    _, case, need = max(shares, key=lambda one: one[0])
    takes = f"'{need.limit}' takes {format_count(need.least)} of {format_count(round(case.requests or 0))} requests to be decided"
    return f"{_total(cases)}; of {case.name} {takes} (-v: what each limit takes)"


def _wide(cases: Sequence[Planned], width: int) -> Iterator[str]:
    """One table; a case's name and load stand beside its first limit."""
    rows: list[tuple[str, ...]] = [("case", "load", *_HEAD)]
    for case in cases:
        beside = (case.name, _load(case))
        for cells in [_cells(case, need) for need in case.needs] or [("",) * len(_HEAD)]:
            rows.append((*beside, *cells))
            beside = ("", "")
    yield from _aligned(rows, width, words=3)


def _narrow(cases: Sequence[Planned], width: int) -> Iterator[str]:
    """A line of its own per case, its limits indented below."""
    head, *lines = _aligned([_HEAD, *(_cells(case, need) for case in cases for need in case.needs)], width - 2, words=1)
    yield f"  {head}"
    for case in cases:
        yield from textwrap.wrap(f"{case.name}: {_load(case)}", width, subsequent_indent="  ", break_on_hyphens=False)
        yield from (f"  {line}" for line in lines[: len(case.needs)])
        lines = lines[len(case.needs) :]


def _cells(case: Planned, need: Need) -> tuple[str, ...]:
    at_half = _NONE if need.at_half is None else format_count(need.at_half) + ("*" if _scant(case, need) else "")
    return need.limit, format_count(need.least), _time(case, need.least), at_half, _time(case, need.at_half)


def _scant(case: Planned, need: Need) -> bool:
    return case.requests is not None and need.at_half is not None and case.requests < need.at_half


def _load(case: Planned) -> str:
    if case.requests is None:
        return f"{case.load.wording}, {_seconds(case.load.for_s)} + {_seconds(case.load.warmup_s)} warm-up"
    requests = f"{format_count(round(case.requests))} requests"
    if case.takes_s is None:
        return f"{requests} of these"
    return f"{requests} in {_seconds(case.load.for_s)} + {_seconds(case.load.warmup_s)} warm-up, {format_rate(case.per_s or 0.0)}"


def _time(case: Planned, requests: int | None) -> str:
    return _NONE if requests is None or not case.per_s else _seconds(requests / case.per_s)


def _total(cases: Sequence[Planned]) -> str:
    total_s = sum(case.takes_s or 0.0 for case in cases)
    runs = sum(case.takes_s is not None for case in cases)
    minutes = f" ({total_s / 60:.1f} min)" if total_s >= 120 else ""
    return f"{runs} run{'s' if runs > 1 else ''} planned, {_seconds(total_s)}{minutes} of load"


def _seconds(time_s: float) -> str:
    return f"{time_s:.2g} s" if time_s < 10 else f"{format_count(round(time_s))} s"


def _aligned(rows: Sequence[Sequence[str]], width: int, *, words: int) -> Iterator[str]:
    """Columns of one width: the first `words` to the left, numbers to the right; what is too wide for the line is cut."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    over = sum(widths) + 2 * (len(widths) - 1) - width
    for column in range(words):
        cut = min(max(0, over), max(0, widths[column] - 12))
        widths[column] -= cut
        over -= cut
    for row in rows:
        cells = [_cut(cell, size) for cell, size in zip(row, widths, strict=True)]
        padded = [cell.ljust(size) if n < words else cell.rjust(size) for n, (cell, size) in enumerate(zip(cells, widths, strict=True))]
        yield "  ".join(padded).rstrip()


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else f"{text[: size - 1]}…"
