from __future__ import annotations

import numpy as np
import pytest

from tailgate.analysis.metrics import SHARE_METRICS, metric_of
from tailgate.errors import AnalysisError
from tailgate.plan.budget import SHARES, Limit
from tailgate.samples import Error


def test_each_metric_that_a_plan_may_name_can_be_judged_and_no_other() -> None:
    """The table and the plan's vocabulary hold the same shares; percentiles of either spelling are known to both."""
    assert set(SHARE_METRICS) == set(SHARES)
    assert all(metric_of(name).name == name for name in SHARES)
    for name in ("p1", "p50", "p95", "p99", "p99.9", "p99.99"):
        assert Limit.of(f"{name} <= 5ms").metric == metric_of(name).name
    for name in ("p0", "p100", "p101", "mean", "eror_rate"):
        with pytest.raises(AnalysisError, match=f"'{name}' cannot be judged"):
            metric_of(name)


def test_a_slow_or_failed_request_exceeds_a_percentile_and_only_a_failed_one_an_error_rate(new_case, new_samples) -> None:
    """Above the bound, or failed however fast: an exceedance of p99. An error rate counts the failed ones."""
    case = new_case("p99 <= 60ms", per_s=1, for_s=300)
    service_s, error = np.full(300, 0.01), np.zeros(300)
    service_s[3], error[5], error[6] = 0.07, Error.WRONG_ANSWER, Error.CENSORED
    samples = new_samples(case, service_s, error=error)
    assert np.flatnonzero(metric_of("p99").exceeds(samples, 0.06)).tolist() == [3, 5, 6]
    assert np.flatnonzero(metric_of("error_rate").exceeds(samples, 0.06)).tolist() == [5, 6]
    assert metric_of("error_rate").estimate(samples).value == pytest.approx(2 / 300)
    assert metric_of("p50").estimate(samples).value == pytest.approx(0.0101, rel=1e-4)
