"""Planning: what limits take, by the functions that decide them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate import Budget, Case, ClosedLoop, ConstantRate, EndpointSpec, Poisson
from tailgate.analysis.gate import upper_bound
from tailgate.analysis.planning import planned, requests_at
from tailgate.errors import PlanError
from tailgate.plan.pair import Pair


@given(allowed=st.floats(1e-4, 0.9), share=st.floats(0, 0.8))
def test_so_many_requests_pass_and_one_fewer_do_not(allowed: float, share: float) -> None:
    """With that share of what is allowed exceeding, by the bound that the gate itself takes."""
    enough = requests_at(allowed, share)
    assert enough is not None
    assert upper_bound(allowed * share, enough, 0.95) <= allowed
    assert enough == 1 or upper_bound(allowed * share, enough - 1, 0.95) > allowed


@pytest.mark.parametrize(("allowed", "least", "at_half"), [(0.01, 299, 1146), (0.5, 5, 15)])
def test_none_that_exceeds_takes_the_least_and_half_of_the_allowed_takes_more(allowed: float, least: int, at_half: int) -> None:
    """The same 299 as everywhere, and about four times as many."""
    assert requests_at(allowed, 0.0) == least
    assert requests_at(allowed) == at_half
    assert requests_at(allowed, 1.0) is None


def test_a_case_says_what_each_limit_takes_and_what_its_load_holds() -> None:
    """To the request where chance has a part; nothing of a load where the answers decide."""
    budget = Budget.of("p99 <= 60ms", "mean <= 30ms", "achieved_rate >= 9/s")
    load = Poisson(10, 60, 2, seed=3)
    (one,) = planned(Case(EndpointSpec("ranker"), b"", load, budget))
    assert (one.name, one.requests, one.takes_s) == ("ranker-ml.m5.large-public", (load.due_times() >= 2).sum(), 62)
    assert [(need.limit, need.least, need.at_half) for need in one.needs] == [
        ("p99 <= 60.0 ms", 299, 1146),
        ("mean <= 30.0 ms", 200, None),
        ("achieved_rate >= 9/s", 200, None),
    ]
    (loop,) = planned(Case(EndpointSpec("ranker"), b"", ClosedLoop(4, 20), Budget.of("p99 <= 60ms")))
    assert (loop.requests, loop.per_s, loop.takes_s) == (None, None, 22)
    (vast,) = planned(Case(EndpointSpec("ranker"), b"", ConstantRate(4000, 3600), Budget.of("p99 <= 60ms")))
    assert vast.requests == 4000 * 3600


def test_a_pair_has_its_margins_and_each_arm_half_of_the_load() -> None:
    """The load is driven once; an arm that gets too little is refused."""
    case = Case(EndpointSpec("ranker"), b"", Poisson(50, 30), Budget.of("p99 <= 60ms"))
    whole, first, second = planned(Pair(case, case.via("privatelink"), {"p99": "2ms", "mean": "1ms"}))
    assert [(need.limit, need.least) for need in whole.needs] == [("p99 no worse than + 2ms", 600), ("mean no worse than + 1ms", 400)]
    assert first.requests is not None
    assert second.requests is not None
    assert first.requests + second.requests == whole.requests
    assert (whole.takes_s, first.takes_s, second.takes_s) == (32, None, None)
    short = Case(EndpointSpec("ranker"), b"", ConstantRate(50, 8), Budget.of("p99 <= 60ms"))
    with pytest.raises(PlanError, match="each arm has half of the requests"):
        list(planned(Pair(short, short.via("privatelink"))))
