"""Enough: a load that a budget cannot be decided by is refused by what it truly holds, and cheaply."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate import Budget, Case, ClosedLoop, ConstantRate, EndpointSpec, Gaps, Poisson, Ramp
from tailgate.errors import PlanError
from tailgate.plan.enough import check_enough

P99 = Budget.of("p99 <= 60ms")


def test_a_load_far_too_short_says_how_many_requests_it_needs_and_about_how_many_it_has() -> None:
    """The plan is refused before anything is deployed."""
    with pytest.raises(PlanError, match=r"ranker: 'p99 <= 60ms' needs at least 299 requests.*has about 200; make it longer or"):
        check_enough(ConstantRate(100, 2), P99, "ranker")


@given(seed=st.integers(0, 2000), load=st.sampled_from([Poisson(300, 1), Ramp(100, 500, 1), Poisson(300, 2, gaps=Gaps(0.5, 0.5))]))
def test_a_seed_whose_schedule_can_never_pass_is_refused_and_another_is_not(seed: int, load) -> None:
    """p99 takes 299 requests; about 300 are due in the mean, so nearly half of the seeds hold fewer."""
    load = dataclasses.replace(load, seed=seed)
    due = np.count_nonzero(load.due_times() >= load.warmup_s)
    if due >= 299:
        assert Case(EndpointSpec("ranker"), b"", load, P99).load is load
        return
    with pytest.raises(PlanError, match=f"needs at least 299 requests to be decided, the load has {due} due after its warm-up"):
        Case(EndpointSpec("ranker"), b"", load, P99)


def test_a_rate_without_chance_is_held_to_the_request() -> None:
    """299 requests are enough for p99, and 298 are not; there is no seed to change."""
    check_enough(ConstantRate(1, 299), P99, "ranker")
    with pytest.raises(PlanError, match=r"has 298 due after its warm-up; make it longer or its rate higher$"):
        check_enough(ConstantRate(1, 298), P99, "ranker")


def test_a_closed_loop_is_never_too_short() -> None:
    """Its answers decide."""
    check_enough(ClosedLoop(1, 0.1), P99, "ranker")


def test_above_a_million_requests_chance_must_leave_no_doubt() -> None:
    """Nothing is counted there, so a load that may hold too few is refused, and one a little longer is not."""
    tight = Budget.of("error_rate <= 0.0001%")
    assert tight.limits[0].least_requests == 2_995_731
    with pytest.raises(PlanError, match=r"needs at least 2995731 requests .* has about 3000000, which chance may lessen"):
        check_enough(Poisson(3000, 1000), tight, "ranker")
    check_enough(Poisson(3000, 1010), tight, "ranker")


def test_a_load_that_is_clearly_long_enough_costs_no_numpy() -> None:
    """Collecting tests stays cheap: due times are drawn in cases of doubt only."""
    code = (
        "import sys; from tailgate import *; Case(EndpointSpec('ranker'), b'', Poisson(100, 60), Budget.of('p99 <= 60ms'));"
        "print('numpy' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.strip() == "False"


def test_a_rate_that_the_load_never_offers_is_refused_before_anything_is_deployed() -> None:
    """To the request where chance has a part: a seed may hold fewer than the rate promises. Callers that wait offer nothing to go by."""
    check_enough(ConstantRate(50, 20), Budget.of("achieved_rate >= 50/s"), "ranker")
    with pytest.raises(PlanError, match=r"ranker: 'achieved_rate >= 60/s' can never be kept, the load offers 50/s; offer more"):
        check_enough(ConstantRate(50, 20), Budget.of("achieved_rate >= 60/s"), "ranker")
    check_enough(ClosedLoop(4, 20), Budget.of("achieved_rate >= 60/s"), "ranker")
    refused = 0
    for seed in range(40):
        load = Poisson(50, 20, seed=seed)
        due = np.count_nonzero(load.due_times() >= load.warmup_s)
        try:
            check_enough(load, Budget.of("achieved_rate >= 50/s"), "ranker")
        except PlanError:
            refused += 1
            assert due < 1000
        else:
            assert due >= 1000
    assert 5 < refused < 35
