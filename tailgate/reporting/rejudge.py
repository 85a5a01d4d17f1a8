"""Re-judging: what a recorded run means for another budget, from its record alone.

Counts that the record cannot tell to the request (recorded_counts.py) are judged both ways: a PASS must hold with the
most exceedances there can have been, a FAIL with the least. What speaks against a run speaks against it under any budget.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis import wording
from tailgate.analysis.limits import Decided, Evidence
from tailgate.analysis.metrics import Metric, metric_of
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.quantiles import Estimate
from tailgate.analysis.verdict import Check, Verdict, withheld, worst
from tailgate.plan.budget import Budget, Limit
from tailgate.reporting.recorded_counts import Between
from tailgate.reporting.recorded_run import Recorded, decided_then, limits_of
from tailgate.reporting.run_file import Run
from tailgate.units import format_count, format_ms, format_percent, format_rate, format_usd


def rejudge(run: Run, budget: Budget, *, prices: Mapping[str, float] | None = None) -> Verdict:
    """Judge a recorded run against another budget. prices: USD per hour by instance type, beside those that it was recorded with.

    A limit that the run had keeps its answer, which may rest on a history. A run that its own budget ended early says of
    other limits only what its looks until then can say. Raises RecordError where the record is damaged, PlanError where a
    cost is asked for and no price is known.
    """
    recorded, stated = Recorded.of(run), prices or {}
    reasons = (*recorded.reasons, *_late(recorded, budget))
    checks = tuple(_check(limit, recorded, stated) for limit in budget.limits)
    if reasons:
        checks = tuple(replace(check, decision=withheld(check.decision), why=None) for check in checks)
    outcome = Outcome.INCONCLUSIVE if reasons else worst(checks)
    subject = str(run.verdict.get("heading")).partition(": ")[2] or str(run.case.get("id"))
    return Verdict(
        outcome,
        checks,
        reasons,
        f"{wording.what_came_out(outcome, checks, not reasons)}: {subject}",
        str(run.provenance.get("target")),
        recorded.estimates.get("service_p99"),
        notes=tuple(_notes(recorded, checks, stated, trusted=not reasons)),
    )


def _check(limit: Limit, recorded: Recorded, stated: Mapping[str, float]) -> Check:
    metric = metric_of(limit.metric)
    estimate = _estimate(metric, limit, recorded, stated)
    then = decided_then(recorded.run, limit) if metric.priced is None else None
    if then is not None and not recorded.reasons and not (recorded.ended_early and then.decision.outcome is Outcome.INCONCLUSIVE):
        return Check(limit, then.decision, estimate, then.why)
    between = _exceedances(metric, limit, recorded, estimate)
    sides = [None] if between is None else [between.most] if between.exact else [between.most, between.least]
    decided = [_decide(metric, limit, recorded, side, estimate) for side in sides]
    at_most, at_least = decided[0], decided[-1]
    if at_most.decision.outcome is at_least.decision.outcome or between is None:
        decision, why = at_least if at_least.decision.outcome is Outcome.FAIL else at_most
    else:
        decision, why = withheld(at_most.decision), _open(between, recorded.total)
    return Check(limit, decision, estimate, why)


def _exceedances(metric: Metric, limit: Limit, recorded: Recorded, estimate: Estimate | None) -> Between | None:
    if metric.counted is None:
        return None
    between = recorded.counts.exceeding(metric.counted(limit.bound))
    if metric.name == "max" and estimate is not None:  # which is known, whatever is open about the class that the bound is in
        known = between.most if estimate.value > limit.bound else np.zeros_like(between.most)
        return Between(known, known)
    return between


def _estimate(metric: Metric, limit: Limit, recorded: Recorded, stated: Mapping[str, float]) -> Estimate | None:
    """The metric's value as it was recorded, or as the histogram has it; None where the record says nothing of it."""
    if metric.priced is not None:
        (price, instances), rate = recorded.price(stated), recorded.estimates.get("achieved_rate")
        return None if rate is None else metric.priced(rate, price.usd_per_hour * instances)
    if limit.quantile is not None and not metric.name.startswith("ttfb"):
        return recorded.quantile(metric.name, limit.quantile)
    return recorded.estimates.get(metric.name)


def _decide(metric: Metric, limit: Limit, recorded: Recorded, exceedances: NDArray[np.int64] | None, estimate: Estimate | None) -> Decided:
    counts = None if exceedances is None else (recorded.counts.requests, exceedances)
    decided = metric.decide(limit, Evidence(recorded.total, recorded.failed, counts, estimate, looked=recorded.looked))
    return _of_a_part(limit, recorded, decided) if recorded.ended_early else decided


def _of_a_part(limit: Limit, recorded: Recorded, decided: Decided) -> Decided:
    """What a run that was ended early may say: when it ended depends on what was seen, so only looks that reckon with that count."""
    if decided.decision.outcome is Outcome.FAIL and (limit.allowed is not None or limit.metric == "max"):
        return decided
    why = f"the run was ended after {recorded.judged_s:g} of {recorded.planned_s:g} s, when its own budget was clear; this one was not yet"
    return Decided(withheld(decided.decision), why)


def _open(between: Between, total: int) -> str:
    least, most = (format_count(int(side.sum())) for side in between)
    exceed = f"between {least} and {most} of {format_count(total)} requests exceed, and on which side the others were is not in the record"
    return f"{exceed}; measure again with this limit, or take a bound farther off"


def _late(recorded: Recorded, budget: Budget) -> Iterator[str]:
    """The rule of analysis/validity.py for other bounds than the run's own: the generator sent too late for them to mean anything."""
    lag, longest = (recorded.estimates.get(name) for name in ("send_lag_p99", "send_lag_max"))
    if lag is None or recorded.reasons:
        return
    for limit in sorted((limit for limit in budget.limits if limit.is_time), key=lambda limit: limit.bound):
        may_s = budget.send_lag_share * limit.bound
        if lag.value > may_s:
            allowed = f"{format_ms(may_s)} may be ({format_percent(budget.send_lag_share)} of '{limit.source}')"
            yield f"send lag p99 is {format_ms(lag.value)} where {allowed}: the generator was too late for this bound"
            return
        if _is_rare(limit) and (longest is None or longest.value > may_s) and not _held(limit, recorded.run):
            yield f"how late the rarest requests were sent is not in the record, and '{limit.source}' wants to know; measure again with it"
            return


def _is_rare(limit: Limit) -> bool:
    """Whether it speaks of fewer requests than one in a hundred, of whose lags the p99 says nothing."""
    return limit.metric == "max" or (limit.quantile is not None and limit.quantile > 0.99)


def _held(limit: Limit, run: Run) -> bool:
    """Whether the run's own budget had as strict a limit of the metric, so that its lags were held against that."""
    bounds = [one.get("bound") for one in limits_of(run) if one.get("metric") == limit.metric]
    return any(isinstance(bound, int | float) and bound <= limit.bound for bound in bounds)


def _notes(recorded: Recorded, checks: Sequence[Check], stated: Mapping[str, float], *, trusted: bool) -> Iterator[str]:
    run, per_s = recorded.run, recorded.total / recorded.judged_s if recorded.judged_s else 0.0
    if trusted:
        yield from (wording.undecided_line(check, per_s) for check in checks if check.decision.outcome is Outcome.INCONCLUSIVE)
    rate = recorded.estimates.get("achieved_rate")
    achieved = f" (achieved {format_rate(rate.value)})" if rate is not None else ""
    effect = max(check.decision.design_effect for check in checks)
    yield f"{format_count(recorded.total)} requests in {recorded.judged_s:.4g} s{achieved}, design effect {effect:.1f}"
    if recorded.failed:
        yield f"{format_count(recorded.failed)} requests failed"
    if any(metric_of(check.limit.metric).priced for check in checks):
        price, instances = recorded.price(stated)
        yield f"cost: {instances} × {run.case['instance_type']} at {format_usd(price.usd_per_hour)} an hour each ({price.origin})"
    yield f"judged again from {run.path.name if run.path else 'the record'} of {run.provenance.get('started_at')}, without new load"
