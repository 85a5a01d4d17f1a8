"""All benches: `make bench`. Prints the tables, writes figures.json and the tables of README.md beside this file."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from benchmarks import accuracy, cpu, million, neighbour, rate, stall, wrong_answers
from benchmarks.figures import Settings, Table, record
from benchmarks.machine import describe

HERE = Path(__file__).parent
BEGIN, END = "<!-- figures: written by make bench -->", "<!-- end of figures -->"
BENCHES = (accuracy, stall, cpu, rate, neighbour, wrong_answers, million)
QUICK = (accuracy, stall, cpu)


def main() -> int:
    """Measure; with --quick only to see that all of it works, and then nothing is written unless --json says where."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--repeats", type=int, default=Settings().repeats, help="measurements of which the median is told (default 5)")
    parser.add_argument("--quick", action="store_true", help="once and short, to see that it works; writes no page")
    parser.add_argument("--json", type=Path, help="where all repetitions go (default benchmarks/figures.json)")
    options = parser.parse_args()
    settings = Settings(1 if options.quick else options.repeats, options.quick)
    machine, began_s = describe(), time.monotonic()
    tables = [bench.measure(settings) for bench in (QUICK if options.quick else BENCHES)]
    remarks = {"machine": machine, "load_average_after": describe()["load_average"], "took_s": round(time.monotonic() - began_s)}
    page = _page(tables, remarks)
    print(page)
    if options.json or not options.quick:
        record(tables, options.json or HERE / "figures.json", remarks)
    if not options.quick:
        _publish(page)
    return 0


def _page(tables: list[Table], remarks: dict[str, object]) -> str:
    machine = remarks["machine"]
    assert isinstance(machine, dict)
    busy = f"load average {machine['load_average'][0]} before, {describe()['load_average'][0]} after"
    where = f"{machine['processor']}, {machine['cores']} cores, Linux {machine['kernel']}, Python {machine['python']}; {busy}."
    return "\n".join([f"Measured on: {where}", "", *(table.markdown() for table in tables)])


def _publish(page: str) -> None:
    path = HERE / "README.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n{page}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
