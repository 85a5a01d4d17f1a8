"""Drift and bursts: what meets both arms does not blur their difference, what meets one widens the interval."""

from __future__ import annotations

import numpy as np
import pytest

from tailgate.analysis.arms.coin import CoinLaw
from tailgate.analysis.paired import compare

N = 20_000


def a_run(seed: int = 1, n: int = N, shift_s: float = 0.0, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arms, lognormal response times and due times at 50/s; arm 1 is shifted and scaled."""
    random = np.random.default_rng(seed)
    arm = random.integers(0, 2, n)
    times = 0.03 * np.exp(0.5 * random.standard_normal(n))
    return arm, np.where(arm == 1, times * scale + shift_s, times), np.arange(n) / 50


@pytest.mark.parametrize("quantile", [0.5, 0.99, None])
def test_drift_and_bursts_of_both_arms_do_not_blur_their_difference(quantile: float | None) -> None:
    """The run slows to twice its times and stalls now and then, for both arms: the shift of 30 ms is found all the same."""
    arm, response_s, due_s = a_run(seed=3)
    response_s = response_s * (1 + due_s / due_s[-1]) + 0.2 * (due_s % 60 < 1.5) + 0.03 * arm
    found = compare(arm, response_s, quantile=quantile, due_s=due_s)
    assert 0 < found.low_s < 0.03 < found.high_s < 0.06


def test_bursts_that_hit_one_arm_only_widen_the_interval() -> None:
    """The same exceedances of arm 1 in company say less of its tail than scattered ones; due times tell which they are."""
    arm, response_s, due_s = a_run(seed=4)
    hit = (arm == 1) & (due_s % 80 < 2)
    scattered = np.flatnonzero(arm == 1)[:: round((arm == 1).sum() / hit.sum())][: hit.sum()]
    apart = response_s.copy()
    apart[scattered] += 0.2
    widths = [found.high_s - found.low_s for found in (compare(arm, times, due_s=due_s) for times in (response_s + 0.2 * hit, apart))]
    assert widths[0] > 1.3 * widths[1]


def test_a_stretch_slow_by_itself_that_chance_gave_to_one_arm_is_not_taken_for_its_doing() -> None:
    """The tail is five bad seconds, of which chance gave arm 1 60 % of all requests: no finding, in test or interval."""
    random = np.random.default_rng(6)
    bad = np.arange(N) // 50 % 80 == 3
    arm = (random.random(N) < np.where(bad, 0.6, 0.5)).astype(int)
    response_s = 0.03 * np.exp(0.3 * random.standard_normal(N)) + 0.5 * bad * random.random(N)
    found = compare(arm, response_s)
    slowest = response_s > np.quantile(response_s, 0.99)
    assert CoinLaw.of((arm == 0).sum(), arm.sum(), slowest.sum()).p_value(arm[slowest].sum(), "greater") < 0.05
    assert found.p_value > 0.05
    assert found.low_s < 0 < found.high_s


def test_bursts_of_both_arms_make_the_interval_narrower_than_the_same_times_scattered() -> None:
    """Where slow requests come in company, how many of either arm were there is known, and is no chance any more."""
    arm, response_s, due_s = a_run(seed=8)
    slow = response_s + 0.3 * (due_s % 100 < 2)
    scattered = np.random.default_rng(9).permutation(N)
    in_company, apart = compare(arm, slow, due_s=due_s), compare(arm[scattered], slow[scattered], due_s=due_s)
    assert in_company.high_s - in_company.low_s < apart.high_s - apart.low_s
