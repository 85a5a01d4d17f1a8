"""Wording: how a verdict reads. The failure text is the product; here it is laid out, and nothing is decided."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tailgate.analysis.estimates import send_lag_p99
from tailgate.analysis.metrics import metric_of
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.rates import achieved_rate, judged_s
from tailgate.plan.budget import Limit
from tailgate.plan.case import Case
from tailgate.samples import Samples
from tailgate.units import format_count, format_ms, format_percent, format_rate, format_usd

if TYPE_CHECKING:
    from tailgate.analysis.verdict import Check, Verdict

EMULATED = "emulated"

EMULATED_CAVEAT = "emulated: a statement about the emulator's made-up service times, none about AWS; the model itself was not run"
_PROVISIONAL = (
    "provisional: without 5 earlier runs against the same limit, together twice as long, "
    "trouble rarer than one run is long cannot be ruled out"
)
_OF_THIS_RUN = (
    "of this run: a mean, a rate and a cost are judged by one run's own batches, a maximum by its requests; earlier runs are not counted"
)
_PROVISIONALLY, _THIS_RUNS = "  (provisional)", "  (of this run)"
_CLOSED_LOOP = "closed loop: callers wait for their answers, so nothing is due while the server stands still; times are service times"
_NONE = "–"

_STANDING_FOR = {"null": "the null responder of this host", "process": "a process of this host", "url": "whatever answers its URL"}
"""Kinds of target without instances and network paths: what answered instead."""

_BURSTABLE = frozenset({"t2", "t3"})
"""Families whose processors run at full speed only for as long as they have credits."""


_BESIDE_BUDGET = ((False, "over budget"), (True, "under budget"))
"""Where a limit that failed lies, by whether its bound is the least that may be."""


class _Row(NamedTuple):
    label: str
    value: str
    unit: str
    low: str = ""
    high: str = ""
    bound: str = ""
    bound_unit: str = ""
    end: str = ""


def outcome_text(outcome: Outcome, target_kind: str) -> str:
    """An outcome as people read it, `emulated PASS` on the emulated target."""
    return f"emulated {outcome.value}" if target_kind == EMULATED else outcome.value


def heading(case: Case, what: str, target_kind: str) -> str:
    """What came out, of which case: `p99 over budget: resnet50 on ml.c6i.xlarge via privatelink at 50/s`."""
    spec = case.spec
    if target_kind in _STANDING_FOR:
        return f"{what}: {spec.name}, {_STANDING_FOR[target_kind]}, {case.load.wording}"
    instances = spec.instance_type if spec.instance_count == 1 else f"{spec.instance_count} × {spec.instance_type}"
    return f"{what}: {spec.name} on {instances} via {case.network_path} {case.load.wording}"


def what_came_out(outcome: Outcome, checks: Sequence[Check], trusted: bool) -> str:
    """The heading's first words: the limits that decided the outcome, by name."""
    if not trusted:
        return "no verdict, the run cannot be trusted"
    if outcome is Outcome.PASS:
        return "within budget"
    limits = [check.limit for check in checks if check.decision.outcome is outcome]
    if outcome is Outcome.INCONCLUSIVE:
        return f"{_named(limits)} undecided"
    sides = ((_named([limit for limit in limits if limit.at_least is least]), words) for least, words in _BESIDE_BUDGET)
    return ", ".join(f"{named} {words}" for named, words in sides if named)


def explain(verdict: Verdict) -> str:
    """The whole text: heading, why it is not trusted, a line per limit, what explains the tail, notes, caveats."""
    lines = [
        *(f"not trusted: {reason}" for reason in verdict.reasons),
        *_table(verdict),
        *verdict.notes,
        *([_PROVISIONAL] if any(_provisional(check, verdict) and not _of_this_run(check) for check in verdict.checks) else []),
        *([_OF_THIS_RUN] if any(_provisional(check, verdict) and _of_this_run(check) for check in verdict.checks) else []),
        *([EMULATED_CAVEAT] if verdict.target_kind == EMULATED else []),
    ]
    return "\n".join([verdict.heading, *(f"  {line}" for line in lines)])


def undecided_line(check: Check, per_s: float) -> str:
    """What it would take to decide a limit that is not, at so many requests per second."""
    limit, decision = check.limit, check.decision
    if check.why is not None:
        return f"undecided: {limit.source}: {check.why}"
    if decision.more_requests is None:
        return f"undecided: {limit.source}: {_seen(check)}, too close for any useful number of requests to tell apart"
    more, more_s = format_count(decision.more_requests), decision.more_requests / per_s if per_s else math.inf
    return f"undecided: {limit.source}: about {more} more requests like these would settle it, {more_s:.0f} s of this load"


def price_line(case: Case) -> Iterator[str]:
    """What the cost was reckoned from; nothing where none is limited."""
    if case.limits_cost:
        price, spec = case.price, case.spec
        yield f"cost: {spec.instance_count} × {spec.instance_type} at {format_usd(price.usd_per_hour)} an hour each ({price.origin})"


def load_line(case: Case, samples: Samples, design_effect: float) -> str:
    """How many requests in what time, at which rate, whether on schedule, and how much they say."""
    requests = f"{format_count(len(samples))} requests in {judged_s(samples):.4g} s"
    offered = f"offered {format_rate(pace(case, samples))}" if case.load.open_loop else case.load.wording
    rates = f"{offered}, achieved {format_rate(achieved_rate(samples).value)}"
    return f"{requests} ({rates}), {_schedule(case, samples)}, design effect {design_effect:.1f}"


def loop_line(case: Case) -> Iterator[str]:
    """What a closed loop cannot show; nothing of an open one."""
    if not case.load.open_loop:
        yield _CLOSED_LOOP


def burst_line(case: Case, target_kind: str) -> Iterator[str]:
    """What has to be said of a short run on a burstable instance; nothing where there is no such instance."""
    family = case.spec.instance_type.split(".")[1]
    if family in _BURSTABLE and target_kind not in {EMULATED, *_STANDING_FOR}:
        yield f"burst regime: {case.spec.instance_type} runs on CPU credits; a run this short spends them, and says nothing of steady state"


def pace(case: Case, samples: Samples) -> float:
    """Requests per second of the judged part, silences included: as offered, or as they came about in a closed loop."""
    expected = case.load.expected_requests
    return achieved_rate(samples).value if expected is None else expected / case.load.for_s


def _schedule(case: Case, samples: Samples) -> str:
    lag = next(iter(send_lag_p99(samples)), None)
    if lag is None:
        return "every request waited for a connection"
    tightest_s = case.budget.tightest_s
    kept = tightest_s is None or lag.value <= case.budget.send_lag_share * tightest_s
    return f"schedule {'kept' if kept else 'not kept'} (send lag p99 {format_ms(lag.value)})"


def _table(verdict: Verdict) -> Iterator[str]:
    """One aligned line per limit, and one for the service time beside them."""
    rows = [_row(check, verdict) for check in verdict.checks]
    service = verdict.service_p99
    if service is not None:
        rows.append(_Row("service time p99", *_split(format_ms(service.value)), end=_queueing(verdict.queueing_s)))
    for row in _aligned(rows):
        number = f"{row.label}   {row.value} {row.unit}"
        interval = f"   [{row.low}, {row.high}]   budget {row.bound} {row.bound_unit}   " if row.bound.strip() else ""
        yield f"{number}{interval}{row.end}".rstrip()


def _aligned(rows: Sequence[_Row]) -> Sequence[_Row]:
    """The rows with each column but the last padded to one width: words to the left, numbers to the right."""
    words = ("label", "unit", "bound_unit")
    for name in _Row._fields[:-1]:
        width = max((len(getattr(row, name)) for row in rows), default=0)
        pad = str.ljust if name in words else str.rjust
        rows = [row._replace(**{name: pad(getattr(row, name), width)}) for row in rows]
    return rows


def _row(check: Check, verdict: Verdict) -> _Row:
    limit, estimate = check.limit, check.estimate
    seen = (estimate.value, estimate.low, estimate.high) if estimate else (None, None, None)
    value, low, high = (_split(limit.format(number)) if number is not None else (_NONE, "") for number in seen)
    label = (_THIS_RUNS if _of_this_run(check) else _PROVISIONALLY) if _provisional(check, verdict) else _excess(check)
    end = outcome_text(check.decision.outcome, verdict.target_kind) + label
    bound, bound_unit = _split(limit.format(limit.bound))
    return _Row(metric_of(limit.metric).label, *value, low[0], high[0], f"≥ {bound}" if limit.at_least else bound, bound_unit, end)


def _named(limits: Sequence[Limit]) -> str:
    return " and ".join(limit.metric.replace("_", " ") for limit in limits)


def _seen(check: Check) -> str:
    """What an undecided limit came to, beside what it may."""
    limit, decision, estimate = check.limit, check.decision, check.estimate
    if limit.allowed is not None:
        return f"{format_percent(decision.fraction)} of the requests exceed where {format_percent(limit.allowed)} may"
    value = limit.format(estimate.value) if estimate is not None else _NONE
    return f"{value} of {limit.format(limit.bound)}"


def _provisional(check: Check, verdict: Verdict) -> bool:
    """Whether a PASS needs its caveat; beside a FAIL nobody waits for it."""
    return verdict.outcome is Outcome.PASS and check.decision.provisional


def _of_this_run(check: Check) -> bool:
    """Whether no history could ever make its PASS more than one of this run."""
    return check.limit.allowed is None


def _excess(check: Check) -> str:
    """By how much a limit that FAILs is missed."""
    if check.decision.outcome is not Outcome.FAIL or check.estimate is None:
        return ""
    excess = check.estimate.value / check.limit.bound - 1
    missed = excess < 0 if check.limit.at_least else 0 < excess < float("inf")
    return f"  ({excess * 100:+.0f} %)" if missed else ""


def _queueing(queueing_s: float | None) -> str:
    return f" — {queueing_s * 1e3:.0f} ms of the tail is queueing: the variant is near saturation" if queueing_s else ""


def _split(text: str) -> tuple[str, str]:
    """A number and its unit, `143.2` and `ms`, `30 000` and `/s`; infinity has none."""
    if text.endswith("/s"):
        return text.removesuffix("/s"), "/s"
    number, _, unit = text.partition(" ")
    return number, unit
