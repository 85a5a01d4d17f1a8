"""A run against its history: false alarms and power, on series of p99s of known truth, beside the rules in use today.

Between runs p99 varies by 3 % unless said otherwise. A replication is a history, a newest run, and its independent
repeat; a regression is one that both show.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Settings, Table
from tailgate.analysis.changes.change_points import TYPICAL_SPREAD
from tailgate.analysis.history import Change, judge
from tailgate.analysis.outcome import Outcome

SPREAD, USUAL_S = 0.03, 0.100
SLOWER = 1.05
"""pytest-benchmark's `--benchmark-compare-fail=…:5%`, with p99 in place of its mean: FAIL where it grew by more than this."""

COLUMNS = {
    "series": ("series of p99", "text"),
    "earlier": ("earlier runs", "count"),
    "alarm": ("false alarms", "rate"),
    "found": ("+ 10 % found", "rate"),
    "found_more": ("+ 20 % found", "rate"),
    "alarm_once": ("false alarms, no repeat", "rate"),
    "alarm_last": ("5 % above the last: false", "rate"),
    "found_last": ("+ 10 % found", "rate"),
    "alarm_band": ("mean + 2 s: false", "rate"),
    "found_band": ("+ 10 % found", "rate"),
}

Floats = NDArray[np.float64]
Noise = Callable[[np.random.Generator, tuple[int, int]], Floats]


def normal(spread: float) -> Noise:
    """Of the logarithm."""
    return lambda random, shape: random.normal(0, spread, shape)


_USUAL = normal(SPREAD)


def heavy(random: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Student's t with 3 degrees of freedom, of the usual standard deviation."""
    noise: Floats = random.standard_t(3, shape) * SPREAD / math.sqrt(3)
    return noise


def disturbed(random: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Normal, and one run of twenty slower by 35 % on average."""
    noise: Floats = random.normal(0, SPREAD, shape) + (random.random(shape) < 0.05) * random.exponential(0.3, shape)
    return noise


def creeping(random: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Normal, and each run slower by half a per cent than the one before it."""
    noise: Floats = random.normal(0, SPREAD, shape) + 0.005 * np.arange(shape[1])
    return noise


@dataclass(frozen=True, slots=True)
class Series:
    """How p99 goes from run to run. step: by how much its logarithm changed `since` runs before the newest."""

    title: str
    earlier: int
    noise: Noise = _USUAL
    step: float = 0.0
    since: int = 0
    typical_spread: float = TYPICAL_SPREAD


SERIES: Mapping[str, Series] = {
    "twenty": Series("spread 3 %", 20),
    "ten": Series("spread 3 %", 10),
    "six": Series("spread 3 %", 6),
    "five": Series("spread 3 %", 5),
    "quiet": Series("spread 1 %", 20, normal(0.01)),
    "heavy": Series("heavy tails, spread 3 %", 20, heavy),
    "disturbed": Series("one run of 20 disturbed", 20, disturbed),
    "short": Series("short runs, each known to 10 %", 20, normal(math.hypot(0.1, SPREAD)), typical_spread=math.hypot(0.1, SPREAD)),
    "few_short": Series("short runs, each known to 10 %", 5, normal(math.hypot(0.1, SPREAD)), typical_spread=math.hypot(0.1, SPREAD)),
    "step_1": Series("15 % slower since 1 run", 20, step=math.log(1.15), since=1),
    "step_3": Series("15 % slower since 3 runs", 20, step=math.log(1.15), since=3),
    "step_10": Series("15 % slower since 10 runs", 20, step=math.log(1.15), since=10),
    "small_3": Series("5 % slower since 3 runs", 20, step=math.log(1.05), since=3),
    "faster_3": Series("15 % faster since 3 runs", 20, step=-math.log(1.15), since=3),
    "creeping": Series("creeping, + ½ % a run", 20, creeping),
}


def measure(settings: Settings) -> Sequence[Table]:
    """Alarms where nothing changed with the newest run, and how often a change that came with it is found."""
    runs = 100 if settings.quick else 3000
    table = Table("history", "A run against its history", COLUMNS)
    for name, series in SERIES.items():
        table.add({"series": series.title, "earlier": series.earlier}, [replicated(name, runs)])
    small, large = (100 * (share * (1 - share) / runs) ** 0.5 for share in (0.02, 0.8))
    table.notes = [
        f"{runs} replications each: a share of 2 % has a standard error of {small:.1f} points, one of 80 % of {large:.1f}.",
        "The other rules judge the newest run alone: *5 % above the last* run (`compare-fail`, with p99 for its mean), and",
        "*mean + 2 s* of all earlier runs. Just after a step, and where times creep, the newest run is slower than most of its",
        "history, so that an alarm is right in its way; three runs make a new level.",
    ]
    return (table,)


def replicated(name: str, runs: int, seed: int = 8) -> dict[str, float]:
    """Shares of replications of one series in which each rule said FAIL: nothing changed, 10 % slower, 20 % slower."""
    series = SERIES[name]
    random = np.random.default_rng([seed, *name.encode()])
    logs = series.noise(random, (runs, series.earlier + 2))
    logs[:, series.earlier - series.since :] += series.step
    times_s = USUAL_S * np.exp(logs)
    earlier_s, newest_s, repeat_s = times_s[:, : series.earlier], times_s[:, -2], times_s[:, -1]
    usual = [_judged(series, *one) for one in zip(earlier_s, newest_s, repeat_s, strict=True)]
    ten, twenty = (
        [_judged(series, *one) for one in zip(earlier_s, newest_s * slower, repeat_s * slower, strict=True)] for slower in (1.1, 1.2)
    )
    band = earlier_s.mean(axis=1) + 2 * earlier_s.std(axis=1, ddof=1)
    return {
        "alarm": _failed(usual),
        "found": _failed(ten),
        "found_more": _failed(twenty),
        "alarm_once": float(np.mean([newest > change.bound_s for newest, change in zip(newest_s, usual, strict=True)])),
        "alarm_last": float((newest_s > SLOWER * earlier_s[:, -1]).mean()),
        "found_last": float((1.1 * newest_s > SLOWER * earlier_s[:, -1]).mean()),
        "alarm_band": float((newest_s > band).mean()),
        "found_band": float((1.1 * newest_s > band).mean()),
    }


def _judged(series: Series, earlier_s: Floats, newest_s: float, repeat_s: float) -> Change:
    return judge(earlier_s, newest_s, repeat_s, typical_spread=series.typical_spread)  # type: ignore[arg-type]  # an array will do


def _failed(changes: Sequence[Change]) -> float:
    return float(np.mean([change.outcome is Outcome.FAIL for change in changes]))
