"""One run against its budget: wrong verdicts, power, coverage and endpoint time, on series of known dependence.

The budget allows 1 % of the requests beyond its bound; 50 requests a second; at most 600 s. History is five earlier
runs of 600 s, from a time when the case was half as bad as its budget allows. The retry begins where the first run
stopped, on the same series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Settings, Table
from benchmarks.series import MODELS, PER_S, counts_per_second, response_s
from tailgate.analysis.gate import Decision, decide, lower_bound, sequential, upper_bound
from tailgate.analysis.outcome import Outcome

ALLOWED, LONGEST_S, EARLIER = 0.01, 600, 5
BEFORE = ALLOWED / 2
TIMES_BUDGET = (0.2, 0.5, 2.0, 5.0)
REQUESTS = np.full(LONGEST_S, PER_S)
SLOWER = 1.05
"""pytest-benchmark's `--benchmark-compare-fail=mean:5%`: FAIL where the mean grew by more than this."""

History = list[tuple[NDArray[np.int64], NDArray[np.int64]]]

WRONG = {
    "model": ("at budget", "text"),
    "pass_history": ("false PASS, history", "rate"),
    "pass_alone": ("without: provisional", "rate"),
    "pass_sequential": ("with looks, history", "rate"),
    "pass_point": ("point estimate", "rate"),
    "pass_exact": ("Clopper–Pearson", "rate"),
    "pass_mean": ("mean:5%", "rate"),
    "fail": ("false FAIL, at the end", "rate"),
    "fail_sequential": ("with looks", "rate"),
    "fail_retried": ("after one retry", "rate"),
    "fail_exact": ("Clopper–Pearson FAIL", "rate"),
    "covered": ("90 % interval covers", "rate"),
    "covered_exact": ("Clopper–Pearson covers", "rate"),
}
POWER = {
    "model": ("", "text"),
    "times": ("× budget", "text"),
    "right": ("right, history", "rate"),
    "wrong": ("wrong", "rate"),
    "seconds": ("mean s", "count"),
    "right_alone": ("right, no history", "rate"),
    "seconds_alone": ("mean s, no history", "count"),
    "right_point": ("point estimate right", "rate"),
    "right_exact": ("Clopper–Pearson right", "rate"),
    "right_mean": ("mean:5% right", "rate"),
    "covered": ("90 % interval covers", "rate"),
}


@dataclass(frozen=True, slots=True)
class Runs:
    """Drawn runs: exceedances per second, shape (runs, seconds), and of each so-manieth the mean response time of 600 s."""

    exceedances: NDArray[np.int64]
    mean_s: NDArray[np.float64]


class Said(NamedTuple):
    """What each rule said of one run of 600 s."""

    history: Decision
    alone: Decision
    looks: Decision
    looks_alone: Decision
    exact: Outcome
    exact_covers: bool
    mean_grew: bool


def draw(model: str, random: np.random.Generator, runs: int, fraction: float, seconds: int = LONGEST_S, each: int = 1) -> Runs:
    """Runs of a model at a true exceedance fraction, a hundred at a time for the memory's sake.

    each: of how many runs one is asked for its mean response time, which takes most of the time.
    """
    counts, means = [], []
    for first in range(0, runs, 100):
        severities = MODELS[model].draw(random, min(100, runs - first), seconds * PER_S, fraction)
        counts.append(counts_per_second(severities > 1 - fraction))
        means.append(response_s(severities[::each, : LONGEST_S * PER_S], fraction).mean(axis=1))
    return Runs(np.concatenate(counts), np.concatenate(means))


def measure(settings: Settings) -> Sequence[Table]:
    """Wrong verdicts at the budget, and right ones off it with the time that they take, beside the rules in use today."""
    runs = 40 if settings.quick else 1000
    wrong = Table("one_run: wrong", "One run of 600 s at its budget: wrong verdicts", WRONG)
    power = Table("one_run: power", "One run off its budget: right verdicts, and the endpoint time that they take", POWER)
    for model in MODELS:
        random = np.random.default_rng([4, *model.encode()])
        earlier = draw(model, random, runs * EARLIER, BEFORE, each=EARLIER)
        wrong.add({"model": MODELS[model].title}, [at_budget(model, random, runs, earlier)])
        for times in TIMES_BUDGET:
            figures = off_budget(model, random, max(40, runs * 2 // 5), times * ALLOWED, earlier)
            power.add({"model": MODELS[model].title, "times": f"{times:g}"}, [figures])
    wrong.notes = [f"{runs} runs each: a share of 5 % has a standard error of {100 * (0.05 * 0.95 / runs) ** 0.5:.1f} points."]
    power.notes = [f"{max(40, runs * 2 // 5)} runs each. PASS is right below 1 ×, FAIL above; all rules but those with looks take 600 s."]
    return wrong, power


def at_budget(model: str, random: np.random.Generator, runs: int, earlier: Runs) -> dict[str, float]:
    """Shares of runs at the budget that each rule judges wrongly, which is to say at all."""
    drawn = draw(model, random, runs, ALLOWED, 2 * LONGEST_S)
    said = [_said(drawn, run, earlier) for run in range(runs)]
    retried = [
        one.looks.outcome is Outcome.FAIL and _retry(drawn, run, one.looks, earlier).outcome is Outcome.FAIL for run, one in enumerate(said)
    ]
    return {
        "pass_history": _share(one.history.outcome is Outcome.PASS for one in said),
        "pass_alone": _share(one.alone.outcome is Outcome.PASS for one in said),
        "pass_sequential": _share(one.looks.outcome is Outcome.PASS for one in said),
        "pass_point": _share(one.alone.fraction <= ALLOWED for one in said),
        "pass_exact": _share(one.exact is Outcome.PASS for one in said),
        "pass_mean": _share(not one.mean_grew for one in said),
        "fail": _share(one.history.outcome is Outcome.FAIL for one in said),
        "fail_sequential": _share(one.looks.outcome is Outcome.FAIL for one in said),
        "fail_retried": _share(retried),
        "fail_exact": _share(one.exact is Outcome.FAIL for one in said),
        "covered": _share(one.history.low <= ALLOWED <= one.history.high for one in said),
        "covered_exact": _share(one.exact_covers for one in said),
    }


def off_budget(model: str, random: np.random.Generator, runs: int, fraction: float, earlier: Runs) -> dict[str, float]:
    """Shares of runs that each rule judges rightly, and mean seconds."""
    drawn = draw(model, random, runs, fraction)
    said = [_said(drawn, run, earlier, fraction) for run in range(runs)]
    good = fraction <= ALLOWED
    right, wrong = (Outcome.PASS, Outcome.FAIL) if good else (Outcome.FAIL, Outcome.PASS)
    return {
        "right": _share(one.looks.outcome is right for one in said),
        "wrong": _share(one.looks.outcome is wrong for one in said),
        "seconds": float(np.mean([one.looks.after_s for one in said])),
        "right_alone": _share(one.looks_alone.outcome is right for one in said),
        "seconds_alone": float(np.mean([one.looks_alone.after_s for one in said])),
        "right_point": _share((one.alone.fraction <= ALLOWED) == good for one in said),
        "right_exact": _share(one.exact is right for one in said),
        "right_mean": _share(one.mean_grew != good for one in said),
        "covered": _share(one.history.low <= fraction <= one.history.high for one in said),
    }


def _said(drawn: Runs, run: int, earlier: Runs, fraction: float = ALLOWED) -> Said:
    counts, history = drawn.exceedances[run, :LONGEST_S], _history(earlier, run)
    size, seen = int(REQUESTS.sum()), counts.sum() / REQUESTS.sum()
    low, high = lower_bound(seen, size, 0.95), upper_bound(seen, size, 0.95)
    before_s = earlier.mean_s[run % len(earlier.mean_s)]
    return Said(
        decide(REQUESTS, counts, allowed=ALLOWED, history=history),
        decide(REQUESTS, counts, allowed=ALLOWED),
        sequential(REQUESTS, counts, allowed=ALLOWED, longest_s=LONGEST_S, history=history),
        sequential(REQUESTS, counts, allowed=ALLOWED, longest_s=LONGEST_S),
        Outcome.PASS if high <= ALLOWED else Outcome.FAIL if low > ALLOWED else Outcome.INCONCLUSIVE,
        low <= fraction <= high,
        bool(drawn.mean_s[run] > SLOWER * before_s),
    )


def _retry(drawn: Runs, run: int, first: Decision, earlier: Runs) -> Decision:
    """The same case again, from where the first run stopped."""
    counts = drawn.exceedances[run, first.after_s :][:LONGEST_S]
    return sequential(REQUESTS, counts, allowed=ALLOWED, longest_s=LONGEST_S, history=_history(earlier, run))


def _history(earlier: Runs, run: int) -> History:
    first = run * EARLIER % len(earlier.exceedances)
    return [(REQUESTS, counts) for counts in earlier.exceedances[first : first + EARLIER]]


def _share(hits: object) -> float:
    return float(np.mean(list(hits)))  # type: ignore[call-overload]
