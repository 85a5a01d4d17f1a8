"""What a page is made of: tables and figures as plain values, before any markup."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from tailgate.analysis.quantiles import Estimate
from tailgate.plan.vocabulary import unit_of
from tailgate.reporting.plain import Plain
from tailgate.units import format_count

UNKNOWN = "–"
_DIGITS = 9
"""Significant digits of a number in a figure's series: more than is ever printed, fewer than a float has."""


@dataclass(frozen=True, slots=True)
class Table:
    """Text in rows: the first cell of each is its heading. caption: what it tells, also to those who do not see it."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot. kind: the function of page.js that draws it. says: in a sentence, for those who do not see it. series: JSON.

    table: the same numbers as text. notes: what has to be said beside it. name: unique in its page.
    """

    name: str
    kind: str
    title: str
    says: str
    series: Plain
    table: Table
    notes: tuple[str, ...] = field(default=())


def shown(metric: str, value: object) -> str:
    """A recorded value in its metric's unit; `∞` where no request kept it, as records have null for that."""
    if value is None or (isinstance(value, float) and math.isinf(value)):
        return "∞"
    return unit_of(metric).show(float(value)) if isinstance(value, int | float) else UNKNOWN


def interval(metric: str, low: object, high: object) -> str:
    """`[138.9 ms, 149.5 ms]`, a dash for an end that the samples do not bound, nothing where neither is."""
    if low is None and high is None:
        return ""
    return f"[{bound(metric, low)}, {bound(metric, high)}]"


def bound(metric: str, value: object) -> str:
    """One end of an interval."""
    return UNKNOWN if value is None else shown(metric, value)


def estimated(metric: str, one: Estimate | None) -> str:
    """`143.2 ms [138.9 ms, 149.5 ms]`."""
    return UNKNOWN if one is None else f"{shown(metric, one.value)} {interval(metric, one.low, one.high)}".rstrip()


def time(value_s: object) -> str:
    """A duration, `–` where it is unknown."""
    return UNKNOWN if value_s is None else shown("mean", value_s)


def count(number: object) -> str:
    """A count, `–` where it is unknown."""
    return format_count(number) if isinstance(number, int) else UNKNOWN


def compact(value: Plain) -> Plain:
    """The same with numbers of so many digits as anybody prints."""
    match value:
        case float():
            return float(f"{value:.{_DIGITS}g}")
        case list():
            return [compact(one) for one in value]
        case dict():
            return {key: compact(one) for key, one in value.items()}
    return value


def columns(rows: Iterable[dict[str, Plain]], names: Iterable[str]) -> dict[str, Plain]:
    """Rows as columns by name, which is shorter in JSON."""
    listed = list(rows)
    return {name: [row.get(name) for row in listed] for name in names}
