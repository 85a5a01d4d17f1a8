"""A run against its history: properties, and error rates on series with known truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.analysis.history import judge
from tailgate.analysis.outcome import Outcome
from tailgate.errors import AnalysisError

TIMES = st.floats(1e-6, 1e3)
STEADY = [0.1, 0.101, 0.099, 0.1, 0.1, 0.102, 0.098, 0.1]


def test_a_run_like_its_predecessors_is_no_regression() -> None:
    """PASS, with what was expected and the bound."""
    change = judge(STEADY, 0.101)
    assert change.outcome is Outcome.PASS
    assert (change.runs, change.since, change.repeat) == (8, 0, False)
    assert change.expected_s == pytest.approx(0.1)
    assert change.bound_s is not None
    assert 0.103 < change.bound_s < 0.108
    assert change.relative == pytest.approx(0.01)


def test_a_slower_run_asks_for_a_repeat_that_decides() -> None:
    """Once is INCONCLUSIVE, twice is FAIL; a repeat that is like the others is PASS."""
    first = judge(STEADY, 0.12)
    assert (first.outcome, first.repeat) == (Outcome.INCONCLUSIVE, True)
    assert (judge(STEADY, 0.12, 0.121).outcome, judge(STEADY, 0.12, 0.121).repeat) == (Outcome.FAIL, False)
    assert judge(STEADY, 0.12, 0.101).outcome is Outcome.PASS
    assert judge(STEADY, 0.12, 0.121).repeat_relative == pytest.approx(0.21)


def test_a_difference_below_the_effect_that_matters_is_no_regression() -> None:
    """However little the runs vary."""
    assert judge([0.1] * 200, 0.1049, 0.1049, least_effect=0.05).outcome is Outcome.PASS
    assert judge([0.1] * 200, 0.1051, 0.1051, least_effect=0.05).outcome is Outcome.FAIL


def test_failures_that_reach_the_percentile_are_beyond_any_bound() -> None:
    """An infinite p99 is a regression where its repeat is one too."""
    assert judge(STEADY, math.inf).repeat
    change = judge(STEADY, math.inf, math.inf)
    assert change.outcome is Outcome.FAIL
    assert change.relative == math.inf
    assert judge(STEADY, math.inf, 0.1).outcome is Outcome.PASS


@pytest.mark.parametrize("earlier", range(5))
def test_fewer_than_five_runs_decide_nothing(earlier: int) -> None:
    """INCONCLUSIVE, without a bound and without a repeat: it would not help."""
    change = judge([0.1] * earlier, 0.2, 0.3)
    assert (change.outcome, change.repeat, change.bound_s, change.runs) == (Outcome.INCONCLUSIVE, False, None, earlier)
    assert (change.expected_s is None) == (earlier == 0)


def test_only_runs_since_the_last_change_of_level_count() -> None:
    """A service that became faster is held to its new level."""
    change = judge([*STEADY, 0.05, 0.051, 0.05, 0.049, 0.05], 0.08, 0.08)
    assert (change.outcome, change.since, change.runs) == (Outcome.FAIL, 8, 5)


def test_a_change_that_began_earlier_is_told_apart() -> None:
    """Runs at the end of the history that lie beyond the bound themselves are counted."""
    assert judge([*STEADY, *STEADY, 0.115, 0.116], 0.116, 0.115).already == 2
    assert judge([*STEADY, *STEADY], 0.116, 0.115).already == 0


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (([0.1, math.nan], 0.1), r"previous\[1\]"),
        (([0.1, math.inf], 0.1), r"previous\[1\]"),
        (([-0.1], 0.1), r"previous\[0\]"),
        (([0.0], 0.1), r"previous\[0\]"),
        (([[0.1]], 0.1), "previous"),
        ((["fast"], 0.1), "previous"),
        ((STEADY, math.nan), "newest"),
        ((STEADY, -0.1), "newest"),
        ((STEADY, 0), "newest"),
        ((STEADY, "0.1"), "newest"),
        ((STEADY, 0.1, math.nan), "retry"),
        ((STEADY, 0.1, -1.0), "retry"),
    ],
)
def test_bad_input_is_an_error_that_names_the_argument(arguments: tuple, name: str) -> None:
    """Never a number that looks like an answer."""
    with pytest.raises(AnalysisError, match=name):
        judge(*arguments)


@pytest.mark.parametrize("least_effect", [-0.01, math.nan, math.inf, "3%", True])
def test_an_effect_that_cannot_be_meant_is_refused(least_effect: object) -> None:
    """It is a share from 0 up."""
    with pytest.raises(AnalysisError, match="least_effect"):
        judge(STEADY, 0.1, least_effect=least_effect)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("typical_spread", [0, -0.1, math.nan, math.inf, None])
def test_a_spread_that_cannot_be_meant_is_refused(typical_spread: object) -> None:
    """Nothing varies by nothing."""
    with pytest.raises(AnalysisError, match="typical_spread"):
        judge(STEADY, 0.1, typical_spread=typical_spread)  # type: ignore[arg-type]  # wrong on purpose


@given(st.lists(TIMES, max_size=30), TIMES, st.none() | TIMES)
def test_a_regression_is_beyond_the_bound_and_the_effect_twice(previous: list[float], newest: float, retry: float | None) -> None:
    """And nothing else is: with five runs or more, either a repeat is asked for or there is an answer."""
    change = judge(previous, newest, retry)
    if change.bound_s is None:
        assert len(previous) < 5
        assert change.outcome is Outcome.INCONCLUSIVE
        return
    assert change.expected_s is not None
    assert change.bound_s >= change.expected_s * 1.03 * (1 - 1e-9)
    assert change.repeat == (change.outcome is Outcome.INCONCLUSIVE)
    if change.outcome is Outcome.FAIL:
        assert retry is not None
        assert min(newest, retry) > change.bound_s * (1 - 1e-9)
    assert 0 <= change.already <= change.runs <= len(previous)


@given(st.lists(TIMES, min_size=5, max_size=30), TIMES, TIMES, st.floats(1.0, 10.0))
def test_slower_is_never_judged_better(previous: list[float], newest: float, retry: float, factor: float) -> None:
    """A regression stays one when the newest run and its repeat are slower still."""
    if judge(previous, newest, retry).outcome is Outcome.FAIL:
        assert judge(previous, newest * factor, retry * factor).outcome is Outcome.FAIL


def regressions(runs: int, slower: float, *, spread: float = 0.03, typical_spread: float = 0.03, seed: int = 1) -> float:
    """How often a regression is found after so many runs that vary by so much, in 400 replications."""
    random = np.random.default_rng(seed)
    times = 0.1 * np.exp(random.normal(0, spread, (400, runs + 2)))
    times[:, runs:] *= 1 + slower
    changes = [judge(row[:runs], row[runs], row[runs + 1], typical_spread=typical_spread) for row in times]
    return float(np.mean([change.outcome is Outcome.FAIL for change in changes]))


def test_twenty_runs_find_a_tenth_and_cry_wolf_rarely() -> None:
    """At most 2 % false alarms, at least 80 % power at + 10 %, up to two standard errors of 400 replications."""
    assert regressions(20, 0.0) <= 0.02
    assert regressions(20, 0.1) >= 0.80 - 2 * 0.02
    assert regressions(6, 0.1) >= 0.70


def test_faster_is_no_regression() -> None:
    """Not once in 400."""
    assert regressions(20, -0.1) == 0


def test_short_runs_that_say_how_well_they_are_known_cry_wolf_rarely_too() -> None:
    """Five runs, each known to 10 %: told so, false alarms stay below 2 %; untold, they do not."""
    assert regressions(5, 0.0, spread=0.1, typical_spread=0.1) <= 0.02
    assert regressions(5, 0.0, spread=0.1) > 0.03
