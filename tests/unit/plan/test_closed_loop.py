"""Closed loops: callers who wait for their answers, without a clock."""

import heapq
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate import Budget, Case, ClosedLoop, EndpointSpec


def test_callers_begin_spread_over_their_thinking() -> None:
    """Not all at once, where they need not."""
    assert ClosedLoop(4, 10, think_s=2).due_times().tolist() == [0, 0.5, 1, 1.5]
    assert ClosedLoop(3, 10).due_times().tolist() == [0, 0, 0]
    assert ClosedLoop(4, for_s=1, warmup_s=0, think_s=2).due_times().tolist() == [0, 0.5]


@given(callers=st.integers(1, 6), think_s=st.floats(0, 0.5), service_s=st.lists(st.floats(0.001, 2), min_size=1))
def test_no_more_are_in_flight_than_there_are_callers(callers: int, think_s: float, service_s: list[float]) -> None:
    """Played through with answers of any length: each caller has one request in flight at most, until the load is over."""
    load = ClosedLoop(callers, for_s=3, warmup_s=1, think_s=think_s)
    service = itertools.cycle(service_s)
    events = [(float(due_s), 1) for due_s in load.due_times()]
    in_flight, most = 0, 0
    heapq.heapify(events)
    for _ in range(2000):
        if not events:
            break
        at_s, step = heapq.heappop(events)
        in_flight += step
        most = max(most, in_flight)
        assert step < 0 or at_s < 4
        due_s = load.next_due_s(at_s) if step < 0 else None
        if step > 0:
            heapq.heappush(events, (at_s + next(service), -1))
        elif due_s is not None:
            assert due_s == pytest.approx(at_s + think_s)
            heapq.heappush(events, (due_s, 1))
    assert most <= callers


def test_a_closed_loop_is_never_refused_as_too_short() -> None:
    """How many requests come about nobody knows before; the verdict says when it was too few."""
    case = Case(EndpointSpec("ranker"), b"{}", ClosedLoop(1, for_s=0.1), Budget.of("p99.99 <= 60ms"))
    assert case.load.expected_requests is None
    assert case.load.per_s is None
