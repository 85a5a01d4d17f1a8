"""Two arms in one run on series of known truth: `python -m benchmarks.verdicts two_arms`, shortened, with fixed seeds.

A share found in n runs may lie off what is promised by three standard errors of n runs, and no more.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.verdicts_two_arms import ALPHA, FEW, MANY, SERIES, at, draw, long_run_s, look_rates, times_s
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.paired import Comparison, compare


def error(share: float, runs: int) -> float:
    """Three standard errors."""
    return float(3 * (share * (1 - share) / runs) ** 0.5)


def compared(series: str, effect: str, per_arm: int, runs: int, quantile: float | None = 0.99) -> list[tuple[Comparison, float]]:
    """Comparisons of runs, each with the true difference of its run, seconds."""
    random = np.random.default_rng([11, per_arm, *series.encode()])
    drawn = [draw(series, effect, random, per_arm) for _ in range(runs)]
    return [
        (compare(one.arm, one.seen_s, quantile=quantile, due_s=one.due_s, alternative="greater"), one.difference_s(quantile))
        for one in drawn
    ]


def alarms(series: str, effect: str, per_arm: int, runs: int) -> float:
    return float(np.mean([found.p_value <= ALPHA for found, _ in compared(series, effect, per_arm, runs)]))


@pytest.mark.parametrize("series", ["drift", "ar99", "neighbour"])
def test_alike_arms_hardly_ever_raise_an_alarm(series: str) -> None:
    """False alarms at most 5 %, under drift and bursts and whatever else comes in company."""
    assert alarms(series, "none", 2000, 400) <= ALPHA + error(ALPHA, 400)


@pytest.mark.parametrize(
    ("series", "effect", "per_arm", "power"),
    [("drift", "all + 20 %", FEW, 0.80), ("independent", "all + 20 %", FEW, 0.80), ("drift", "all + 10 %", MANY, 0.72)],
)
def test_a_slower_arm_is_found(series: str, effect: str, per_arm: int, power: float) -> None:
    """p99 higher by a fifth with 10⁴ per arm, by a tenth with 3·10⁴: as often as promised."""
    assert alarms(series, effect, per_arm, 120) >= power - error(power, 120)


@pytest.mark.parametrize(
    ("series", "quantile", "effect"),
    [
        ("drift", 0.99, "all + 20 %"),
        ("drift", 0.99, "tail only"),
        ("drift", 0.5, "all + 20 %"),
        ("drift", None, "all + 20 %"),
        ("neighbour", 0.99, "tail only"),
        ("bursts", 0.99, "tail only"),
    ],
)
def test_intervals_hold_the_true_difference_and_a_margin_that_is_just_that_hardly_ever_passes(
    series: str, quantile: float | None, effect: str
) -> None:
    """Coverage of nominally 95 % intervals, and non-inferiority at a margin that is the difference: at most 5 % PASS."""
    runs = compared(series, effect, 3000, 200, quantile)
    assert np.mean([found.low_s <= truth_s <= found.high_s for found, truth_s in runs]) >= 0.95 - error(0.95, 200)
    assert np.mean([found.no_worse_than(truth_s) is Outcome.PASS for found, truth_s in runs]) <= 0.025 + error(0.025, 200)


def test_margins_are_passed_and_failed_where_they_should_be() -> None:
    """Alike arms are no worse than three tenths of p99; an arm slower by a fifth is worse than nothing."""
    margin_s = 0.3 * long_run_s("drift", "none")[0]
    assert np.mean([found.no_worse_than(margin_s) is Outcome.PASS for found, _ in compared("drift", "none", FEW, 40)]) > 0.9
    assert np.mean([found.no_worse_than(0.0) is Outcome.FAIL for found, _ in compared("drift", "all + 20 %", FEW, 40)]) > 0.6


@pytest.mark.thorough
def test_looks_while_the_load_runs_err_as_rarely_and_stop_a_slower_arm_early() -> None:
    """At the true difference PASS and FAIL stay rare over all ten looks; an arm slower by a fifth is stopped half way."""
    at_margin = look_rates("drift", "all + 20 %", None, 100)
    assert max(at_margin["passed"], at_margin["failed"]) <= 0.025 + error(0.025, 100)
    slower = look_rates("drift", "all + 20 %", 0.0, 40)
    assert slower["failed"] > 0.9
    assert slower["requests"] < 1.2 * FEW


@pytest.mark.parametrize("series", SERIES)
def test_the_series_are_as_slow_as_they_say(series: str) -> None:
    """Over many runs p99 is the long run's, and that of an arm slower in its tail only is a fifth higher, but amid bursts."""
    random = np.random.default_rng(12)
    first_s, second_s = long_run_s(series, "tail only")
    drawn_s = np.concatenate([draw(series, "none", random, FEW).first_s for _ in range(60)])
    assert np.mean(drawn_s > first_s) == pytest.approx(0.01, rel=0.35 if series == "neighbour" else 0.2)
    assert second_s / first_s == pytest.approx(1.08 if series == "drift" else 1.2, rel=0.02)
    assert at(times_s(np.linspace(0.0005, 0.9995, 1000)), 0.5) == pytest.approx(0.04, rel=0.01)
