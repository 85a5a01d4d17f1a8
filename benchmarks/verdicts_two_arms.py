"""Two arms in one run: false alarms, power, coverage and non-inferiority of `paired.compare`, on series of known truth.

Each request has two times, one for each arm, from one severity: what arm 1 adds is known request by request. A coin
shows one of them. So the true difference is known twice: of *this run*, had all of its requests gone to the one arm and
then to the other; and in the *long run*, over all the spells and drifts that the model draws. The rules in use today see
the first half of the same requests in arm 0 and then the second half in arm 1, as two runs one after the other.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import mannwhitneyu

from benchmarks.figures import Settings, Table
from benchmarks.series import MODELS, PER_S, SIX
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.paired import compare, sequential

FEW, MANY = 10_000, 30_000
"""Requests per arm: 400 s and 1 200 s at 50/s."""

ALPHA, SLOWER = 0.05, 1.05
MARGIN = 0.1
"""Of the long run's p99: what arm 1 may be slower by."""

MEDIAN_S, SIGMA, TAIL_SHARE, TAIL_INDEX = 0.040, 0.25, 0.03, 2.2
TAIL_S = MEDIAN_S * math.exp(SIGMA * ndtri(1 - TAIL_SHARE))
"""Times are lognormal; the slowest 3 %, above TAIL_S, have a Pareto tail instead: a p99 2.6 times the median."""

P99_OVER_TAIL = (TAIL_SHARE / 0.01) ** (1 / TAIL_INDEX)
TAIL_GROWS = 0.2 * P99_OVER_TAIL / (P99_OVER_TAIL - 1)
"""By how much the part of a time above TAIL_S grows where p99 is to grow by a fifth."""

DRIFT, BURST_S, EVERY_S, BURST_TIMES = 0.3, 1.5, 60.0, 3.0
ASKED: Mapping[str, float | None] = {"p50": 0.5, "p99": 0.99, "mean": None}
REPLICATES, BOOTSTRAP_S = 400, 10
AROUND = 0.05
"""The bootstrap looks at the slowest 5 % only; a replicate's p99 lies among them."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Series:
    """A kind of run. draw: (random, requests) → severities, and by how much each request's time is multiplied in both arms."""

    title: str
    draw: Callable[[np.random.Generator, int], tuple[Floats, Floats]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One run: the times that each request would take in arm 0 and in arm 1, seconds; the coin; and those that were seen."""

    first_s: Floats
    second_s: Floats
    arm: NDArray[np.int64]

    @property
    def seen_s(self) -> Floats:
        """What the coin let be seen."""
        return np.where(self.arm == 1, self.second_s, self.first_s)

    @property
    def due_s(self) -> Floats:
        """When each was due."""
        return np.arange(len(self.arm)) / PER_S

    def difference_s(self, quantile: float | None) -> float:
        """The true one of this run."""
        return at(self.second_s, quantile) - at(self.first_s, quantile)


def drift_and_bursts(random: np.random.Generator, requests: int) -> tuple[Floats, Floats]:
    """A drift of up to 30 % in either direction, and bursts of 1.5 s at random, one a minute, of three times the times."""
    due_s = np.arange(requests) / PER_S
    level = 1 + random.uniform(-DRIFT, DRIFT) * due_s / due_s[-1]
    lasts_s = requests / PER_S
    for start_s in random.uniform(-BURST_S, lasts_s, random.poisson((lasts_s + BURST_S) / EVERY_S)):
        level[(due_s >= start_s) & (due_s < start_s + BURST_S)] *= BURST_TIMES
    return random.random(requests), level


def of_model(name: str, random: np.random.Generator, requests: int) -> tuple[Floats, Floats]:
    """A model of series.py, of which one request in a hundred is an exceedance."""
    return MODELS[name].draw(random, 1, requests, 0.01)[0], np.ones(requests)


SERIES: Mapping[str, Series] = {
    "drift": Series("drift and bursts", drift_and_bursts),
    **{name: Series(MODELS[name].title, partial(of_model, name)) for name in (*SIX, "queue")},
}

EFFECTS: Mapping[str, Callable[[Floats], Floats]] = {
    "none": lambda times_s: times_s,
    "all + 10 %": lambda times_s: times_s * 1.1,
    "all + 20 %": lambda times_s: times_s * 1.2,
    "tail only": lambda times_s: times_s + TAIL_GROWS * np.maximum(0.0, times_s - TAIL_S),
}
"""What arm 1 does to a time, seconds. The tail alone grows p99 by 20 % where there are no bursts, with drift and bursts by 8 %."""

ALARMS = {
    "series": ("", "text"),
    "effect": ("arm 1", "text"),
    "few": ("p ≤ .05, 10⁴ per arm", "rate"),
    "many": ("3·10⁴ per arm", "rate"),
    "passed": ("PASS at a margin of 10 %", "rate"),
    "failed": ("FAIL", "rate"),
    "ranks": ("Mann–Whitney, one after the other", "rate"),
    "point": ("p99 + 5 %, one after the other", "rate"),
    "mean": ("mean:5%, one after the other", "rate"),
    "coin_point": ("p99 + 5 %, by coin", "rate"),
}
INTERVALS = {
    "series": ("", "text"),
    "effect": ("arm 1", "text"),
    **{f"{name}_covers": (f"{name} covers", "rate") for name in ASKED},
    "at_margin": ("p99 PASS at the true difference", "rate"),
    "width": ("width / p99", "rate"),
    "bootstrap_covers": ("block bootstrap of p99 covers", "rate"),
    "bootstrap_at_margin": ("PASS at the true difference", "rate"),
    "bootstrap_width": ("width / p99", "rate"),
    "long_covers": ("long run: p99 covers", "rate"),
    "long_at_margin": ("PASS at its true difference", "rate"),
}
SIZES = {
    "per_arm": ("per arm", "count"),
    "bounded": ("p99 bounded", "rate"),
    "covers": ("covers", "rate"),
    "at_margin": ("PASS at the true difference", "rate"),
    "width": ("width / p99", "rate"),
    "power": ("p ≤ .05 at + 20 %", "rate"),
}
LOOKED = {
    "series": ("", "text"),
    "asked": ("arm 1, margin", "text"),
    "passed": ("PASS", "rate"),
    "failed": ("FAIL", "rate"),
    "requests": ("mean requests", "count"),
    "passed_end": ("at the end: PASS", "rate"),
    "failed_end": ("FAIL", "rate"),
}
QUESTIONS = (("alike", "none", 0.3), ("all + 20 %", "all + 20 %", 0.0), ("all + 20 %", "all + 20 %", None))
"""What arm 1 is, and the margin over the long run's p99; None: the true difference of the run."""

PROMISED_OF_MANY = ("none", "all + 10 %")
"""Effects that are looked at with 3·10⁴ per arm."""

_SAID = (
    "*Tail only*: p99 + 20 %, with drift and bursts + 8 %.",
    "Standard errors: of 5 % in 1000 runs 0.7 points, in 400 runs 1.1; of 80 % in 400 runs 2.0, in 200 runs 2.8.",
)
SECONDS = {"asked": ("", "text"), "requests": ("requests", "count"), "took_s": ("ms", "ms")}


def times_s(severities: Floats) -> Floats:
    """Response times of severities, uniform over 0 to 1, seconds."""
    beyond = TAIL_S * (TAIL_SHARE / np.maximum(1 - severities, 1e-12)) ** (1 / TAIL_INDEX)
    body = MEDIAN_S * np.exp(SIGMA * ndtri(np.minimum(severities, 1 - TAIL_SHARE)))
    return np.where(severities > 1 - TAIL_SHARE, beyond, body)


def at(values_s: Floats, quantile: float | None) -> float:
    """A quantile of times, or their mean."""
    return float(values_s.mean() if quantile is None else np.quantile(values_s, quantile, method="inverted_cdf"))


def draw(series: str, effect: str, random: np.random.Generator, per_arm: int) -> Drawn:
    """One run of a kind, whose arm 1 has an effect."""
    severities, level = SERIES[series].draw(random, 2 * per_arm)
    base_s = times_s(severities)
    return Drawn(base_s * level, EFFECTS[effect](base_s) * level, random.integers(0, 2, 2 * per_arm))


@cache
def long_run_s(series: str, effect: str) -> tuple[float, float]:
    """p99 of arm 0 and of arm 1 over many runs, seconds: severities are uniform in the long run, whatever company they keep."""
    if series != "drift":
        p99_s = times_s(np.array([0.99]))
        return float(p99_s[0]), float(EFFECTS[effect](p99_s)[0])
    random = np.random.default_rng(1)
    runs = [draw(series, effect, random, FEW) for _ in range(200)]
    return at(np.concatenate([one.first_s for one in runs]), 0.99), at(np.concatenate([one.second_s for one in runs]), 0.99)


def measure(settings: Settings) -> Iterator[Table]:
    """Seconds; how few requests say what; looks while the load runs; coverage and non-inferiority; false alarms and power."""
    seconds = Table("two_arms: seconds", "Processor time of one comparison with its interval", SECONDS)
    for name, quantile in ASKED.items():
        seconds.add({"asked": name, "requests": 200_000}, [{"took_s": took_s(quantile)} for _ in range(5)])
    yield seconds
    sizes = Table("two_arms: sizes", "Two arms in one run: how few requests say what of p99; drift and bursts, arm 1 slower by 20 %", SIZES)
    for per_arm in (300, 500, 1000, 3000, FEW, MANY):
        sizes.add({"per_arm": per_arm}, [size_rates("drift", per_arm, _runs("drift", "", settings))])
    yield _noted(sizes, f"{_runs('drift', '', settings)} runs each.")
    alarms = Table("two_arms: alarms", "Two arms in one run: false alarms, and power", ALARMS)
    intervals = Table("two_arms: intervals", "Two arms in one run: nominal 95 % intervals of the difference, 10⁴ per arm", INTERVALS)
    for series, kind in SERIES.items():
        for effect in EFFECTS:
            labels, runs = {"series": kind.title, "effect": effect}, _runs(series, effect, settings)
            alarms.add(labels, [alarm_rates(series, effect, runs)])
            if effect != "all + 10 %":
                intervals.add(labels, [interval_rates(series, effect, runs)])
    alike, slower, other_alike, other_slower = (_runs(series, effect, settings) for series in ("drift", "") for effect in ("none", ""))
    runs = f"Drift and bursts: {alike} runs of alike arms, {slower} of a slower arm 1; others: {other_alike} and {other_slower}."
    yield _noted(alarms, runs)
    yield _noted(intervals, runs)
    looked = Table("two_arms: looks", "Two arms in one run of at most 10⁴ per arm, looked at ten times while it goes on", LOOKED)
    for series in ("drift", "independent", "ar99", "neighbour"):
        for title, effect, margin in QUESTIONS:
            labels = {
                "series": SERIES[series].title,
                "asked": f"{title}, {'its true difference' if margin is None else f'{margin:.0%} of p99'}",
            }
            looked.add(labels, [look_rates(series, effect, margin, _runs("", "", settings))])
    yield _noted(looked, f"{_runs('', '', settings)} runs each.")


def _noted(table: Table, runs: str) -> Table:
    table.notes = [runs, *_SAID]
    return table


def alarm_rates(series: str, effect: str, runs: int) -> dict[str, float]:
    """How often each rule says that arm 1 is slower, and how often a margin is passed and failed."""
    margin_s = MARGIN * long_run_s(series, "none")[0]
    rates = _means([_alarm(one) for one in _drawn(series, effect, FEW, runs)])
    if effect not in PROMISED_OF_MANY:
        return rates
    many = [compare(one.arm, one.seen_s, due_s=one.due_s, alternative="greater") for one in _drawn(series, effect, MANY, runs)]
    outcomes = [compared.no_worse_than(margin_s) for compared in many]
    return {
        **rates,
        "many": float(np.mean([compared.p_value <= ALPHA for compared in many])),
        "passed": float(np.mean([outcome is Outcome.PASS for outcome in outcomes])),
        "failed": float(np.mean([outcome is Outcome.FAIL for outcome in outcomes])),
    }


def interval_rates(series: str, effect: str, runs: int) -> dict[str, float]:
    """How often intervals hold the true difference, and how often the gate passes a margin that is just that."""
    first_s, second_s = long_run_s(series, effect)
    found = [_covered(one, second_s - first_s, seed) for seed, one in enumerate(_drawn(series, effect, FEW, runs))]
    return {**_means(found), **{name: float(np.median([one[name] for one in found])) for name in ("width", "bootstrap_width")}}


def size_rates(series: str, per_arm: int, runs: int) -> dict[str, float]:
    """What p99 is worth with so many requests per arm, when arm 1 is a fifth slower."""
    found = []
    for one in _drawn(series, "all + 20 %", per_arm, runs):
        compared = compare(one.arm, one.seen_s, due_s=one.due_s, alternative="greater")
        truth_s = one.difference_s(0.99)
        found.append(
            {
                "bounded": math.isfinite(compared.high_s - compared.low_s),
                "covers": compared.low_s <= truth_s <= compared.high_s,
                "at_margin": compared.no_worse_than(truth_s) is Outcome.PASS,
                "width": (compared.high_s - compared.low_s) / at(one.first_s, 0.99),
                "power": compared.p_value <= ALPHA,
            }
        )
    return {**_means(found), "width": float(np.median([one["width"] for one in found]))}


def look_rates(series: str, effect: str, margin: float | None, runs: int) -> dict[str, float]:
    """Outcomes of non-inferiority while the load runs, and the requests that they take, beside those at its end."""
    rows = []
    for one in _drawn(series, effect, FEW, runs):
        margin_s = one.difference_s(0.99) if margin is None else margin * long_run_s(series, "none")[0]
        interim = sequential(one.arm, one.seen_s, margin_s=margin_s, most_requests=2 * FEW, due_s=one.due_s)
        end = compare(one.arm, one.seen_s, due_s=one.due_s).no_worse_than(margin_s)
        rows.append(
            {
                "passed": interim.outcome is Outcome.PASS,
                "failed": interim.outcome is Outcome.FAIL,
                "requests": interim.after_requests,
                "passed_end": end is Outcome.PASS,
                "failed_end": end is Outcome.FAIL,
            }
        )
    return _means(rows)


def took_s(quantile: float | None) -> float:
    """Seconds of processor time that one comparison of 2·10⁵ requests takes; the machine may be busy with other things."""
    one = draw("drift", "all + 10 %", np.random.default_rng(3), 100_000)
    seen_s, due_s, began_s = one.seen_s, one.due_s, time.process_time()
    compare(one.arm, seen_s, quantile=quantile, due_s=due_s)
    return time.process_time() - began_s


def _drawn(series: str, effect: str, per_arm: int, runs: int) -> Iterable[Drawn]:
    """The same requests and coins whatever the effect is."""
    random = np.random.default_rng([7, per_arm, *series.encode()])
    return (draw(series, effect, random, per_arm) for _ in range(runs))


def _runs(series: str, effect: str, settings: Settings) -> int:
    """More where a promise is held, and where a share of 5 % is looked at rather than one of 80 %."""
    runs = {True: 1000, False: 400}[effect == "none"]
    return 10 if settings.quick else runs if series == "drift" else runs * 2 // 5 if effect == "none" else runs // 2


def _alarm(one: Drawn) -> dict[str, float]:
    half = len(one.arm) // 2
    before_s, after_s = one.first_s[:half], one.second_s[half:]
    arms_s = [one.seen_s[one.arm == which] for which in (0, 1)]
    return {
        "few": compare(one.arm, one.seen_s, due_s=one.due_s, alternative="greater").p_value <= ALPHA,
        "ranks": float(mannwhitneyu(after_s, before_s, alternative="greater").pvalue) <= ALPHA,
        "point": at(after_s, 0.99) > SLOWER * at(before_s, 0.99),
        "mean": after_s.mean() > SLOWER * before_s.mean(),
        "coin_point": at(arms_s[1], 0.99) > SLOWER * at(arms_s[0], 0.99),
    }


def _covered(one: Drawn, long_run_s: float, seed: int) -> dict[str, float]:
    compared = {name: compare(one.arm, one.seen_s, quantile=quantile, due_s=one.due_s) for name, quantile in ASKED.items()}
    covers = {f"{name}_covers": float(found.low_s <= one.difference_s(ASKED[name]) <= found.high_s) for name, found in compared.items()}
    p99, truth_s, p99_s = compared["p99"], one.difference_s(0.99), at(one.first_s, 0.99)
    low_s, high_s = bootstrapped(one, seed)
    return {
        **covers,
        "at_margin": p99.no_worse_than(truth_s) is Outcome.PASS,
        "width": (p99.high_s - p99.low_s) / p99_s,
        "bootstrap_covers": low_s <= truth_s <= high_s,
        "bootstrap_at_margin": high_s < truth_s,
        "bootstrap_width": (high_s - low_s) / p99_s,
        "long_covers": p99.low_s <= long_run_s <= p99.high_s,
        "long_at_margin": p99.no_worse_than(long_run_s) is Outcome.PASS,
    }


def bootstrapped(one: Drawn, seed: int) -> tuple[float, float]:
    """What is usually done instead: a 95 % percentile interval from blocks of 10 s, both arms of a block drawn together."""
    block = (one.due_s // BOOTSTRAP_S).astype(np.int64)
    blocks = int(block[-1]) + 1
    weights = np.random.default_rng(seed).multinomial(blocks, np.full(blocks, 1 / blocks), REPLICATES)
    p99_s = []
    for which in (0, 1):
        of_arm = np.flatnonzero(one.arm == which)
        slowest = of_arm[np.argsort(-one.seen_s[of_arm])][: round(AROUND * len(of_arm))]
        requests = weights @ np.bincount(block[of_arm], minlength=blocks)
        above = np.cumsum(weights[:, block[slowest]], axis=1)
        rank = (above <= (requests - np.ceil(0.99 * requests))[:, None]).sum(axis=1)
        p99_s.append(one.seen_s[slowest[np.minimum(rank, len(slowest) - 1)]])
    low_s, high_s = np.quantile(p99_s[1] - p99_s[0], [0.025, 0.975])
    return float(low_s), float(high_s)


def _means(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
