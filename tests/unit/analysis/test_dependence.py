from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, t

from tailgate.analysis.counts import Counts
from tailgate.analysis.dependence import Lesson, Spread, floor_of, lesson_of, spread_of


def alternating(seconds: int, stretch_s: int) -> Counts:
    """Stretches without an exceedance, and equally long ones with two of 100 requests in each second."""
    bad = np.arange(seconds) // stretch_s % 2
    return Counts.of(np.full(seconds, 100), 2 * bad)


@pytest.mark.parametrize("stretch_s", [1, 5, 10])
def test_stretches_are_seen_at_their_own_length(stretch_s: int) -> None:
    """Good and bad stretches in turn, of a length at which blocks are cut, have the stretch's length as design effect."""
    assert spread_of(alternating(600, stretch_s)).effect == pytest.approx(stretch_s, rel=0.03)


@pytest.mark.parametrize(("seconds", "stretch_s", "blocks"), [(400, 20, 20), (400, 40, 10)])
def test_a_twentieth_and_a_tenth_of_the_run_are_block_lengths_too(seconds: int, stretch_s: int, blocks: int) -> None:
    """Stretches longer than 10 s are seen where they are a twentieth or a tenth of the run."""
    spread = spread_of(alternating(seconds, stretch_s))
    assert spread.effect == pytest.approx(stretch_s, rel=0.15)
    assert spread.blocks == blocks


def test_a_run_shows_dependence_from_ten_seconds_on() -> None:
    """Five exceedances in one second are a burst among ten or fifteen seconds; among nine nothing can be told."""
    for seconds, effect in ((9, 1.0), (10, 5.0), (15, 5.0)):
        burst = np.zeros(seconds)
        burst[4] = 5
        assert spread_of(Counts.of(np.full(seconds, 100), burst)).effect == pytest.approx(effect, rel=0.02)


def test_only_the_excess_over_independence_is_widened_for_being_an_estimate() -> None:
    """1 + (effect − 1)·(t/z)² with one degree of freedom less than blocks; without excess, or blocks, nothing."""
    widening = (t.ppf(0.95, 19) / norm.ppf(0.95)) ** 2
    assert Spread(3.0, 20).cost(0.95) == pytest.approx(1 + 2 * widening)
    assert Spread(1.0, 20).cost(0.95) == Spread(1.0, 0).cost(0.95) == 1
    assert Spread(3.0, 20).cost(0.5) > 3


@pytest.mark.parametrize(("times_the_fraction", "inflation"), [(0.5, 1.5), (1, 1.5), (2, 1.5), (4, 3), (6, 4.5), (100, 5)])
def test_a_history_teaches_its_dependence_the_more_the_better_it_was(times_the_fraction: float, inflation: float) -> None:
    """The history's excess is inflated by 1.5 where it was half as bad as allowed, in proportion where better, at most by 5."""
    history = [alternating(600, 5)] * 8
    assert floor_of(history, 0.01 * times_the_fraction) == pytest.approx(1 + 4 * inflation, rel=0.03)


def test_runs_that_differ_more_than_chance_teach_more_than_each_of_them() -> None:
    """Runs without a burst inside, of which one in five was bad from end to end, are told from independent ones."""
    even = [Counts.of(np.full(20, 100), np.full(20, k)) for k in (0, 0, 5, 0, 0)]
    assert max(spread_of(run).effect for run in even) == 1
    assert floor_of(even, 0.01) > 100
    alike = [Counts.of(np.full(20, 100), np.full(20, 1))] * 5
    assert floor_of(alike, 0.01) == 1


def test_a_history_of_all_or_nothing_teaches_nothing() -> None:
    """Where no request, or every request, exceeded, there is no spread to learn from."""
    for each in (0, 100):
        assert floor_of([Counts.of(np.full(20, 100), np.full(20, each))] * 5, 0.01) == 1


@pytest.mark.parametrize(
    ("runs", "seconds", "length_s", "enough"), [(4, 600, 60, False), (5, 600, 600, True), (5, 60, 600, False), (20, 60, 600, True)]
)
def test_earlier_runs_are_enough_when_there_are_five_and_they_were_together_twice_as_long(
    runs: int, seconds: int, length_s: float, enough: bool
) -> None:
    """Five short runs have not met what happens once in a long one; that they teach to be careful does not hang on it."""
    bursty = np.zeros(seconds, int)
    bursty[: seconds // 6] = 5
    history = [Counts.of(np.full(seconds, 50), bursty)] * runs
    lesson = lesson_of(history, 0.01, length_s)
    assert lesson.enough is enough
    assert lesson == (Lesson(1.0, enough=False) if runs < 5 else Lesson(floor_of(history, 0.01), enough))
    assert (lesson.floor > 1) == (runs >= 5)
