"""Figures: repeated measurements, their medians, and the tables that people and machines read."""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
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
    measured: dict[str, Any] = field(default_factory=dict)

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
        notes = [*dict.fromkeys(self.notes), *([_how(self.measured)] if self.measured else [])]
        return "\n".join([*lines, "", " ".join(notes)]).rstrip() + "\n"

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Table:
        """A table as it was recorded."""
        rows = [{key: math.inf if cell == "inf" else cell for key, cell in row.items()} for row in fields["rows"]]
        return cls(**{**fields, "rows": rows})


def median_of(settings: Settings, once: Callable[[], Mapping[str, float]]) -> list[Mapping[str, float]]:
    """As many repetitions as the settings ask for."""
    return [once() for _ in range(settings.repeats)]


def quantile(times_s: Sequence[float], share: float) -> float:
    """The smallest time that this share of them does not exceed, seconds; NaN of none."""
    ordered = sorted(times_s)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def measured(measure: Callable[[Settings], Table], settings: Settings) -> Table:
    """A bench's table, with the machine that it is of and how busy that was."""
    before, began_s = describe(), time.monotonic()
    table = measure(settings)
    after = {"load_average_after": describe()["load_average"], "took_s": round(time.monotonic() - began_s), "repeats": settings.repeats}
    table.measured = {**before, **after}
    return table


def record(tables: Sequence[Table], path: Path) -> None:
    """Write all rows, each with all of its repetitions."""
    path.write_text(json.dumps(_finite({table.name: asdict(table) for table in tables}), indent=1) + "\n", encoding="utf-8")


def recorded(path: Path) -> dict[str, Table]:
    """The tables in a file, by name; none where there is no file."""
    return {name: Table.of(fields) for name, fields in json.loads(path.read_text(encoding="utf-8")).items()} if path.exists() else {}


def keep(table: Table, path: Path, order: Iterable[str]) -> list[Table]:
    """Put a table among those recorded, at once, and give them all: a bench that fails later loses nothing.

    order: names of tables, or what precedes a colon in them.
    """
    kept = {**recorded(path), table.name: table}
    tables = [kept[name] for first in order for name in kept if name.split(":")[0] == first]
    record(tables, path)
    return tables


def publish(part: str, tables: Sequence[Table], page: Path) -> None:
    """Write tables into the part of a page that begins with `<!-- part: … -->` and ends with `<!-- end of part -->`."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(f"<!-- {part}: ")
    opening, _, rest = rest.partition("\n")
    _, end, after = rest.partition(f"<!-- end of {part} -->")
    if not (begin and end):
        raise ValueError(f"{page} has no part '<!-- {part}: … -->' to '<!-- end of {part} -->'")
    shown = "\n".join(table.markdown() for table in tables)
    page.write_text(f"{before}{begin}{opening}\n\n{shown}\n{end}{after}", encoding="utf-8")


def main(measure: Callable[[Settings], Table]) -> None:
    """One bench as a command: prints its table, and writes JSON where asked."""
    parser = argparse.ArgumentParser(description=(measure.__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=Settings().repeats, help="measurements of which the median is told (default 5)")
    parser.add_argument("--quick", action="store_true", help="once and short, to see that it works")
    parser.add_argument("--json", type=Path, help="write all repetitions there")
    options = parser.parse_args()
    table = measured(measure, Settings(1 if options.quick else options.repeats, options.quick))
    print(table.markdown())
    if options.json:
        record([table], options.json)


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
        "rate": lambda: f"{cell * 100:.1f} %",
        "rate2": lambda: f"{cell * 100:.2f} %",
        "count": lambda: f"{cell:,.0f}".replace(",", "\u202f"),
        "times": lambda: f"{cell:.1f} ×" if cell < 10 else f"{cell:.0f} ×",
    }
    return shown[kind]()


def _how(measured: Mapping[str, Any]) -> str:
    often = f"Median of {measured['repeats']}" if measured["repeats"] > 1 else "Once"
    busy = f"load average {measured['load_average'][0]} before, {measured['load_average_after'][0]} after"
    where = f"{measured['processor']}, {measured['cores']} cores, Linux {measured['kernel']}, Python {measured['python']}"
    return f"*{often}; {where}; {measured['priority']} priority, {busy}.*"


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
