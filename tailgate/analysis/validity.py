"""Validity: why a run cannot be trusted. It comes before any verdict: such a run is INCONCLUSIVE, never a PASS.

The rule: what the generator did wrong makes a run worthless, what the server did wrong makes it fail. Slow answers,
errors and refused connections are therefore never a reason here.

What is measured, and from where on it counts: the budget's `send_lag_share` and `sent_share` (plan/budget.py), here; what
the host's counters must show to be named as the cause, in `disturbance`. Faults come from the generator: a starved pool,
a stepped clock, a lost worker, totals that differ, a process that died.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tailgate.analysis.disturbance import late_because, saturated
from tailgate.analysis.estimates import send_lag_max, send_lag_quantile
from tailgate.analysis.rates import judged_s
from tailgate.plan.budget import Limit
from tailgate.plan.case import Case
from tailgate.samples import Error, Samples
from tailgate.units import format_count, format_ms, format_percent

_ROUNDING_S = 1e-6  # of due times on their way through the run's clock


def reasons_against(case: Case, samples: Samples) -> tuple[str, ...]:
    """Sentences that say why no verdict can be drawn from the judged samples; empty when one can."""
    rules = (_stopped(case, samples), _absent(case, samples), _miscounted(case, samples), _throttled(samples), _late(case, samples))
    return (*_refused(samples), *samples.faults, *(reason for rule in rules for reason in rule))


def disturbed(case: Case, samples: Samples, reasons: tuple[str, ...]) -> bool:
    """Whether all that speaks against the run is that its host was too busy for a while: measured again, it may stand.

    reasons: what `reasons_against` found. Not where the generator itself used its core up: it would do so again. This
    looks at when requests were sent and never at how long they took, so to repeat such runs favours no outcome.
    """
    return bool(reasons) and reasons == tuple(_late(case, samples)) and not any(saturated(case, samples))


def _stopped(case: Case, samples: Samples) -> Iterator[str]:
    """It ended before its time, and not because enough had been seen."""
    lasted_s, planned_s = judged_s(samples), case.load.for_s
    if samples.enough_s is None and lasted_s < case.budget.sent_share * planned_s:
        yield f"the load was stopped after {lasted_s:.1f} s of {planned_s:g} s; run it to its end"


def _absent(case: Case, samples: Samples) -> Iterator[str]:
    """Too few of the requests that were due while the load lasted were sent.

    One that was ready on time and never found a connection free is counted as sent: the server kept it waiting.
    """
    scheduled = _scheduled(case, samples)
    records = samples.records
    asked = int(np.count_nonzero((records["error"] != Error.UNSENT) | (records["waited"] == 1)))
    if not len(samples):
        why = "the generator sent nothing after the warm-up" if case.load.open_loop else "no caller was free after the warm-up"
        yield f"there are no samples: {why}"
    elif asked < case.budget.sent_share * scheduled:
        share = f"{format_count(asked)} of {format_count(scheduled)} scheduled requests were sent ({format_percent(asked / scheduled)}"
        yield f"{share}, at least {format_percent(case.budget.sent_share)} must be): {late_because(case, samples)}"


def _scheduled(case: Case, samples: Samples) -> int:
    """How many judged requests were due while the load lasted. In a closed loop each that came due has its sample."""
    if not case.load.open_loop:
        return len(samples)
    due_s, start_s = case.load.due_times(), case.load.warmup_s
    return int(np.count_nonzero((due_s >= start_s) & (due_s < start_s + judged_s(samples))))


def _throttled(samples: Samples) -> Iterator[str]:
    if len(samples) and (samples.records["error"] == Error.THROTTLED).all():
        yield "every request was throttled: a quota was measured, not the variant; have the account's quota raised or lower the rate"


def _refused(samples: Samples) -> Iterator[str]:
    """AWS let the caller itself not through: for its clock, its credentials or its rights, of which the endpoint knows nothing."""
    errors = samples.records["error"]
    for error, why in (
        (Error.CLOCK_SKEW, f"{_skew(samples)}; AWS takes no signature that is 5 min off: set the clock, for instance by NTP"),
        (Error.EXPIRED_CREDENTIALS, "the credentials had expired; renew them, or let a role or profile provide ones that are renewed"),
        (Error.DENIED, "the credentials are wrong, or do not permit it: sagemaker:InvokeEndpoint on this endpoint"),
    ):
        if refused := int(np.count_nonzero(errors == error)):
            yield f"{format_count(refused)} of {format_count(len(samples))} requests were refused: {why}"


def _skew(samples: Samples) -> str:
    ahead_s = samples.host.get("clock_ahead_s")
    if ahead_s is None:
        return "this host's clock and AWS's differ"
    return f"this host's clock is {abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'} AWS's"


def _miscounted(case: Case, samples: Samples) -> Iterator[str]:
    """A load that ran to its end, or until enough was seen, has one sample for each request that was due, whatever became of it.

    Where so few are there that `_absent` says so, that is said once.
    """
    cut_off = samples.stopped_s is not None and samples.enough_s is None
    if cut_off or not case.load.open_loop or samples.faults:
        return
    due_s, start_s, scheduled = case.load.due_times(), case.load.warmup_s, _scheduled(case, samples)
    doubtful = sum(np.count_nonzero(np.abs(due_s - edge_s) < _ROUNDING_S) for edge_s in (start_s, start_s + judged_s(samples)))
    if len(samples) >= case.budget.sent_share * scheduled and abs(len(samples) - scheduled) > doubtful:
        counts = f"there are samples of {format_count(len(samples))} requests where {format_count(scheduled)} were due"
        yield f"{counts}: some were lost or counted twice on their way; this is an error in tailgate, please report it"


def _late(case: Case, samples: Samples) -> Iterator[str]:
    """The generator sent too late for the bound of a time to mean anything.

    Its lag's p99 is held against the tightest bound, and where a limit speaks of a rarer request than that, the lag of
    equally rare ones against its own bound: for a maximum the longest.
    """
    share, limits = case.budget.send_lag_share, [limit for limit in case.budget.limits if limit.is_time]
    held: list[tuple[str, float, Limit]] = [("p99", 0.99, min(limits, key=lambda limit: limit.bound))] if limits else []
    held += [(f"p{q * 100:g}", q, limit) for limit in limits if (q := limit.quantile) is not None and q > 0.99]
    held += [("max", 1.0, limit) for limit in limits if limit.metric == "max"]
    for name, quantile, limit in held:
        for lag_s in _lags_s(samples, quantile):
            if lag_s > share * limit.bound:
                allowed = f"{format_ms(share * limit.bound)} may be ({format_percent(share)} of '{limit.source}')"
                yield f"send lag {name} is {format_ms(lag_s)} where {allowed}: {late_because(case, samples)}"
                return


def _lags_s(samples: Samples, quantile: float) -> list[float]:
    """The quantile of the generator's own send lags, the longest for 1; empty where there were none."""
    return [lag.value for lag in (send_lag_quantile(samples, quantile) if quantile < 1 else send_lag_max(samples))]
