"""Metrics: how each metric of a budget is judged and estimated from samples. Adding one is one entry here.

The names and units that people write are `tailgate.plan.budget`'s: SHARES, and percentiles such as p99 or p99.9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis.quantiles import Estimate, estimate_quantile, estimate_share
from tailgate.errors import AnalysisError, nearest
from tailgate.plan.budget import quantile_of
from tailgate.samples import Samples


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    label: how a table names it. exceeds: for samples and a bound, whether each request exceeds, shape (n,).
    estimate: its value with an interval; raises AnalysisError without samples.
    """

    name: str
    label: str
    exceeds: Callable[[Samples, float], NDArray[np.bool_]]
    estimate: Callable[[Samples], Estimate]


def metric_of(name: str) -> Metric:
    """The metric that a limit names. Raises AnalysisError for a name that no limit has."""
    quantile = quantile_of(name)
    if quantile:
        return _percentile(name, quantile)
    if name not in SHARE_METRICS:
        raise AnalysisError(f"metric {name!r} cannot be judged{nearest(name, ['p50', 'p90', 'p99', 'p99.9', *SHARE_METRICS])}")
    return SHARE_METRICS[name]


def _percentile(name: str, quantile: float) -> Metric:
    def exceeds(samples: Samples, bound_s: float) -> NDArray[np.bool_]:
        return samples.response_s > bound_s

    def estimate(samples: Samples) -> Estimate:
        return estimate_quantile(samples.response_s, quantile, per_second=samples.per_second, metric=name)

    return Metric(name, f"{name} response time", exceeds, estimate)


def _failed(samples: Samples, _bound: float) -> NDArray[np.bool_]:
    """A request fails or does not: the bound is on the share, not on the request."""
    return samples.failed


def _error_rate(samples: Samples) -> Estimate:
    return estimate_share(*samples.per_second(samples.failed), metric="error_rate")


SHARE_METRICS = {"error_rate": Metric("error_rate", "error rate", _failed, _error_rate)}
"""By name, the metrics that are a share of the requests."""
