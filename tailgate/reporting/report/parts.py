"""What a page is made of: tables and figures as plain values, before any markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from tailgate.analysis.quantiles import Estimate
from tailgate.reporting.numbers import UNKNOWN, end_shown, interval_in, without_unit
from tailgate.reporting.plain import Plain, plain

LEAST_POINTS = 2
"""Points that make a line."""

_DIGITS = 9
"""Significant digits of a number in a figure's series: more than is ever printed, fewer than a float has."""

_NUMBER = re.compile(r"[≤<]?\s?[-+\u2212]?(\d[\d\s.e-]*|∞)\s?(ms|s|%|/s|USD)?(\s\[.*\])?|\[.*\]|–")


@dataclass(frozen=True, slots=True)
class Table:
    """Text in rows: the first cell of each is its heading. caption: what it tells, also to those who do not see it."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Which columns hold numbers alone, and stand flush right for it."""
        return tuple(all(_NUMBER.fullmatch(cell) for cell in column) for column in zip(*self.rows, strict=True))


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot. kind: the function of scripts/ that draws it. says: in a sentence, for those who do not see it. series: JSON.

    table: the same numbers as text. notes: what has to be said beside it. name: unique in its page.
    """

    name: str
    kind: str
    title: str
    says: str
    series: Plain
    table: Table
    notes: tuple[str, ...] = field(default=())


def estimated(metric: str, one: Estimate | None) -> str:
    """`143.2 ms [138.9, 149.5]`."""
    return UNKNOWN if one is None else str(interval_in(metric, {"value": plain(one.value), "low": one.low, "high": one.high}))


def ends(metric: str, recorded: Mapping[str, Plain]) -> str:
    """The interval of a recorded estimate alone: `[138.9, 149.5]`, `–` where neither end is known."""
    interval = interval_in(metric, recorded)
    return f"[{without_unit(interval.low)}, {without_unit(interval.high)}]" if interval.known else UNKNOWN


def time(value_s: object) -> str:
    """A duration, `–` where it is unknown."""
    return end_shown("mean", value_s)


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


def columns(rows: Sequence[object], names: Iterable[str]) -> dict[str, Plain]:
    """Of records whose fields are plain and finite, these fields as columns by name, which is shorter in JSON."""
    return {name: list(map(attrgetter(name), rows)) for name in names}
