"""The JSON of one measurement by `tailgate drive`: one object, strict JSON, times in seconds, null for what is infinite.

url arrival duration_s warmup_s     what was asked
offered_per_s       the rate that was asked for; scheduled: how many requests its schedule held, after the warm-up
achieved_per_s      requests sent, per second of the judged part
requests            due and judged
errors              of these, all that failed; errors_by_kind: how many of each kind
censored            of the errors, those still without an answer when the run ended
response_time_s     p50 p90 p99 p99.9 max, from when a request was due; null where failures reach into it
service_time_s      the same, from when it was sent
send_lag_s          the same of due → sent, for requests that did not wait for a connection
cpu_s_per_request   the generator's processor time, over all requests sent; null where unknown
connections         how many carried the judged requests
valid, reasons      whether the run can be trusted, and why not, as sentences
verdict             PASS, FAIL or INCONCLUSIVE; null without a budget
saved_s             by how much the load was shorter than asked, because its verdict was clear; 0 where it was not
checks              per limit: limit (as written), outcome, value, low, high (two-sided 95 % interval)
wire                phases, first requests apart, percentiles by remote address (as in reporting/run_file.py)
clock, host         which instruments stamped the times; what the generating host went through (generator/host.py)
beside              only with --beside: peer, users, offered_per_s achieved_per_s requests errors errors_by_kind
                    response_time_s as the peer itself reports them, cpu_s_per_request; and difference_s, the
                    peer's response times minus ours
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from tailgate.analysis.percentiles import POINTS
from tailgate.analysis.rates import saved_s
from tailgate.analysis.reading import Points, Reading
from tailgate.analysis.wire import wire_of
from tailgate.reporting.plain import Plain, plain

if TYPE_CHECKING:
    from tailgate.analysis.verdict import Check


def summary(reading: Reading, beside: Mapping[str, object] | None = None) -> dict[str, Plain]:
    """The object, as the module documents it. beside: the plain form of a peer's reading of the same."""
    samples, load, verdict = reading.samples, reading.load, reading.verdict
    fields: dict[str, object] = {
        "url": reading.url,
        "arrival": load.arrival,
        "duration_s": load.for_s,
        "warmup_s": load.warmup_s,
        "offered_per_s": load.per_s,
        "scheduled": int((load.due_times() >= load.warmup_s).sum()),
        "achieved_per_s": reading.achieved_per_s,
        "requests": reading.requests,
        "errors": reading.errors,
        "errors_by_kind": samples.errors(),
        "censored": reading.censored,
        "response_time_s": reading.response_s,
        "service_time_s": reading.service_s,
        "send_lag_s": reading.send_lag_s,
        "cpu_s_per_request": reading.cpu_s_each,
        "connections": len(np.unique(samples.records["connection"][np.isfinite(samples.send_lag_s)])),
        "valid": not reading.reasons,
        "reasons": reading.reasons,
        "verdict": verdict.outcome if verdict is not None else None,
        "saved_s": saved_s(samples),
        "checks": [_check(check) for check in verdict.checks] if verdict is not None else [],
        "wire": wire_of(samples),
        "clock": samples.header.clock,
        "host": samples.host,
    }
    if beside is not None:
        fields["beside"] = {**beside, "difference_s": differences(beside["response_time_s"], reading.response_s)}
    return {name: plain(value) for name, value in fields.items()}


def differences(theirs: object, ours: Points) -> dict[str, float | None]:
    """Point by point, theirs minus ours, seconds; None where either is infinite or unknown."""
    points = theirs if isinstance(theirs, Mapping) else {}
    return {point: _minus(points.get(point), ours[point]) for point in POINTS}


def _minus(theirs: float | None, ours: float | None) -> float | None:
    known = theirs is not None and ours is not None and math.isfinite(theirs) and math.isfinite(ours)
    return theirs - ours if known and theirs is not None and ours is not None else None


def _check(check: Check) -> dict[str, object]:
    estimate = check.estimate
    return {
        "limit": check.limit.source,
        "outcome": check.decision.outcome,
        "value": estimate.value if estimate else None,
        "low": estimate.low if estimate else None,
        "high": estimate.high if estimate else None,
    }
