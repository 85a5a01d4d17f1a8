"""Verdicts: how often they are wrong, and what they cost, on series with known truth. `python -m benchmarks.verdicts`.

Pure computation, so it wants no quiet machine; but minutes of it, so it is no part of `make bench`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from benchmarks import (
    verdicts_compare,
    verdicts_cost,
    verdicts_history,
    verdicts_independent,
    verdicts_memory,
    verdicts_one_run,
    verdicts_trend,
    verdicts_two_arms,
)
from benchmarks.figures import Settings, Table, keep, publish

HERE = Path(__file__).parent
PARTS: Mapping[str, Callable[[Settings], Iterable[Table]]] = {
    "one_run": verdicts_one_run.measure,
    "memory": verdicts_memory.measure,
    "independent": verdicts_independent.measure,
    "cost": verdicts_cost.measure,
    "two_arms": verdicts_two_arms.measure,
    "history": verdicts_history.measure,
    "trend": verdicts_trend.measure,
    "compare": verdicts_compare.measure,
}
"""By name what each part measures; its tables are named after it, `one_run: …` where there are several."""


def main() -> int:
    """Measure; prints the tables, and but for --quick writes verdicts.json and the tables of README.md beside this file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verdicts", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="PART", help=f"some of {', '.join(PARTS)}; the other tables stay as they are")
    parser.add_argument("--quick", action="store_true", help="few replications, to see that it works; writes no page")
    parser.add_argument("--json", type=Path, help="where all figures go (default benchmarks/verdicts.json)")
    options = parser.parse_args()
    if unknown := set(options.only) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    path = options.json or HERE / "verdicts.json"
    for part in options.only or PARTS:
        began_s = time.monotonic()
        for table in PARTS[part](Settings(1, options.quick)):
            print(table.markdown(), flush=True)
            if options.json or not options.quick:
                tables = keep(table, path, PARTS)
                if not options.json:
                    publish("verdicts", tables, HERE / "README.md")
        print(f"  {part}: {time.monotonic() - began_s:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
