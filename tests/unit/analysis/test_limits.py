"""The rules by which limits are decided, on evidence made up for them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.analysis.limits import Evidence, by_counts, by_interval, by_largest, by_mean, by_reciprocal
from tailgate.analysis.metrics import metric_of
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.quantiles import Estimate, estimate_mean
from tailgate.errors import AnalysisError
from tailgate.plan.budget import Limit
from tailgate.plan.vocabulary import METRICS

MEAN, RATE, COST = Limit.of("mean <= 60ms"), Limit.of("achieved_rate >= 50/s"), Limit.of("cost_per_1000 <= 0.02usd")
positive = st.floats(1e-3, 1e3)


def seen(value: float, half: float | None, *, n: int = 3000, failed: int = 0) -> Evidence:
    ends = (None, None) if half is None else (value - half, value + half)
    return Evidence(n, failed, None, Estimate("some", value, *ends))


@pytest.mark.parametrize("name", ["p99", "ttfb_p50", *METRICS])
def test_nothing_measured_is_never_a_pass(name: str) -> None:
    """No requests: INCONCLUSIVE under every rule, and it takes some to settle it."""
    named = METRICS.get(name)
    bounds = {"time": "5ms", "share": "1%", "rate": "5/s", "cost": "1usd"}
    limit = Limit.of(f"{name} {'>=' if named and named.at_least else '<='} {bounds[named.unit.name if named else 'time']}")
    decision = metric_of(name).decide(limit, Evidence(0, 0, None, None)).decision
    assert decision.outcome is Outcome.INCONCLUSIVE
    assert decision.more_requests == limit.least_requests


@given(value=positive, half=st.floats(0, 100), bound=positive)
def test_an_interval_passes_below_its_bound_fails_above_and_is_mirrored_for_a_lower_one(value: float, half: float, bound: float) -> None:
    """PASS and FAIL are where the one-sided bound lies, which is nearer than the two-sided one; a lower bound is the mirror image."""
    most = by_interval(Limit("mean", "<=", bound, "most"), seen(value, half)).decision
    least = by_interval(Limit("achieved_rate", ">=", bound, "least"), seen(value, half)).decision
    assert value - half <= most.low <= value <= most.high <= value + half
    assert (most.outcome is Outcome.PASS) == (most.high <= bound)
    assert (most.outcome is Outcome.FAIL) == (most.low > bound)
    assert (least.outcome is Outcome.PASS) == (least.low >= bound)
    assert (least.outcome is Outcome.FAIL) == (least.high < bound)
    assert (least.low, least.high) == (most.low, most.high)
    assert most.provisional == (most.outcome is Outcome.PASS)


@given(rate=positive, spread=st.floats(0, 0.9), hourly=positive, bound=positive)
def test_a_cost_is_decided_exactly_as_the_rate_that_it_comes_from(rate: float, spread: float, hourly: float, bound: float) -> None:
    """cost ≤ B holds where rate ≥ price / B does; the detour over the cost's interval loses nothing."""
    least = hourly / 3.6 / bound
    of_rate = by_interval(Limit("achieved_rate", ">=", least, "rate"), seen(rate, rate * spread)).decision
    cost = metric_of("cost_per_1000").priced
    assert cost is not None
    priced = cost(Estimate("achieved_rate", rate, rate * (1 - spread), rate * (1 + spread)), hourly)
    of_cost = by_reciprocal(Limit("cost_per_1000", "<=", bound, "cost"), Evidence(3000, 0, None, priced)).decision
    near = any(end == pytest.approx(least, rel=1e-9) for end in (of_rate.low, of_rate.high))
    assert of_cost.outcome is of_rate.outcome or near
    assert of_cost.low <= priced.value * (1 + 1e-9)


def test_more_requests_are_advised_until_the_interval_is_as_narrow_as_the_distance() -> None:
    """Half as far takes four times as many, and a bound that is met takes for ever."""
    near, nearer = (by_interval(MEAN, seen(0.060 - apart, 0.012)).decision.more_requests for apart in (0.004, 0.002))
    assert near
    assert nearer
    assert (nearer + 3000) / (near + 3000) == pytest.approx(4, rel=0.01)
    assert by_interval(MEAN, seen(0.060, 0.012)).decision.more_requests is None


def test_without_an_interval_a_mean_wants_enough_for_its_batches() -> None:
    """Below 200 requests there is none."""
    assert by_interval(MEAN, seen(0.01, None, n=150)).decision.more_requests == 50


def test_a_mean_that_nobody_was_answered_for_and_a_cost_that_bought_nothing_fail() -> None:
    """Infinite values are no reason to be undecided."""
    assert by_mean(MEAN, seen(math.inf, None, failed=3000)).decision.outcome is Outcome.FAIL
    assert by_reciprocal(COST, seen(math.inf, None)).decision.outcome is Outcome.INCONCLUSIVE
    nothing = Evidence(3000, 3000, None, Estimate("cost_per_1000", math.inf, math.inf, math.inf))
    assert by_reciprocal(COST, nothing).decision.outcome is not Outcome.PASS
    assert by_interval(RATE, seen(0.0, 0.0)).decision.outcome is Outcome.FAIL


@pytest.mark.parametrize(("failed", "outcome"), [(30, Outcome.PASS), (31, Outcome.INCONCLUSIVE)])
def test_one_request_in_a_hundred_may_be_missing_from_a_mean(failed: int, outcome: Outcome) -> None:
    """With more, the others' mean passes nothing, and the reason is given; a FAIL stays one."""
    decided = by_mean(MEAN, seen(0.01, 0.001, failed=failed))
    assert decided.decision.outcome is outcome
    assert (decided.why is None) == (outcome is Outcome.PASS)
    assert by_mean(MEAN, seen(0.09, 0.001, failed=failed)).decision.outcome is Outcome.FAIL


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda pair: (max(pair), min(pair))), min_size=1, max_size=30))
def test_a_maximum_fails_exactly_where_a_request_exceeds(counts: list[tuple[int, int]]) -> None:
    """One is enough; none of some is a provisional PASS."""
    requests, exceedances = zip(*counts, strict=True)
    decision = by_largest(Limit.of("max <= 1s"), Evidence(sum(requests), 0, (requests, exceedances), None)).decision
    expected = Outcome.FAIL if sum(exceedances) else Outcome.PASS if sum(requests) else Outcome.INCONCLUSIVE
    assert decision.outcome is expected
    assert decision.provisional == (expected is Outcome.PASS)
    assert 0 <= decision.low <= decision.fraction <= decision.high <= 1


def test_what_no_count_decides_is_not_decided_by_counts() -> None:
    """A wrong entry in the table is found out."""
    with pytest.raises(AnalysisError, match="'mean <= 60ms' is not decided by counts"):
        by_counts(MEAN, seen(0.01, None))


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_a_mean_at_its_bound_is_decided_wrongly_in_at_most_one_run_of_ten(correlation: float) -> None:
    """5 % each way, by batch means, with and without dependence; 400 runs of a lognormal AR(1) series whose true mean is known."""
    random, n, wrong = np.random.default_rng(7), 3000, 0
    limit = Limit("mean", "<=", math.exp(0.125), "true mean")
    for _ in range(400):
        noise = random.standard_normal(n) * math.sqrt(1 - correlation**2)
        noise[0] = random.standard_normal()
        series = noise if not correlation else _ar1(noise, correlation)
        evidence = Evidence(n, 0, None, estimate_mean(np.exp(0.5 * series)))
        wrong += by_mean(limit, evidence).decision.outcome is not Outcome.INCONCLUSIVE
    assert wrong / 400 <= 0.10 + 3 * math.sqrt(0.1 * 0.9 / 400)


def _ar1(noise: np.ndarray, correlation: float) -> np.ndarray:
    from scipy.signal import lfilter

    return np.asarray(lfilter([1.0], [1.0, -correlation], noise))
