"""Metrics: how each metric of a budget is judged and estimated from samples. Adding one is one entry here.

The names and units that people write are `tailgate.plan.vocabulary`'s: METRICS, and percentiles such as p99 or ttfb_p99.9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis.counts import History
from tailgate.analysis.limits import Decided, Evidence, by_counts, by_interval, by_largest, by_mean, by_reciprocal
from tailgate.analysis.looks.looked import Looked
from tailgate.analysis.quantiles import Estimate, estimate_largest, estimate_mean, estimate_quantile, estimate_share
from tailgate.analysis.rates import achieved_rate, cost_per_1000
from tailgate.errors import AnalysisError
from tailgate.exceedances import FAILED, FIRST_BYTE, RESPONSE, THROTTLED, Counted
from tailgate.plan.budget import Limit
from tailgate.plan.case import Case
from tailgate.plan.vocabulary import near, quantile_of
from tailgate.samples import Samples


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    label: how a table names it. estimate: its value with an interval; raises AnalysisError without samples. decide: what
    becomes of a limit. counted: by a limit's bound, which requests exceed; None where no request does by itself. priced:
    what USD per hour make of the estimate.
    """

    name: str
    label: str
    estimate: Callable[[Samples], Estimate]
    decide: Callable[[Limit, Evidence], Decided]
    counted: Callable[[float], Counted] | None = None
    priced: Callable[[Estimate, float], Estimate] | None = None

    def counts(self, samples: Samples, bound: float) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """Requests, and those that exceed a limit's bound, per second, shapes (seconds,); None where none does by itself."""
        return None if self.counted is None else samples.per_second(self.counted(bound).of(samples.records))


def metric_of(name: str) -> Metric:
    """The metric that a limit names. Raises AnalysisError for a name that no limit has."""
    quantile = quantile_of(name)
    if quantile:
        return _percentile(name, quantile)
    if name not in NAMED:
        raise AnalysisError(f"metric {name!r} cannot be judged{near(name)}")
    return NAMED[name]


def evidence_in(samples: Samples, limit: Limit, case: Case, history: History | None = None, looked: Looked | None = None) -> Evidence:
    """What the judged samples show of one of the case's limits. Raises AnalysisError for a metric that no limit has."""
    metric = metric_of(limit.metric)
    return Evidence(
        len(samples),
        int(samples.failed.sum()),
        metric.counts(samples, limit.bound),
        estimate_of(metric, samples, case) if len(samples) else None,
        history,
        looked,
    )


def estimate_of(metric: Metric, samples: Samples, case: Case) -> Estimate:
    """The metric's value, priced where it is a cost. Raises AnalysisError without samples, PlanError without a price."""
    seen = metric.estimate(samples)
    return metric.priced(seen, case.price.usd_per_hour * case.spec.instance_count) if metric.priced is not None else seen


def _percentile(name: str, quantile: float) -> Metric:
    first_byte = name.startswith("ttfb_")

    def estimate(samples: Samples) -> Estimate:
        times_s = samples.first_byte_s if first_byte else samples.response_s
        return estimate_quantile(times_s, quantile, per_second=samples.per_second, metric=name)

    label = f"{name.removeprefix('ttfb_')} {'time to first byte' if first_byte else 'response time'}"
    return Metric(name, label, estimate, by_counts, partial(Counted, FIRST_BYTE if first_byte else RESPONSE))


def _share(name: str, label: str, what: str) -> Metric:
    """A share of the requests; the bound is on the share, not on the request."""

    def estimate(samples: Samples) -> Estimate:
        return estimate_share(*samples.per_second(Counted(what).of(samples.records)), metric=name)

    return Metric(name, label, estimate, by_counts, lambda _bound: Counted(what))


def _mean(samples: Samples) -> Estimate:
    return estimate_mean(samples.response_s)


def _largest(samples: Samples) -> Estimate:
    return estimate_largest(samples.response_s)


_ENTRIES = (
    Metric("mean", "mean response time", _mean, by_mean),
    Metric("max", "max response time", _largest, by_largest, partial(Counted, RESPONSE)),
    _share("error_rate", "error rate", FAILED),
    _share("throttle_rate", "throttle rate", THROTTLED),
    Metric("achieved_rate", "achieved rate", achieved_rate, by_interval),
    Metric("cost_per_1000", "cost per 1 000", achieved_rate, by_reciprocal, priced=cost_per_1000),
)
NAMED = {metric.name: metric for metric in _ENTRIES}
"""By name, the metrics that are no percentile."""
