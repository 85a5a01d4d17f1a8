"""Rate curves: arrivals that follow the integral of a rate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tailgate import Ramp, Steps
from tailgate.plan.rate_curve import Piece, RateCurve

pieces = st.lists(st.builds(Piece, st.floats(0.01, 20), st.floats(0, 300), st.floats(0, 300)), min_size=1, max_size=6)
curves = pieces.map(lambda some: RateCurve((*some, Piece(1.0, 5.0, 5.0))))


@given(curve=curves, share=st.floats(0, 1))
def test_before_any_time_as_many_are_due_as_the_integral_of_the_rate(curve: RateCurve, share: float) -> None:
    """Evenly spaced arrivals are never more than one away from it."""
    at_s = share * sum(piece.length_s for piece in curve.pieces)
    assert np.count_nonzero(curve.evenly() < at_s) == pytest.approx(curve.arrivals_before(at_s), abs=1 + 1e-6)


@given(curve=curves)
def test_the_integral_is_the_area_below_the_rate(curve: RateCurve) -> None:
    """By the trapezoid rule on a fine grid, jumps included."""
    area = 0.0
    for piece in curve.pieces:
        area += np.trapezoid(np.linspace(piece.from_per_s, piece.to_per_s, 50), np.linspace(0, piece.length_s, 50))
    length_s = sum(piece.length_s for piece in curve.pieces)
    assert curve.arrivals_before(length_s) == pytest.approx(area)
    assert curve.arrivals_before(0) == 0
    assert curve.peak_per_s == max(max(piece.from_per_s, piece.to_per_s) for piece in curve.pieces)


@given(curve=curves, seed=st.integers(0, 2**31))
def test_poisson_arrivals_ascend_on_the_curve_and_repeat_with_their_seed(curve: RateCurve, seed: int) -> None:
    """None where the rate is 0, none beyond the end."""
    due_s = curve.poisson(seed)
    assert np.all(np.diff(due_s) >= 0)
    assert np.all((due_s >= 0) & (due_s < np.sum([piece.length_s for piece in curve.pieces]) + 1e-9))
    assert np.array_equal(due_s, curve.poisson(seed))


@pytest.mark.parametrize("load", [Ramp(20, 400, 60, 0, seed=3), Ramp(400, 0, 60, 5, seed=4), Steps((30, 200, 0, 100), 20, 3, seed=5)])
def test_poisson_arrivals_are_uniform_on_the_integral(load) -> None:
    """The mapping theorem: what the integral of the rate makes of them are arrivals of a constant rate."""
    due_s = load.due_times()
    through = np.array([load.curve.arrivals_before(at_s) for at_s in due_s])
    total = load.curve.arrivals_before(load.warmup_s + load.for_s)
    assert stats.kstest(through / total, "uniform").pvalue > 0.01
    assert stats.kstest(np.diff(through), "expon").pvalue > 0.01


def test_a_ramp_from_zero_begins_with_its_first_request() -> None:
    """After t seconds of a ramp from 0 to r in T, r·t²/2T are due: at 0, at 1 s, at √2 s of 0 → 20/s in 10 s."""
    assert Ramp(0, 20, 10, 0, spacing="even").due_times()[:3] == pytest.approx([0, 1, np.sqrt(2)])
