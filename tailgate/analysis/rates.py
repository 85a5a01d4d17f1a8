"""Rates: what a load achieved, with an interval, and what that cost."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis.quantiles import BATCHES, Estimate, batch_interval
from tailgate.plan.vocabulary import LEAST_FOR_BATCHES
from tailgate.samples import Samples

_NO_LAG = 0.01
"""Of a batch: a request that is sent so much late belongs to it all the same, where its due time does."""


def judged_s(samples: Samples) -> float:
    """How long the judged part of the load lasted, seconds: as planned, until enough was seen, or until it was stopped, at least 0."""
    if samples.enough_s is not None:
        return samples.enough_s
    planned_s = samples.header.for_s
    return planned_s if samples.stopped_s is None else max(0.0, min(planned_s, samples.stopped_s - samples.header.warmup_s))


def saved_s(samples: Samples) -> float:
    """By how much the load was shorter than planned, seconds, because enough had been seen; 0 for any other reason."""
    header, stopped_s = samples.header, samples.stopped_s
    return max(0.0, header.warmup_s + header.for_s - stopped_s) if samples.enough_s is not None and stopped_s is not None else 0.0


def achieved_rate(samples: Samples) -> Estimate:
    """Requests sent per second of the judged part; those sent after its end were due in it, and kept no schedule.

    The interval is from 20 batches of time. An open loop's schedule is given, so there only what was sent too late for its
    batch, or never, varies; in a closed loop all that was sent does. Lags below a hundredth of a batch, which no batch is
    short of anything by, do not count as late. No interval below 200 requests.
    """
    lasted_s = judged_s(samples)
    if not lasted_s:
        return Estimate("achieved_rate", 0.0)
    due_s, lag_s = samples.due_s - samples.header.warmup_s, samples.send_lag_s
    sent_s = np.where(lag_s <= _NO_LAG * lasted_s / BATCHES, due_s, due_s + lag_s)
    value = int((sent_s < lasted_s).sum()) / lasted_s
    if len(samples) < LEAST_FOR_BATCHES:
        return Estimate("achieved_rate", value)
    varying = _batches(sent_s, lasted_s)
    if samples.header.scheduled is not None:
        varying = _batches(due_s, lasted_s) - varying
    half = batch_interval(varying * BATCHES / lasted_s)
    return Estimate("achieved_rate", value, max(0.0, value - half), value + half)


def cost_per_1000(rate: Estimate, usd_per_hour: float) -> Estimate:
    """What a thousand requests cost at such a rate, USD: the instances are paid by the hour, busy or not."""

    def cost(per_s: float | None) -> float | None:
        return None if per_s is None else usd_per_hour / 3.6 / per_s if per_s > 0 else math.inf

    return Estimate("cost_per_1000", cost(rate.value) or 0.0, low=cost(rate.high), high=cost(rate.low))


def _batches(at_s: NDArray[np.float64], lasted_s: float) -> NDArray[np.float64]:
    """How many of the times lie in each of BATCHES equal parts of the judged time."""
    inside = at_s[(at_s >= 0) & (at_s < lasted_s)]
    return np.bincount((inside / lasted_s * BATCHES).astype(np.int64), minlength=BATCHES)[:BATCHES].astype(np.float64)
