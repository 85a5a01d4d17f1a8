from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from tailgate.analysis.gate import decide
from tailgate.analysis.quantiles import (
    LEVEL,
    Estimate,
    estimate_least,
    estimate_mean,
    estimate_quantile,
    estimate_share,
    interval_ranks,
)
from tailgate.errors import AnalysisError

SECONDS = 100


def per_second_of(n: int, seconds: int = SECONDS):
    second = np.arange(n) * seconds // n
    return lambda exceeds: (np.bincount(second, minlength=seconds), np.bincount(second[exceeds], minlength=seconds))


@given(st.lists(st.floats(0, 100), min_size=1, max_size=300), st.sampled_from([0.01, 0.5, 0.9, 0.99, 0.999]))
def test_a_quantile_is_the_least_value_that_enough_values_do_not_exceed(values: list[float], q: float) -> None:
    """It is one of the values; at most the share 1 − q lies above it, and above any lesser value lies more."""
    value = estimate_quantile(values, q).value
    allowed = round(len(values) * (1 - q), 9)
    assert value in values
    assert sum(other > value for other in values) <= allowed
    lesser = [other for other in values if other < value]
    assert not lesser or sum(other > max(lesser) for other in values) > allowed


@given(st.integers(1, 3000), st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.999]))
def test_the_interval_of_independent_values_has_the_exact_binomial_ranks(n: int, q: float) -> None:
    """The ranks are the innermost ones, each of which misses with at most 2.5 %, as scipy's binomial has it; None where none exists."""
    below = binom.cdf(np.arange(n), n, q)
    low = np.flatnonzero(below <= 1 - LEVEL)
    high = np.flatnonzero(below >= LEVEL)
    assert interval_ranks(n, q, n) == (int(low[-1]) + 1 if len(low) else None, int(high[0]) + 1 if len(high) else None)


def test_the_interval_covers_the_true_quantile_in_nineteen_of_twenty_runs() -> None:
    """Independent lognormal times: coverage of p50 and p99 between 94 and 99 % in 1 000 runs of 2 000."""
    random = np.random.default_rng(11)
    truth = {0.5: 1.0, 0.99: math.exp(2.326347874)}
    hits = dict.fromkeys(truth, 0)
    for _ in range(1000):
        values = random.lognormal(size=2000)
        for q, true in truth.items():
            found = estimate_quantile(values, q, per_second=per_second_of(2000))
            assert found.low is not None
            assert found.high is not None
            hits[q] += found.low <= true <= found.high
    assert all(0.94 <= count / 1000 <= 0.99 for count in hits.values()), hits


def test_slow_requests_in_company_widen_the_interval() -> None:
    """The same values give a wider interval when the slow ones came together than when they came scattered."""
    values = np.sort(np.random.default_rng(2).lognormal(size=5000))
    scattered = np.random.default_rng(3).permutation(values)
    together, apart = (estimate_quantile(v, 0.95, per_second=per_second_of(5000)) for v in (values, scattered))
    alone = estimate_quantile(scattered, 0.95)
    assert together.value == apart.value == alone.value
    assert together.low is not None
    assert apart.low is not None
    assert together.low < apart.low <= apart.value
    assert together.high is None or (apart.high is not None and together.high > apart.high)


@given(st.integers(300, 3000), st.integers(0, 40), st.sampled_from([0.9, 0.99]))
def test_the_quantile_agrees_with_the_gate_about_its_fraction(n: int, failed: int, q: float) -> None:
    """A bound is kept by the estimate exactly when the fraction above it is at most what the gate allows."""
    values = np.concatenate([np.linspace(0.01, 0.1, n), np.full(failed, np.inf)])
    estimate = estimate_quantile(values, q).value
    for bound in (0.05, 0.0909, 0.0999, 0.2):
        fraction = decide([len(values)], [int((values > bound).sum())], allowed=1 - q).fraction
        assert (estimate <= bound) == (fraction <= round(1 - q, 9))


def test_failures_are_infinitely_slow() -> None:
    """With more failures than a percentile leaves out, it is infinite; with fewer it is a time."""
    values = np.concatenate([np.full(980, 0.01), np.full(20, np.inf)])
    assert estimate_quantile(values, 0.99).value == math.inf
    assert estimate_quantile(values, 0.98).value == 0.01
    assert estimate_quantile(values, 0.98).high == math.inf


def test_too_few_values_leave_the_interval_open() -> None:
    """The largest of 367 values does not bound p99 at 97.5 %, the largest of 368 just does: 0.99³⁶⁸ < 2.5 % < 0.99³⁶⁷."""
    assert estimate_quantile(np.arange(367.0), 0.99).high is None
    assert estimate_quantile(np.arange(368.0), 0.99).high == 367
    assert estimate_quantile([1.0, 2.0], 0.5) == Estimate("p50", 1.0, None, None)


def test_the_mean_interval_widens_with_batches_that_differ() -> None:
    """Independent values give about the textbook interval, a drifting series a wider one around the same mean."""
    values = np.random.default_rng(5).normal(10, 1, 4000)
    calm, drifting = estimate_mean(values), estimate_mean(np.sort(values))
    assert calm.low is not None
    assert calm.high is not None
    assert drifting.low is not None
    assert calm.value == pytest.approx(drifting.value)
    assert (calm.high - calm.low) / 2 == pytest.approx(2.09 / math.sqrt(4000), rel=0.5)
    assert calm.value - drifting.low > 5 * (calm.value - calm.low)


def test_the_mean_leaves_failures_out_and_the_least_time_ignores_them() -> None:
    """Failures have no time; where all failed both are infinite, and a short run has a mean without an interval."""
    assert estimate_mean([1.0, math.inf, 3.0]) == Estimate("mean", 2.0)
    assert estimate_least([3.0, math.inf, 1.0]) == Estimate("min", 1.0)
    assert estimate_mean([math.inf]).value == estimate_least([math.inf]).value == math.inf


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=40))
def test_a_share_lies_within_its_interval(pairs: list[tuple[int, int]]) -> None:
    """low ≤ value ≤ high within 0 and 1, whatever the counts."""
    requests, exceedances = [max(pair) for pair in pairs], [min(pair) for pair in pairs]
    if sum(requests):
        found = estimate_share(requests, exceedances, "error_rate")
        assert found.low is not None
        assert found.high is not None
        assert 0 <= found.low <= found.value == sum(exceedances) / sum(requests) <= found.high <= 1


@pytest.mark.parametrize("values", [[], [[1.0]], [1.0, math.nan], ["fast"], 3.0])
def test_times_that_cannot_be_are_refused_by_name(values: object) -> None:
    """Nothing, tables, NaN and words are no response times; the error says which argument is wrong."""
    for estimate in (estimate_mean, estimate_least, lambda response_s: estimate_quantile(response_s, 0.5)):
        with pytest.raises(AnalysisError, match=r"^response_s"):
            estimate(values)  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match=r"^q is"):
        estimate_quantile([1.0], 1.0)
    with pytest.raises(AnalysisError, match=r"^requests are none"):
        estimate_share([0], [0], "error_rate")


def test_a_million_samples_are_estimated_without_sorting_them() -> None:
    """Five percentiles of 10⁶ values take less than ten sorts of them would."""
    values = np.random.default_rng(1).lognormal(size=10**6)
    began = time.perf_counter()
    np.sort(values.copy())
    sort_s = time.perf_counter() - began
    began = time.perf_counter()
    for q in (0.5, 0.9, 0.95, 0.99, 0.999):
        estimate_quantile(values, q, per_second=per_second_of(10**6))
    assert time.perf_counter() - began < max(10 * sort_s, 1.0)
