"""Verdict: what a run means for its case's budget, limit by limit, and whether it may be believed at all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tailgate.analysis import wording
from tailgate.analysis.counts import History
from tailgate.analysis.course import course_lines
from tailgate.analysis.disturbance import host_notes
from tailgate.analysis.estimates import service_quantile
from tailgate.analysis.failed import advice_lines, errors_line
from tailgate.analysis.gate import Decision
from tailgate.analysis.looks.looked import Looked
from tailgate.analysis.looks.rhythm import Rhythm
from tailgate.analysis.metrics import evidence_in, metric_of
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.quantiles import Estimate
from tailgate.analysis.rates import saved_s
from tailgate.analysis.validity import reasons_against
from tailgate.analysis.wire import wire_lines
from tailgate.plan.budget import Limit
from tailgate.plan.case import Case
from tailgate.samples import Samples

if TYPE_CHECKING:
    from tailgate.analysis.changes.baseline import MetricChange

_QUEUEING_SHARE = 0.05
"""Of the response time's p99: less than that between it and the service time's p99 explains nothing."""


@dataclass(frozen=True, slots=True)
class Check:
    """One limit, decided.

    estimate: the metric's value with a two-sided 95 % interval, None without samples. why: what keeps the limit undecided
    where more requests would not help; None where the decision speaks for itself.
    """

    limit: Limit
    decision: Decision
    estimate: Estimate | None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run means. Its truth value is PASS, so `assert run.verdict, run.verdict.explain()` gates.

    checks: one per limit, in the budget's order. reasons: why the run cannot be trusted; where there are any, every
    outcome is INCONCLUSIVE. service_p99: the service time's p99, None without samples. queueing_s: how much of the
    response time's p99 was spent before sending, None where it is not worth a word, and in a closed loop, which has no
    queue. notes: further lines of the text. changes: what a baseline says of it (analysis/changes/baseline.py), where one was named.
    rhythm: in which it was looked at while it went on, None where it was not; saved_s: by how much that made its load shorter.
    """

    outcome: Outcome
    checks: tuple[Check, ...]
    reasons: tuple[str, ...]
    heading: str
    target_kind: str
    service_p99: Estimate | None = None
    queueing_s: float | None = None
    notes: tuple[str, ...] = ()
    changes: tuple[MetricChange, ...] = ()
    rhythm: Rhythm | None = None
    saved_s: float = 0.0

    def __bool__(self) -> bool:
        return self.outcome is Outcome.PASS

    def __repr__(self) -> str:
        """Short, because pytest prints it beside a failed assertion: `<FAIL: p99 over budget>`."""
        return f"<{self.outcome.name}: {self.heading.partition(':')[0]}>"

    def explain(self) -> str:
        """The text for people: what came out, each limit beside its budget, and what explains it."""
        return wording.explain(self)


def judge(
    case: Case,
    samples: Samples,
    *,
    target_kind: str,
    history: Mapping[str, History] | None = None,
    rhythm: Rhythm | None = None,
    failed: Verdict | None = None,
    notes: tuple[str, ...] = (),
) -> Verdict:
    """Judge one run's samples, after the warm-up, against its case's budget.

    A run that cannot be trusted is INCONCLUSIVE with its reasons. Otherwise one limit that FAILs fails the case, one
    that is undecided leaves it undecided. history: by a limit's source, the per-second counts of earlier runs against
    the same bound. rhythm: when it was looked at while it went on: the looks decide, as they did when it was ended early.
    failed: what a run before it came to, which this one was to confirm. notes: lines for the end of the text. Pure.
    """
    reasons = reasons_against(case, samples)
    looked = Looked(case.load.for_s, rhythm, ended=samples.enough_s is None) if rhythm is not None else None
    checks = tuple(_check(limit, case, samples, history or {}, looked) for limit in case.budget.limits)
    if reasons:
        checks = tuple(replace(check, decision=withheld(check.decision)) for check in checks)
    outcome = Outcome.INCONCLUSIVE if reasons else worst(checks)
    course = course_lines(samples, outcome, checks, trusted=not reasons, failed=failed)
    service, queueing_s = _service(samples)
    return Verdict(
        outcome,
        checks,
        reasons,
        wording.heading(case, wording.what_came_out(outcome, checks, not reasons), target_kind),
        target_kind,
        service,
        None if reasons or not case.load.open_loop else queueing_s,
        (*course, *_facts(case, samples, checks, reasons, target_kind), *_surroundings(case, samples, target_kind, reasons), *notes),
        rhythm=rhythm,
        saved_s=saved_s(samples),
    )


def _check(limit: Limit, case: Case, samples: Samples, history: Mapping[str, History], looked: Looked | None) -> Check:
    evidence = evidence_in(samples, limit, case, history.get(limit.source), looked)
    decided = metric_of(limit.metric).decide(limit, evidence)
    return Check(limit, decided.decision, evidence.estimate, decided.why)


def withheld(decision: Decision) -> Decision:
    """The same numbers without an outcome, and without the advice that more of such requests would help."""
    return replace(decision, outcome=Outcome.INCONCLUSIVE, more_requests=None, provisional=False)


def worst(checks: Iterable[Check]) -> Outcome:
    """What the limits come to together: one that FAILs fails them, one that is undecided leaves them undecided."""
    outcomes = {check.decision.outcome for check in checks}
    return next(outcome for outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS) if outcome in outcomes)


def _service(samples: Samples) -> tuple[Estimate | None, float | None]:
    """The service time's p99, and by how much the response time's is clearly longer."""
    if not len(samples):
        return None, None
    service, response = service_quantile(samples, 0.99), metric_of("p99").estimate(samples)
    queueing_s = response.value - service.value if math.isfinite(response.value) else 0.0
    clear = queueing_s > _QUEUEING_SHARE * response.value and service.high is not None and service.high < response.value
    return service, queueing_s if clear else None


def _facts(case: Case, samples: Samples, checks: tuple[Check, ...], reasons: tuple[str, ...], target_kind: str) -> Iterator[str]:
    if not reasons and samples.enough_s is None:
        per_s = wording.pace(case, samples)
        yield from (wording.undecided_line(check, per_s) for check in checks if check.decision.outcome is Outcome.INCONCLUSIVE)
    if len(samples):
        yield wording.load_line(case, samples, max(check.decision.design_effect for check in checks))
        yield from wording.loop_line(case)
        yield from wording.price_line(case)
        yield from wire_lines(samples)
    if samples.failed.any():
        yield errors_line(samples)
        yield from advice_lines(samples, target_kind)


def _surroundings(case: Case, samples: Samples, target_kind: str, reasons: tuple[str, ...]) -> Iterator[str]:
    """What the generating host went through, where the run stands all the same, and what the instances are known for."""
    if not reasons:
        yield from host_notes(case, samples)
    yield from wording.burst_line(case, target_kind)
