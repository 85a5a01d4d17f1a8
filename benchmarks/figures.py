"""Figures: repeated measurements, their medians, and the tables that people and machines read."""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.machine import describe

Cell = float | str | bool


@dataclass(frozen=True, slots=True)
class Settings:
    """How thoroughly: how often each is measured, and whether it is only to see that all of it works."""

    repeats: int = 5
    quick: bool = False


@dataclass(slots=True)
class Table:
    """One question's answer. columns: key → heading and format (`ms`, `us`, `percent`, `count`, `text`). notes: printed below.

    Each row holds medians under the columns' keys; `repeats` of it holds what each repetition gave.
    """

    name: str
    title: str
    columns: Mapping[str, tuple[str, str]]
    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, labels: Mapping[str, Cell], repeats: Sequence[Mapping[str, float]]) -> dict[str, Any]:
        """One row: labels as they are, and the median of each figure."""
        medians = {key: statistics.median(one[key] for one in repeats) for key in repeats[0]} if repeats else {}
        row = {**labels, **medians, "repeats": [dict(one) for one in repeats]}
        self.rows.append(row)
        print(
            f"  {self.name}: " + "  ".join(f"{key} {_shown(row.get(key), kind)}" for key, (_, kind) in self.columns.items()),
            file=sys.stderr,
        )
        return row

    def markdown(self) -> str:
        """The table as a page shows it."""
        headings = [heading for heading, _ in self.columns.values()]
        lines = [f"### {self.title}", "", _line(headings), _line(["---"] * len(headings))]
        lines += [_line([_shown(row.get(key), kind) for key, (_, kind) in self.columns.items()]) for row in self.rows]
        return "\n".join([*lines, "", *(f"{note}  " for note in self.notes)]).rstrip() + "\n"


def median_of(settings: Settings, once: Callable[[], Mapping[str, float]]) -> list[Mapping[str, float]]:
    """As many repetitions as the settings ask for."""
    return [once() for _ in range(settings.repeats)]


def quantile(times_s: Sequence[float], share: float) -> float:
    """The smallest time that this share of them does not exceed, seconds; NaN of none."""
    ordered = sorted(times_s)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def record(tables: Sequence[Table], path: Path, remarks: Mapping[str, Any]) -> None:
    """Write all rows with the machine that they are of."""
    rows = {table.name: {"title": table.title, "rows": table.rows, "notes": table.notes} for table in tables}
    path.write_text(json.dumps(_finite({**remarks, "tables": rows}), indent=1) + "\n", encoding="utf-8")


def main(measure: Callable[[Settings], Table]) -> None:
    """One bench as a command: prints its table, and writes JSON where asked."""
    parser = argparse.ArgumentParser(description=(measure.__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=Settings().repeats, help="measurements of which the median is told (default 5)")
    parser.add_argument("--quick", action="store_true", help="once and short, to see that it works")
    parser.add_argument("--json", type=Path, help="write all repetitions there")
    options = parser.parse_args()
    before = describe()
    table = measure(Settings(1 if options.quick else options.repeats, options.quick))
    print(table.markdown())
    if options.json:
        record([table], options.json, {"machine": before, "load_average_after": describe()["load_average"]})


def _shown(cell: Cell | None, kind: str) -> str:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return "–"
    if isinstance(cell, str) or kind == "text":
        return str(cell)
    if math.isinf(cell):
        return "∞"
    shown = {
        "ms": lambda: f"{cell * 1e3:.2f}",
        "signed_ms": lambda: f"{cell * 1e3:+.2f}",
        "us": lambda: f"{cell * 1e6:.0f}" if cell * 1e6 >= 20 else f"{cell * 1e6:.1f}",
        "percent": lambda: f"{cell * 100:+.2f} %",
        "share": lambda: f"{cell * 100:.0f} %",
        "count": lambda: f"{cell:,.0f}".replace(",", "\u202f"),
        "times": lambda: f"{cell:.1f} ×" if cell < 10 else f"{cell:.0f} ×",
    }
    return shown[kind]()


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _finite(value: Any) -> Any:
    """JSON knows neither infinity nor NaN: the one becomes a word, the other null."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "inf"
    return value
