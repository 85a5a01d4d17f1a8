"""A run against a named baseline: each of its times by what earlier runs of the same case came to."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from scipy.special import ndtri

from tailgate.analysis import wording
from tailgate.analysis.changes import change_wording
from tailgate.analysis.changes.change_points import TYPICAL_SPREAD
from tailgate.analysis.history import LEAST_EFFECT, Change, judge
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.quantiles import LEVEL, Estimate
from tailgate.analysis.verdict import Verdict
from tailgate.plan.budget import Budget
from tailgate.plan.case import Case
from tailgate.plan.vocabulary import quantile_of

ALWAYS = ("p50", "p99")
"""Metrics that are held against a baseline whatever the budget limits."""

Times = Mapping[str, Estimate]
"""What a run came to, by metric."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """One earlier run. times: by metric, infinite where failures reach into it. commit: what was tested, None where nobody knows."""

    times: Times
    started_at: str
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """Comparable earlier runs of one case, oldest first. name: as it was asked for. least_effect: the share that matters."""

    name: str
    runs: tuple[Earlier, ...]
    least_effect: float = LEAST_EFFECT


@dataclass(frozen=True, slots=True)
class MetricChange:
    """One metric held against a baseline.

    newest_s, repeat_s: of the run and of the independent repeat that was asked for, None where there was none. since,
    commit: the beginning and the commit of the first run of the level that counts; of the first that was beyond the bound
    already, where there are such (`change.already`). left_out: earlier runs in which failures reached into the metric.
    """

    metric: str
    baseline: str
    newest_s: float
    repeat_s: float | None
    change: Change
    since: str | None = None
    commit: str | None = None
    left_out: int = 0


def metrics_of(budget: Budget) -> tuple[str, ...]:
    """The times that are compared, percentiles first: p50, p99, and what else the budget limits; but for a maximum, which chance makes."""
    limited = {limit.metric for limit in budget.limits if limit.is_time and limit.metric != "max"}
    return tuple(sorted({*ALWAYS, *limited}, key=lambda metric: (quantile_of(metric) or 1.0, metric)))


def times_of(verdict: Verdict, estimates: Iterable[Estimate]) -> dict[str, Estimate]:
    """All that is known of a run's metrics: those that are limited as well as those that are always estimated."""
    limited = (check.estimate for check in verdict.checks if check.estimate is not None)
    return {estimate.metric: estimate for estimate in (*limited, *estimates)}


def changes(baseline: Baseline, metrics: Iterable[str], newest: Times, repeat: Times | None = None) -> tuple[MetricChange, ...]:
    """Each metric that the run knows well enough, held against the baseline. Pure.

    repeat: what an independent repeat came to, where the newest run asked for one. Metrics that the newest run does not
    bound at all, for want of requests, are passed over.
    """
    return tuple(_changes(baseline, metrics, newest, repeat))


def held(verdict: Verdict, case: Case, estimates: Iterable[Estimate], baseline: Baseline | None, before: Times | None = None) -> Verdict:
    """A run's verdict, knowing what the baseline says of the run, where there is one. Pure.

    before: what the run that it repeats came to, where it does.
    """
    if baseline is None:
        return verdict
    own, metrics = times_of(verdict, estimates), metrics_of(case.budget)
    return weighed(verdict, case, changes(baseline, metrics, own) if before is None else changes(baseline, metrics, before, own))


def weighed(verdict: Verdict, case: Case, found: tuple[MetricChange, ...]) -> Verdict:
    """The verdict, knowing its history. Pure.

    A regression fails the case; a comparison that decides nothing changes nothing. A run that cannot be trusted has no
    history to be judged by.
    """
    if verdict.reasons:
        return verdict
    told = replace(verdict, changes=found, notes=(*change_wording.change_lines(found, verdict.target_kind), *verdict.notes))
    if not regressed(told):
        return told
    slower = [one.metric for one in found if one.change.outcome is Outcome.FAIL]
    over = [check.limit.metric for check in verdict.checks if check.decision.outcome is Outcome.FAIL]
    what = change_wording.what_came_out(over, slower)
    return replace(told, outcome=Outcome.FAIL, heading=wording.heading(case, what, verdict.target_kind))


def asks_repeat(verdict: Verdict) -> bool:
    """Whether an independent repeat would decide about a regression."""
    return any(one.change.repeat for one in verdict.changes)


def regressed(verdict: Verdict) -> bool:
    """Whether it was found slower than its baseline, twice."""
    return any(one.change.outcome is Outcome.FAIL for one in verdict.changes)


def _changes(baseline: Baseline, metrics: Iterable[str], newest: Times, repeat: Times | None) -> Iterator[MetricChange]:
    for metric in metrics:
        if metric not in newest or (math.isfinite(newest[metric].value) and _error(newest[metric]) is None):
            continue
        known = [run for run in baseline.runs if metric in run.times]
        told = [run for run in known if math.isfinite(run.times[metric].value)]
        again = repeat.get(metric) if repeat is not None else None
        change = judge(
            [run.times[metric].value for run in told],
            newest[metric].value,
            again.value if again is not None else None,
            least_effect=baseline.least_effect,
            typical_spread=_typical_spread(newest[metric], [run.times[metric] for run in told]),
        )
        first = told[-change.already] if change.already else told[change.since] if told else None
        yield MetricChange(
            metric,
            baseline.name,
            newest[metric].value,
            again.value if again is not None else None,
            change,
            since=first.started_at if first is not None else None,
            commit=first.commit if first is not None else None,
            left_out=len(known) - len(told),
        )


def typical_spread_of(runs: Sequence[Estimate]) -> float:
    """Between such runs at the least: what quiet systems show, and what is not known within an ordinary one of them."""
    errors = [error for error in map(_error, runs) if error is not None]
    return math.hypot(TYPICAL_SPREAD, statistics.median(errors) if errors else 0.0)


def _typical_spread(newest: Estimate, earlier: Sequence[Estimate]) -> float:
    """The same, where the newest may be known less well than an ordinary one."""
    return max(typical_spread_of(earlier), math.hypot(TYPICAL_SPREAD, _error(newest) or 0.0))


def _error(estimate: Estimate) -> float | None:
    """Standard error of the logarithm, from the wider side of the 95 % interval; None where neither side is bounded."""
    ends = [end for end in (estimate.low, estimate.high) if end is not None and math.isfinite(end) and end > 0]
    if not ends or not estimate.value > 0 or not math.isfinite(estimate.value):
        return None
    return max(abs(math.log(end / estimate.value)) for end in ends) / float(ndtri(LEVEL))
