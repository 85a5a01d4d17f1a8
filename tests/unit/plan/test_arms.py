"""The coin that divides a load between two arms, and what is left for each."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate import ClosedLoop, ConstantRate, Gaps, Poisson, Ramp, Replay, Steps
from tailgate.errors import PlanError
from tailgate.plan.arms import ArmLoad, coin
from tailgate.plan.load import Load, load_text

LOADS = [
    ConstantRate(50, 4, 1),
    Poisson(50, 4, 1, seed=3, gaps=Gaps(1, 0.5)),
    Ramp(10, 90, 4, 1),
    Steps((20, 60), step_s=2, warmup_s=1),
    Replay(offsets_s=tuple(np.arange(200) / 50), warmup_s=1),
]


@given(seed=st.integers(0, 2**63 - 1), requests=st.integers(0, 3000), more=st.integers(0, 50))
def test_the_coin_is_the_same_for_the_same_seed(seed: int, requests: int, more: int) -> None:
    """However long the schedule is; and every request has one of two arms."""
    arms = coin(requests, seed)
    assert set(arms.tolist()) <= {0, 1}
    assert coin(requests, seed).tolist() == arms.tolist()
    assert len(coin(requests + more, seed)) == requests + more


def test_the_coin_is_fair_and_remembers_nothing() -> None:
    """Over a million requests: the share of heads, and of heads after heads, within five standard errors of one half."""
    arms = coin(1_000_000, 1)
    pairs = arms[:-1] == arms[1:]
    for heads in (arms, pairs):
        assert heads.mean() == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(len(heads)))


def test_the_coin_does_not_follow_the_arrivals_of_the_same_seed() -> None:
    """Gaps before the requests of either arm are alike, though load and coin have one seed."""
    load = Poisson(1000, 100, 0, seed=5)
    gaps_s = np.diff(load.due_times(), prepend=0.0)
    arms = coin(len(gaps_s), 5)
    first, second = gaps_s[arms == 0], gaps_s[arms == 1]
    assert abs(first.mean() - second.mean()) < 5 * 0.001 * math.sqrt(2 / 50_000)


@pytest.mark.parametrize("load", LOADS, ids=lambda load: load.arrival)
@given(seed=st.integers(0, 999))
def test_both_arms_together_are_the_whole_load(load: Load, seed: int) -> None:
    """Each request is due once, when it would be without arms, whatever the arrivals; and each arm says how many it has."""
    arms = [ArmLoad(load, arm, seed) for arm in (0, 1)]
    together = np.sort(np.concatenate([arm.due_times() for arm in arms]))
    assert np.array_equal(together, load.due_times())
    judged = [int((arm.due_times() >= load.warmup_s).sum()) for arm in arms]
    assert judged == [arm.expected_requests for arm in arms]


def test_an_arm_has_half_of_the_rates_and_all_of_the_times() -> None:
    """It lasts as long, keeps the connections and gaps, and reads as what it is."""
    whole = Poisson(120, 30, 2, seed=7, gaps=Gaps(5, 1))
    arm = ArmLoad(whole, 1, 4, "ranker via public")
    assert (arm.per_s, arm.peak_per_s, arm.for_s, arm.warmup_s) == (60, 60, 30, 2)
    assert (arm.connections, arm.gaps) == (whole.connections, whole.gaps)
    assert arm.wording == "with half of the requests at 120/s, silent for 1 s after every 5 s"


def test_what_was_measured_in_an_arm_is_not_comparable_with_the_whole_load() -> None:
    """Nor with another arm, nor beside something else: load texts make the keys by which runs are compared."""
    whole = Poisson(120, 30, seed=7)
    loads = [whole, ArmLoad(whole, 0, 1, "x"), ArmLoad(whole, 1, 1, "x"), ArmLoad(whole, 0, 2, "x"), ArmLoad(whole, 0, 1, "y")]
    assert len({load_text(load) for load in loads}) == 5
    assert "per_s=120" in load_text(loads[1])


def test_a_closed_loop_has_no_arms() -> None:
    """The sentence says why, and what to take instead."""
    with pytest.raises(PlanError, match=r"two arms cannot share a load with 3 callers.*Poisson"):
        ArmLoad(ClosedLoop(3, 5), 0)


@pytest.mark.parametrize("wrong", [{"arm": 2}, {"arm": -1}, {"arm": 0, "arm_seed": -1}, {"arm": 0, "arm_seed": 0.5}])
def test_an_arm_that_cannot_be_meant_is_refused(wrong: dict) -> None:
    """By the name of the argument."""
    with pytest.raises(PlanError, match=r"arm is|seed is"):
        ArmLoad(LOADS[0], **wrong)
