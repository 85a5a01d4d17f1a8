"""A trend over fifty runs: how often one is shown that is none, and how soon and how exactly one that is, on series of known truth.

Each run of a series is the newest once, and seen as `tailgate trend` sees it: the twenty runs before it give its band, all that are
shown give the levels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.figures import Settings, Table
from benchmarks.verdicts_history import Floats, Noise, creeping, disturbed, heavy, normal
from tailgate.analysis.changes.change_points import TYPICAL_SPREAD
from tailgate.analysis.changes.levels import begins_slower, levels, twice
from tailgate.analysis.dependence import LEAST_HISTORY
from tailgate.analysis.history import judge

RUNS, BAND_RUNS = 50, 20
FIRST_SLOWER = 30
"""Where a step begins, counted from 0: twenty runs are left to find it."""
FOUND_WITHIN = (2, 3, 10)

COLUMNS = {
    "series": ("fifty runs", "text"),
    "above": ("some run above its band", "rate"),
    "alarm": ("`--fail-on-change` said 1", "rate"),
    "level": ("a level where none began", "rate"),
    "found_2": ("found by the 2nd run", "rate"),
    "found_3": ("by the 3rd", "rate"),
    "found_10": ("by the 10th", "rate"),
    "exactly": ("begins at that run", "rate"),
    "nearly": ("± 1 run", "rate"),
}


@dataclass(frozen=True, slots=True)
class Fifty:
    """A series of fifty runs. step: of the logarithm, from the 31st run on."""

    title: str
    noise: Noise
    step: float = 0.0


SERIES: Mapping[str, Fifty] = {
    "usual": Fifty("nothing changes, spread 3 %", normal(0.03)),
    "quiet": Fifty("nothing changes, spread 1 %", normal(0.01)),
    "wide": Fifty("nothing changes, spread 10 %", normal(0.1)),
    "heavy": Fifty("nothing changes, heavy tails", heavy),
    "disturbed": Fifty("nothing changes, one run of 20 disturbed", disturbed),
    "creeping": Fifty("creeping, + ½ % a run", creeping),
    "five": Fifty("5 % slower from the 31st on, spread 3 %", normal(0.03), math.log(1.05)),
    "ten": Fifty("10 % slower from the 31st on, spread 3 %", normal(0.03), math.log(1.1)),
    "twenty": Fifty("20 % slower from the 31st on, spread 3 %", normal(0.03), math.log(1.2)),
    "twenty_wide": Fifty("20 % slower from the 31st on, spread 10 %", normal(0.1), math.log(1.2)),
}


def measure(settings: Settings) -> Sequence[Table]:
    """Shares of series in which something was shown, where nothing changed and where something did."""
    many = 20 if settings.quick else 200
    table = Table("trend", "A trend over fifty runs", COLUMNS)
    for name in SERIES:
        table.add({"series": SERIES[name].title}, [replicated(name, many)])
    table.notes = [
        f"{many} series each: a share of 10 % has a standard error of {100 * (0.09 / many) ** 0.5:.1f} points.",
        "Alarms of a series that steps are counted before the step, and findings from it on: that many runs after it began,",
        "`--fail-on-change` had said so at least once. Where times creep, and where runs are disturbed, alarms have their reason.",
    ]
    return (table,)


def replicated(name: str, many: int, seed: int = 12) -> dict[str, float]:
    """Shares of series in which each was the case."""
    series = SERIES[name]
    random = np.random.default_rng([seed, *name.encode()])
    logs = series.noise(random, (many, RUNS))
    logs[:, FIRST_SLOWER:] += series.step
    seen = [_seen(one, stepped=series.step != 0) for one in logs]
    return {key: float(np.mean([one[key] for one in seen])) for key in seen[0]}


def _seen(logs: Floats, *, stepped: bool) -> dict[str, bool]:
    beyond = [_beyond(logs[:newest], float(logs[newest])) for newest in range(RUNS)]
    said = [twice(beyond[: newest + 1]) or begins_slower(logs[: newest + 1], TYPICAL_SPREAD) for newest in range(RUNS)]
    begins = levels(logs, TYPICAL_SPREAD)
    before = FIRST_SLOWER if stepped else RUNS
    told = {
        "above": any(beyond[:before]),
        "alarm": any(said[:before]),
        "level": any(not stepped or abs(start - FIRST_SLOWER) > 1 for start in begins),
    }
    if not stepped:
        return told
    found = {f"found_{within}": any(said[FIRST_SLOWER : FIRST_SLOWER + within]) for within in FOUND_WITHIN}
    nearest = min((abs(start - FIRST_SLOWER) for start in begins), default=RUNS)
    return told | found | {"exactly": nearest == 0, "nearly": nearest <= 1}


def _beyond(earlier: Floats, newest: float) -> bool:
    if len(earlier) < LEAST_HISTORY:
        return False
    bound_s = judge(np.exp(earlier[-BAND_RUNS:]), math.exp(newest)).bound_s  # type: ignore[arg-type]  # an array will do
    return bound_s is not None and math.exp(newest) > bound_s
