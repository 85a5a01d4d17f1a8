"""Gaps: silences in a load."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate import Budget, Case, ClosedLoop, ConstantRate, EndpointSpec, Gaps
from tailgate.errors import PlanError

gaps = st.builds(Gaps, every_s=st.floats(0.1, 5), gap_s=st.floats(0.1, 5))
times = st.floats(0, 100)


def test_nothing_is_due_in_a_gap_and_the_warm_up_has_none() -> None:
    """Two seconds of load, three of silence, from the end of the warm-up on; the run is as long as without."""
    due_s = ConstantRate(10, 9, 4, gaps=Gaps(2, 3)).due_times()
    assert np.unique(np.floor(due_s + 1e-9)).tolist() == [0, 1, 2, 3, 4, 5, 9, 10]
    assert len(due_s) == 80


@given(gaps=gaps, at_s=times, start_s=st.floats(0, 10))
def test_a_gap_ends_where_it_is_no_longer_silent(gaps: Gaps, at_s: float, start_s: float) -> None:
    """A time outside gaps stays; one inside moves to the next stretch of load, less than a gap away."""
    silent = bool(gaps.silent(np.array([at_s]), start_s)[0])
    moved_s = gaps.end_of_silence(at_s, start_s)
    assert (moved_s > at_s) == silent
    assert not gaps.silent(np.array([moved_s]), start_s)[0]
    assert moved_s - at_s <= gaps.gap_s + 1e-6


@given(gaps=gaps, start_s=st.floats(0, 10), length_s=st.floats(0.1, 60))
def test_stretches_and_gaps_make_up_the_whole(gaps: Gaps, start_s: float, length_s: float) -> None:
    """The middle of each stretch is load, the middle of what lies between two is silence."""
    stretches = list(gaps.stretches(start_s, start_s + length_s))
    assert stretches[0][0] == start_s
    assert stretches[-1][1] <= start_s + length_s
    assert not gaps.silent(np.array([(begin_s + end_s) / 2 for begin_s, end_s in stretches]), start_s).any()
    between = [(end_s + begin_s) / 2 for (_, end_s), (begin_s, _) in itertools.pairwise(stretches)]
    assert gaps.silent(np.array(between), start_s).all()


def test_what_is_due_as_a_gap_ends_is_due() -> None:
    """Also where rounding puts it a hair before: five periods of .2 s are 1 s, or .9999999999999999."""
    assert ConstantRate(10, 2, 0, gaps=Gaps(0.1, 0.1)).due_times() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8])


def test_callers_wait_for_the_end_of_a_gap() -> None:
    """What would be due in it is due after it; what would be due after the load is not."""
    load = ClosedLoop(2, for_s=20, warmup_s=1, think_s=0.5, gaps=Gaps(4, 5))
    assert load.next_due_s(0.2) == pytest.approx(0.7)
    assert load.next_due_s(4.6) == pytest.approx(10.0)
    assert load.next_due_s(10.0) == pytest.approx(10.5)
    assert load.next_due_s(20.7) is None


def test_a_load_is_long_enough_for_its_budget_without_its_gaps() -> None:
    """300 requests in 60 s are enough for p99, and 100 of them, with silence two thirds of the time, are not."""
    budget = Budget.of("p99 <= 60ms")
    Case(EndpointSpec("ranker"), b"{}", ConstantRate(5, 60), budget)
    with pytest.raises(PlanError, match="needs at least 299 requests to be decided, the load has about 100"):
        Case(EndpointSpec("ranker"), b"{}", ConstantRate(5, 60, gaps=Gaps(5, 10)), budget)
