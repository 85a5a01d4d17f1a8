"""Levels of looks: that all of them together err as often as they may."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from tailgate.analysis.looks.binomial_looks import exact_bounds
from tailgate.analysis.looks.rhythm import look_seconds
from tailgate.analysis.looks.spending import look_levels


@pytest.mark.parametrize(("longest_s", "alpha"), [(90, 0.05), (600, 0.05), (3000, 0.01)])
def test_a_motion_without_drift_crosses_any_of_the_bounds_with_probability_alpha(longest_s: float, alpha: float) -> None:
    """100 000 simulated Brownian motions: the share that crosses is alpha, by each look as much as was to be spent."""
    looks = look_seconds(longest_s)
    parts = np.array(looks) / looks[-1]
    bounds = -ndtri(look_levels(looks, looks[-1], alpha, True)) * np.sqrt(parts)
    random, at, crossed = np.random.default_rng(2), np.zeros(100_000), np.zeros(100_000, dtype=bool)
    for step, bound, part in zip(np.diff(parts, prepend=0), bounds, parts, strict=True):
        at += np.sqrt(step) * random.standard_normal(len(at))
        crossed |= at >= bound
        spent = alpha * part**1.5
        assert crossed.mean() == pytest.approx(spent, abs=4 * (spent / len(at)) ** 0.5)


@pytest.mark.parametrize("power", [0.5, 2, 4])
def test_a_load_that_grows_or_shrinks_leaves_the_error_where_it_was(power: float) -> None:
    """What is seen by when decides how alike two looks are: levels that know it err with alpha, whatever the load's shape."""
    looks = look_seconds(600)
    seen = np.round(30_000 * (np.array(looks) / 600) ** power).astype(int)
    levels = np.array(look_levels(looks, 600, 0.05, True, tuple(seen.tolist())))
    random = np.random.default_rng(5)
    steps = np.sqrt(np.diff(seen, prepend=0)) * random.standard_normal((100_000, len(looks)))
    crossed = np.any(np.cumsum(steps, axis=1) / np.sqrt(seen) >= -ndtri(levels), axis=1)
    assert crossed.mean() == pytest.approx(0.05, abs=4 * (0.05 / 100_000) ** 0.5)


def test_a_look_that_sees_nothing_new_spends_nothing() -> None:
    """In an outage looks have level 0, and what they left is spent later, at the end at the latest."""
    still = look_levels((60, 90, 120, 150), 150, 0.05, True, (3000, 3000, 3001, 4500))
    assert still[1:3] == (0, 0)
    assert (still[0], still[3]) == pytest.approx(look_levels((60, 150), 150, 0.05, True, (3000, 4500)))
    assert look_levels((60, 90), 90, 0.05, True, (0, 0)) == (0, 0)
    ended_still = look_levels((60, 90), 90, 0.05, True, (3000, 3000))
    assert ended_still == pytest.approx((0.05 * (60 / 90) ** 1.5, 0.05), rel=1e-3)


def test_a_single_look_gets_all_of_alpha_and_an_early_end_what_is_left() -> None:
    """One look: alpha. A run cut short after a first look errs at that and at its end with alpha together."""
    assert look_levels((20,), 20, 0.05, True) == pytest.approx((0.05,))
    first, last = look_levels((60, 75), 600, 0.05, True)
    assert first == pytest.approx(0.05 * 0.1**1.5)
    assert 0.05 - first <= last < 0.05


@settings(max_examples=30)
@given(st.integers(60, 3000), st.sampled_from([0.01, 0.05, 0.1]))
def test_levels_of_later_looks_do_not_change_those_before(longest_s: int, alpha: float) -> None:
    """What a look may say does not depend on looks to come; levels grow, and lie between the spending and alpha."""
    looks = look_seconds(longest_s)
    levels = look_levels(looks, looks[-1], alpha, True)
    part = max(1, len(looks) // 2)
    if part < len(looks):
        assert look_levels(looks[:part], looks[-1], alpha, False) == pytest.approx(levels[:part])
    assert all(0 < level <= alpha * (1 + 1e-9) for level in levels)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=12), st.sampled_from([0.002, 0.01, 0.1, 0.5]), st.sampled_from([0.05, 0.2]))
def test_exact_bounds_err_with_at_most_alpha_whatever_the_steps(steps: list[int], allowed: float, alpha: float) -> None:
    """An independent recursion over all counts: at the allowed fraction each side's probability is at most alpha."""
    totals = np.cumsum(steps)
    bounds = exact_bounds(tuple(totals.tolist()), allowed, alpha, int(totals[-1]), True)
    assert np.all(bounds.most < bounds.least)
    passed, failed = _probabilities(steps, allowed, bounds)
    assert passed <= alpha * (1 + 1e-6)
    assert failed <= alpha * (1 + 1e-6)


def test_exact_bounds_leave_little_unspent() -> None:
    """Of 5 % at most a twentieth is lost to whole numbers, on each side, at p99 and 5 000 requests."""
    bounds = exact_bounds(tuple(range(50, 5001, 50)), 0.01, 0.05, 5000, True)
    assert min(_probabilities([50] * 100, 0.01, bounds)) > 0.0475


def _probabilities(steps: list[int], allowed: float, bounds: object) -> tuple[float, float]:
    from scipy.stats import binom

    going, passed, failed = np.array([1.0]), 0.0, 0.0
    for step, most, least in zip(steps, bounds.most, bounds.least, strict=False):  # type: ignore[attr-defined]
        going = np.convolve(going, binom.pmf(np.arange(step + 1), step, allowed))
        k = np.arange(len(going))
        passed += going[k <= most].sum()
        failed += going[k >= least].sum()
        going[(k <= most) | (k >= least)] = 0
    return passed, failed
