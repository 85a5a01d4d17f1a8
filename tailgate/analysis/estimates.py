"""Estimates of one run: what a table, a history and a picture show of it, whatever its budget was."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis.metrics import metric_of
from tailgate.analysis.phases import openings
from tailgate.analysis.quantiles import Estimate, estimate_largest, estimate_least, estimate_quantile
from tailgate.analysis.rates import achieved_rate
from tailgate.samples import Samples, counts_per_second

_LOOKED_SHARE = 0.1
"""Of its wait: a request marked as waiting was looked at within this share of it (generator/dispatcher.py)."""

PERCENTILES = ("p50", "p90", "p95", "p99", "p99.9")


def estimates(samples: Samples) -> tuple[Estimate, ...]:
    """What the judged samples came to; () without samples.

    min, mean, p50, p90, p95, p99, p99.9, max of the response time; ttfb_p50, ttfb_p99; service_p50, service_p99; error_rate,
    throttle_rate; achieved_rate (requests sent per second of the judged span); send_lag_p99, send_lag_max, of the generator's
    own lags (absent when every request waited for a connection). Times in seconds; infinite where failures reach into them.
    """
    if not len(samples):
        return ()
    return (
        estimate_least(samples.response_s),
        *(metric_of(name).estimate(samples) for name in ("mean", *PERCENTILES, "max", "ttfb_p50", "ttfb_p99")),
        service_quantile(samples, 0.5),
        service_quantile(samples, 0.99),
        *(metric_of(name).estimate(samples) for name in ("error_rate", "throttle_rate")),
        achieved_rate(samples),
        *send_lag_p99(samples),
        *send_lag_max(samples),
    )


def service_quantile(samples: Samples, q: float) -> Estimate:
    """A quantile of the service time, named service_p50 or the like. Raises AnalysisError without samples."""
    return estimate_quantile(samples.service_s, q, per_second=samples.per_second, metric=f"service_p{q * 100:g}")


def send_lag_p99(samples: Samples) -> tuple[Estimate, ...]:
    """The p99 of the generator's own send lags: one estimate, or none where there was nothing to measure it by."""
    return send_lag_quantile(samples, 0.99)


def send_lag_max(samples: Samples) -> tuple[Estimate, ...]:
    """The longest of the generator's own send lags: one estimate or none."""
    own_s = own_lags(samples)[1]
    return (estimate_largest(own_s, metric="send_lag_max"),) if len(own_s) else ()


def send_lag_quantile(samples: Samples, q: float) -> tuple[Estimate, ...]:
    """A quantile of the generator's own send lags, named send_lag_p99 or the like: one estimate or none."""
    own, lag_s = own_lags(samples)
    if not len(own):
        return ()
    due_s = samples.due_s[own]

    def per_second(exceeds: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return counts_per_second(due_s, samples.header.warmup_s, exceeds)

    return (estimate_quantile(lag_s, q, per_second=per_second, metric=f"send_lag_p{q * 100:g}"),)


def own_lags(samples: Samples) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The requests whose send lag tells of the generator, as indices, shape (m,), and how late it was, seconds, shape (m,).

    A request that was looked at on time and found no free connection waited for the server, which is in its response
    time. Where its own connection was opened for it that wait is known, and is taken off; what is left is the
    generator's. Other waits, and requests that never were sent, say nothing of it.
    """
    lag_s = samples.send_lag_s
    which, opening = openings(samples)
    opening_s = np.zeros(len(samples))
    opening_s[which] = opening["tcp"] + opening["tls"]
    own_s = np.maximum(lag_s - opening_s, 0.0)
    at_once = (opening_s > 0) & (own_s <= _LOOKED_SHARE * lag_s)
    own = np.flatnonzero(np.isfinite(lag_s) & ((samples.records["waited"] == 0) | at_once))
    return own, own_s[own]
