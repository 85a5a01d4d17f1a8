"""Levels of a series, and whether its newest run shows a slower one; how often that is wrong, on series of known truth."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import verdicts_trend
from tailgate.analysis.changes.change_points import LEAST_SIDE
from tailgate.analysis.changes.levels import begins_slower, levels, twice


def series(*parts: tuple[float, int], seed: int = 1) -> np.ndarray:
    """Logarithms: so many runs at each level, with a spread of 2 %."""
    random = np.random.default_rng(seed)
    return np.concatenate([level + 0.02 * random.standard_normal(many) for level, many in parts])


def test_each_level_begins_where_it_began() -> None:
    """Up and down again: two levels after the first."""
    assert levels(series((0, 12), (0.4, 9), (-0.2, 7))) == (12, 21)
    assert levels(series((0, 20))) == ()
    assert levels(np.empty(0)) == ()


@given(st.lists(st.floats(-3, 3), max_size=40))
def test_no_level_is_shorter_than_a_level_takes(logs: list[float]) -> None:
    """Whatever the runs."""
    edges = [0, *levels(np.array(logs)), len(logs)]
    assert len(edges) == 2 or all(end - start >= LEAST_SIDE for start, end in itertools.pairwise(edges))


def test_two_runs_in_a_row_above_the_band_say_that_it_is_slower_and_one_does_not() -> None:
    """The newest has to be one of them."""
    assert twice([False, True, True])
    assert not twice([True, True, False])
    assert not twice([True, False, True])
    assert not twice([True])
    assert not twice([])


def test_a_slower_level_is_the_newest_runs_doing_only_when_it_is_not_seen_without_it() -> None:
    """Three runs make it; with the fourth it is no news. A faster one, and one by less than matters, is none."""
    logs = series((0, 20), (0.2, 6))
    assert [begins_slower(logs[:newest]) for newest in range(20, 27)] == [False, False, False, True, False, False, False]
    assert not begins_slower(series((0, 20), (-0.2, 3)))
    assert not begins_slower(series((0, 20), (0.2, 3)), least=0.5)
    assert not begins_slower(np.empty(0))


@pytest.mark.parametrize(
    ("name", "at_most"), [("usual", {"level": 0.08, "alarm": 0.25}), ("quiet", {"level": 0.05, "alarm": 0.05}), ("heavy", {"level": 0.12})]
)
def test_fifty_runs_in_which_nothing_changes_seldom_show_a_change(name: str, at_most: dict[str, float]) -> None:
    """The short form of `python -m benchmarks.verdicts trend`, whose figures docs/trend.md states."""
    told = verdicts_trend.replicated(name, 25)
    assert {key: told[key] for key, most in at_most.items() if told[key] > most} == {}


def test_a_fifth_more_is_found_with_its_third_run_and_begins_where_it_began() -> None:
    """Where runs vary by 3 %."""
    told = verdicts_trend.replicated("twenty", 12)
    assert told["found_3"] >= 0.95
    assert told["nearly"] >= 0.95
