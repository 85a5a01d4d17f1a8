"""Change points on series with known levels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.analysis.changes.change_points import LEAST_SIDE, last_change

SERIES = st.lists(st.floats(-10, 10), max_size=40)


def levels(*parts: tuple[float, int], seed: int = 1) -> np.ndarray:
    """Values around one level after another, with a spread of 3 %."""
    noise = np.random.default_rng(seed).normal(0, 0.03, sum(count for _, count in parts))
    return np.concatenate([np.full(count, level) for level, count in parts]) + noise


def test_the_last_of_several_changes_is_found() -> None:
    """Up and down again: what counts began with the last step."""
    assert last_change(levels((0, 12), (0.4, 9), (-0.2, 7))) == 21
    assert last_change(levels((0, 12), (0.4, LEAST_SIDE))) == 12


def test_two_bad_runs_at_the_end_are_no_new_level() -> None:
    """However bad they are: a level takes three runs."""
    assert last_change(levels((0, 18), (1.0, 1))) == 0
    assert last_change(levels((0, 18), (0.4, 1), (0.0, 9))) == 0


def test_a_constant_series_has_no_change() -> None:
    """Nor has one that is too short to tell."""
    assert last_change(np.zeros(20)) == last_change(np.zeros(0)) == 0
    assert last_change(levels((0, 2), (1, 3))) == 0


def test_a_level_that_never_changed_is_rarely_cut() -> None:
    """At most one series of twenty, up to chance in 500."""
    assert np.mean([last_change(levels((0, 20), seed=seed)) > 0 for seed in range(500)]) <= 0.05 + 3 * 0.01


@given(SERIES)
def test_the_segment_is_a_level_of_its_own(series: list[float]) -> None:
    """It begins inside the series and holds at least three runs, or all of them."""
    values = np.array(series)
    since = last_change(values)
    assert since == 0 or LEAST_SIDE <= since <= len(series) - LEAST_SIDE
    assert last_change(values[since:]) == 0


@given(SERIES, st.floats(-5, 5))
def test_another_unit_changes_nothing(series: list[float], shift: float) -> None:
    """Milliseconds for seconds shift logarithms, and no change point."""
    values = np.round(np.array(series), 6)
    assert last_change(values) == pytest.approx(last_change(values + np.round(shift, 6)))
