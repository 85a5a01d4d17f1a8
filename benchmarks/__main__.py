"""All benches: `make bench`. Prints the tables, writes figures.json and the tables of README.md beside this file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import accuracy, cpu, million, neighbour, opening, paths, rate, report, stall, trend, workers, wrong_answers
from benchmarks.figures import Settings, keep, measured, publish

HERE = Path(__file__).parent
PART = "figures"
BENCHES = {
    module.__name__.rpartition(".")[2]: module
    for module in (accuracy, stall, cpu, rate, workers, neighbour, wrong_answers, million, report, opening, trend, paths)
}
QUICK = ("accuracy", "stall", "cpu")


def main() -> int:
    """Measure; with --quick only to see that all of it works, and then nothing is written unless --json says where."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="BENCH", help=f"some of {', '.join(BENCHES)}; the other tables stay as they are")
    parser.add_argument("--repeats", type=int, default=Settings().repeats, help="measurements of which the median is told (default 5)")
    parser.add_argument("--quick", action="store_true", help="once and short, to see that it works; writes no page")
    parser.add_argument("--json", type=Path, help="where all repetitions go (default benchmarks/figures.json)")
    options = parser.parse_args()
    if unknown := set(options.only) - set(BENCHES):
        parser.error(f"no such bench: {', '.join(sorted(unknown))}")
    settings = Settings(1 if options.quick else options.repeats, options.quick)
    for name in options.only or (QUICK if options.quick else BENCHES):
        table = measured(BENCHES[name].measure, settings)
        print(table.markdown(), flush=True)
        if options.json or not options.quick:
            tables = keep(table, options.json or HERE / "figures.json", BENCHES)
            if not options.json:
                publish(PART, tables, HERE / "README.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
