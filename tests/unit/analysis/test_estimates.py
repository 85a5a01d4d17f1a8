from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tailgate.analysis.estimates import estimates
from tailgate.samples import Error


def test_a_run_is_summed_up_by_name_with_intervals_around_the_values(new_case, new_samples, lognormal) -> None:
    """All estimates that tables and histories show are there, in order, each within its interval."""
    samples = new_samples(new_case("p99 <= 60ms", per_s=100), lognormal(6000, 0.02, 0.4), lag_s=0.0002)
    found = {estimate.metric: estimate for estimate in estimates(samples)}
    assert list(found) == [
        *("min", "mean", "p50", "p90", "p95", "p99", "p99.9", "max", "ttfb_p50", "ttfb_p99", "service_p50", "service_p99"),
        *("error_rate", "throttle_rate", "achieved_rate", "send_lag_p99", "send_lag_max"),
    ]
    assert found["p50"].value == pytest.approx(0.0202, rel=0.05)
    assert found["p50"].value - found["service_p50"].value == pytest.approx(0.0002, rel=0.01)
    assert found["achieved_rate"].value == pytest.approx(100)
    assert found["send_lag_p99"].value == pytest.approx(0.0002)
    for name in ("mean", "p50", "p90", "p95", "p99", "service_p99", "error_rate"):
        low, high = found[name].low, found[name].high
        assert low is not None, name
        assert high is not None, name
        assert low <= found[name].value <= high, name


def test_without_samples_there_is_nothing_to_estimate(new_case, new_samples) -> None:
    """No samples, no estimates: neither a zero nor an error."""
    samples = new_samples(new_case("p99 <= 60ms"), 0.01)
    assert estimates(replace(samples, records=samples.records[:0])) == ()


def test_a_run_that_failed_altogether_is_summed_up_too(new_case, new_samples) -> None:
    """Nothing was sent: times are infinite, the rate is 0, and there is no send lag to speak of."""
    samples = new_samples(new_case("p99 <= 60ms"), math.nan, lag_s=math.nan, error=Error.UNSENT)
    found = {estimate.metric: estimate.value for estimate in estimates(samples)}
    assert "send_lag_p99" not in found
    assert found["min"] == found["mean"] == found["p50"] == found["service_p99"] == math.inf
    assert (found["error_rate"], found["achieved_rate"]) == (1, 0)


def test_the_send_lag_leaves_out_waits_for_a_connection(new_case, new_samples) -> None:
    """A request that was ready on time and waited for a connection says nothing of the generator's punctuality."""
    waited = np.arange(3000) % 10 == 0
    samples = new_samples(new_case("p99 <= 60ms"), 0.01, lag_s=np.where(waited, 0.5, 0.0003), waited=waited)
    assert {e.metric: e.value for e in estimates(samples)}["send_lag_p99"] == pytest.approx(0.0003)


def test_the_rate_of_a_stopped_run_is_that_of_the_time_it_lasted(new_case, new_samples) -> None:
    """Ten of sixty seconds at 50/s are 50/s, not a sixth of it."""
    whole = new_samples(new_case("p99 <= 60ms"), 0.01)
    stopped = replace(whole, records=whole.records[:500], stopped_s=whole.header.warmup_s + 10)
    assert {e.metric: e.value for e in estimates(stopped)}["achieved_rate"] == pytest.approx(50)
