"""Runs before and after: how often `tailgate compare` is wrong where nothing changed, and what it finds where something did.

A replication is some runs a side of 60 s, each a series of known dependence (series.py) times a factor of its own, by which runs of
the same thing differ: 3 %. What is compared is what a run file records of each, with the command's own defaults.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Settings, Table
from benchmarks.series import MODELS, PER_S, counts_per_second, response_s
from tailgate.analysis.changes.before_after import USUAL, BeforeAfter, Margins, before_after
from tailgate.analysis.compare import compare
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.quantiles import Estimate, estimate_quantile
from tailgate.samples import RECORD, Header, Samples

FOR_S, FRACTION, SPREAD = 60, 0.02, 0.03
"""Two in a hundred are in the tail, so that p99 lies amid it."""

SHOWN = ("independent", "ar90", "ar99", "bursts", "pauses", "neighbour", "queue")
RUNS = (1, 3, 5)
DECIDING: Mapping[str, float] = {"p50": 0.5, "p99": 0.99}
"""Quantiles by metric; the error rate decides as well, but nothing fails here."""

LEAST = 0.10
"""What matters to a gate that wants to hear `no worse` from a handful of runs."""

WRONG_COLUMNS = {
    "model": ("nothing changed", "text"),
    "runs": ("runs a side", "count"),
    "worse": ("false: worse", "rate"),
    "better": ("false: better", "rate"),
    "p50_covered": ("p50: 95 % interval covers", "rate"),
    "p99_covered": ("p99: 95 % interval covers", "rate"),
    "last": ("p99 5 % above: false", "rate"),
    "bootstrap": ("block bootstrap of two runs: false", "rate"),
}
FOUND_COLUMNS = {
    "model": ("requests", "text"),
    "runs": ("runs a side", "count"),
    "metric": ("metric", "text"),
    "found_10": ("+ 10 %: worse", "rate"),
    "found_20": ("+ 20 %: worse", "rate"),
    "found_30": ("+ 30 %: worse", "rate"),
    "no_worse": ("alike: no worse than 10 %", "rate"),
    "passed_20": ("+ 20 %: no worse than 10 %", "rate"),
}

Floats = NDArray[np.float64]
Told: TypeAlias = Mapping[str, Estimate]
"""What a run file records of a run, by metric."""


@dataclass(frozen=True, slots=True)
class Sides:
    """One replication: what is recorded of each run. first_s, second_s: response times of the first run of each side."""

    before: Sequence[Told]
    after: Sequence[Told]
    first_s: Floats
    second_s: Floats


def measure(settings: Settings) -> Sequence[Table]:
    """False alarms over all models, and power where requests are independent and where they are not."""
    many = 20 if settings.quick else 200
    wrong = Table("compare: wrong", "Runs of 60 s before and after, of which nothing changed", WRONG_COLUMNS)
    for model in SHOWN:
        for runs in RUNS:
            bootstrap = {"bootstrap": bootstrapped(model, many // 2)} if runs == 1 else {}
            wrong.add({"model": MODELS[model].title, "runs": float(runs)}, [{**alike(model, runs, many), **bootstrap}])
    wrong.notes = [
        f"{many} replications each, 50 requests/s, runs differ by 3 %: a share of 2 % has a standard error of {_error(0.02, many):.1f}",
        f"points, one of 95 % of {_error(0.95, many):.1f}. *False*: p50 or p99 found to have changed by more than 3 %. The other rules:",
        "*5 % above* (`compare-fail`, with p99 for its mean) of the sides' means; *block bootstrap* of two runs' samples, beyond + 3 % at",
        "95 %, in half as many.",
        "Of spells of which a run holds one, or a fifth of one (bursts, neighbour), one run a side can tell nothing.",
    ]
    found = Table("compare: found", "Runs of 60 s before and after: changes of a known size", FOUND_COLUMNS)
    for model in ("independent", "ar90"):
        for runs in (*RUNS, 10):
            for metric, figures in changed(model, runs, many).items():
                found.add({"model": MODELS[model].title, "runs": float(runs), "metric": metric}, [figures])
    found.notes = [f"{many} replications each: a share of 80 % has a standard error of {_error(0.8, many):.1f} points."]
    return wrong, found


def alike(model: str, runs: int, many: int) -> dict[str, float]:
    """Shares of replications without any change in which there was said to be one, and in which intervals cover."""
    drawn = replications(model, runs, many)
    told = [{metric: _compared(metric, sides) for metric in DECIDING} for sides in drawn]
    return {
        "worse": float(np.mean([any(one.outcome is Outcome.FAIL for one in each.values()) for each in told])),
        "better": float(np.mean([any(one.better for one in each.values()) for each in told])),
        **{f"{metric}_covered": float(np.mean([_covers(one[metric]) for one in told])) for metric in DECIDING},
        "last": float(np.mean([(one["p99"].after or 0.0) > 1.05 * (one["p99"].before or 0.0) for one in told])),
    }


def bootstrapped(model: str, many: int) -> float:
    """In which share of replications without any change the block bootstrap finds one."""
    return float(np.mean([_bootstrapped(sides) for sides in replications(model, 1, many)]))


def changed(model: str, runs: int, many: int) -> dict[str, dict[str, float]]:
    """By metric, shares of replications in which a change was found worse; and, by a larger effect that matters, no worse."""
    drawn, larger = replications(model, runs, many), replace(USUAL, least_effect=LEAST)
    return {
        metric: {
            **{f"found_{per_cent}": _share(drawn, metric, 1 + per_cent / 100, USUAL, Outcome.FAIL) for per_cent in (10, 20, 30)},
            "no_worse": _share(drawn, metric, 1.0, larger, Outcome.PASS),
            "passed_20": _share(drawn, metric, 1.2, larger, Outcome.PASS),
        }
        for metric in DECIDING
    }


@cache
def replications(model: str, runs: int, many: int, seed: int = 9) -> list[Sides]:
    """So many of them, the same for the same arguments."""
    random = np.random.default_rng([seed, runs, *model.encode()])
    found = []
    for _ in range(many):
        drawn = response_s(MODELS[model].draw(random, 2 * runs, FOR_S * PER_S, FRACTION), FRACTION)
        times_s = drawn * np.exp(random.normal(0, SPREAD, (2 * runs, 1)))
        told = [{metric: _estimate(one_s, quantile) for metric, quantile in DECIDING.items()} for one_s in times_s]
        found.append(Sides(told[:runs], told[runs:], times_s[0], times_s[runs]))
    return found


def _share(drawn: Sequence[Sides], metric: str, factor: float, margins: Margins, outcome: Outcome) -> float:
    return float(np.mean([_compared(metric, sides, factor, margins).outcome is outcome for sides in drawn]))


def _compared(metric: str, sides: Sides, factor: float = 1.0, margins: Margins = USUAL) -> BeforeAfter:
    after = [_times(told[metric], factor) for told in sides.after]
    return before_after(metric, [told[metric] for told in sides.before], after, margins)


def _times(told: Estimate, factor: float) -> Estimate:
    low, high = (None if end is None else factor * end for end in (told.low, told.high))
    return Estimate(told.metric, factor * told.value, low, high)


def _estimate(times_s: Floats, quantile: float) -> Estimate:
    """As a run file records it."""

    def per_second(exceeds: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        counts = counts_per_second(exceeds[np.newaxis])[0]
        return np.full_like(counts, PER_S), counts

    return estimate_quantile(times_s, quantile, per_second=per_second)


def _covers(found: BeforeAfter) -> bool:
    low, high = found.relative_low, found.relative_high
    return (low is None or low <= 0) and (high is None or high >= 0)


def _bootstrapped(sides: Sides) -> bool:
    """Whether the block bootstrap of two runs' samples finds p50 or p99 grown by more than 3 %."""
    found = compare(_samples(sides.first_s), _samples(sides.second_s), replicates=400)
    return any(one.low_s is not None and one.low_s > 0.03 * one.first_s for one in found if one.metric in DECIDING)


def _samples(times_s: Floats) -> Samples:
    records = np.zeros(len(times_s), dtype=RECORD)
    records["due_s"] = np.arange(len(times_s)) / PER_S
    records["done_after_s"], records["status"] = times_s, 200
    return Samples(Header(len(times_s), 0.0, FOR_S, 0.0, 0.0, "synthetic", "http://127.0.0.1/"), records)


def _error(share: float, runs: int) -> float:
    return float(100 * (share * (1 - share) / runs) ** 0.5)
