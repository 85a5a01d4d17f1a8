"""What `tailgate drive` shows people: percentiles in milliseconds, and a peer's beside ours. Nothing is decided here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from tailgate.analysis.failed import errors_line
from tailgate.analysis.percentiles import POINTS
from tailgate.analysis.reading import Reading
from tailgate.analysis.wire import wire_lines
from tailgate.reporting.drive_summary import differences
from tailgate.units import format_count, format_rate

_UNKNOWN = "–"


def table(reading: Reading) -> str:
    """One measurement: what was asked and achieved, the percentiles, and what it means."""
    return "\n".join([*_heading(reading), "", *_percentiles(reading), "", *_meaning(reading)])


def side_by_side(reading: Reading, beside: Mapping[str, object]) -> str:
    """The same URL, rate and time as a peer reports them and as we do, and the difference.

    beside: the plain form of the peer's reading.
    """
    peer, ours = str(beside["peer"]), reading.response_s
    theirs = beside["response_time_s"] if isinstance(beside["response_time_s"], Mapping) else {}
    apart = differences(theirs, ours)
    rows = [
        ["", peer, "tailgate", "difference"],
        ["achieved /s", *_rates(beside["achieved_per_s"], reading.achieved_per_s)],
        ["requests", _count(beside["requests"]), _count(reading.requests), ""],
        ["errors", _count(beside["errors"]), _count(reading.errors), ""],
        *([f"{point} ms", _as_locust(theirs.get(point)), milliseconds(ours[point]), _signed(apart[point])] for point in POINTS),
        ["CPU per request µs", *_cpu(beside["cpu_s_per_request"], reading.cpu_s_each)],
    ]
    users = f"{beside['users']} users of constant throughput; its percentiles as Locust rounds them, counted from when it sent"
    return "\n".join([f"  {peer}: {users}", "", *_grid(rows)])


def milliseconds(time_s: object) -> str:
    """`0.052`, `5.21`, `143.2`: as many digits as can be told apart; ∞ for what never came, – for what is not known."""
    if not isinstance(time_s, int | float):
        return _UNKNOWN
    if math.isinf(time_s):
        return "∞"
    ms = time_s * 1e3
    return f"{ms:.3f}" if abs(ms) < 1 else f"{ms:.2f}" if abs(ms) < 100 else f"{ms:.1f}"


def _heading(reading: Reading) -> Iterator[str]:
    load = reading.load
    warmup = f" after {load.warmup_s:g} s of warm-up" if load.warmup_s else ""
    yield f"{reading.url}"
    yield f"  {load.arrival} {load.wording} for {load.for_s:g} s{warmup}"
    counts = f"{format_count(reading.requests)} requests, {format_count(reading.errors)} errors, {format_count(reading.censored)} censored"
    offered = f"offered {format_rate(load.per_s)}, " if load.per_s is not None else ""
    yield f"  {offered}achieved {format_rate(reading.achieved_per_s)}: {counts}"
    if reading.errors:
        yield f"  {errors_line(reading.samples)}"


def _percentiles(reading: Reading) -> Iterator[str]:
    rows = [["ms", *POINTS]]
    for label, points in (
        ("response time", reading.response_s),
        ("service time", reading.service_s),
        ("send lag", reading.send_lag_s),
    ):
        rows.append([label, *(milliseconds(points[point]) for point in POINTS)])
    return _grid(rows)


def _meaning(reading: Reading) -> Iterator[str]:
    if reading.verdict is not None:
        yield reading.verdict.explain()
        return
    if reading.reasons:
        yield "INVALID, these numbers cannot be trusted"
        yield from (f"  {reason}" for reason in reading.reasons)
    else:
        yield f"valid, measured with {reading.samples.header.clock}; no budget was given, so there is no verdict"
    yield from (f"  {line}" for line in wire_lines(reading.samples))


def _grid(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Aligned lines: the first column to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *rest in rows:
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        yield "  " + "   ".join([first.ljust(widths[0]), *cells]).rstrip()


def _rates(theirs: object, ours: float) -> tuple[str, str, str]:
    rate = float(theirs) if isinstance(theirs, int | float) else math.nan
    return f"{rate:.1f}", f"{ours:.1f}", f"{rate - ours:+.1f}"


def _cpu(theirs: object, ours: float | None) -> tuple[str, str, str]:
    ratio = f"× {theirs / ours:.1f}" if isinstance(theirs, float) and ours else ""
    return _micros(theirs), _micros(ours), ratio


def _micros(time_s: object) -> str:
    return f"{time_s * 1e6:.0f}" if isinstance(time_s, float) else _UNKNOWN


def _as_locust(time_s: object) -> str:
    """Without decimals that a rounded number does not have."""
    return f"{time_s * 1e3:.6g}" if isinstance(time_s, int | float) else _UNKNOWN


def _count(number: object) -> str:
    return format_count(number) if isinstance(number, int) else _UNKNOWN


def _signed(time_s: float | None) -> str:
    return _UNKNOWN if time_s is None else f"{'+' if time_s >= 0 else '−'}{milliseconds(abs(time_s))}"
