"""A comparison: for each case that both sides have, its metrics before and after, and what comes of them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tailgate.analysis.changes.baseline import ALWAYS
from tailgate.analysis.changes.before_after import USUAL, BeforeAfter, Margins, before_after
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.quantiles import Estimate
from tailgate.plan.vocabulary import COST, RATE, is_metric, quantile_of, unit_of
from tailgate.reporting.compared.matching import Matched, Sides
from tailgate.reporting.figures.curve import at_quantile
from tailgate.reporting.figures.recorded_values import estimates_in
from tailgate.reporting.recorded import trusted
from tailgate.reporting.recorded_run import limits_of
from tailgate.reporting.run_file import Run

TOLD = ("p50", "p90", "p99", "mean", "error_rate", "achieved_rate")
"""Metrics that are always told."""

WORST_FIRST = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS)

DECIDING = (*ALWAYS, "error_rate")
"""Those that decide, beside what a budget limits."""


@dataclass(frozen=True, slots=True)
class ComparedCase:
    """One case. before, after: its trusted runs. left_out: those not trusted, by side. newest: the newest run after.

    deciding: metrics that decide.
    """

    before: tuple[Run, ...]
    after: tuple[Run, ...]
    left_out: tuple[tuple[Run, ...], tuple[Run, ...]]
    newest: Run
    metrics: tuple[BeforeAfter, ...]
    deciding: frozenset[str]

    @property
    def outcome(self) -> Outcome:
        """The worst of what decides; INCONCLUSIVE where nothing does."""
        return worst([one.outcome for one in self.metrics if one.metric in self.deciding])

    @property
    def better(self) -> bool:
        """Whether it is no worse in all, and better in some of what decides."""
        return self.outcome is Outcome.PASS and any(one.better for one in self.metrics if one.metric in self.deciding)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All cases. unread: a sentence for each file that could not be read, of those before and of those after."""

    cases: tuple[ComparedCase, ...]
    margins: Margins
    only_before: tuple[str, ...] = ()
    only_after: tuple[str, ...] = ()
    unread: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    @property
    def outcome(self) -> Outcome:
        """The worst of the cases; not PASS where a file after could not be read, which may have held a worse one."""
        return worst([*(case.outcome for case in self.cases), *([Outcome.INCONCLUSIVE] if self.unread[1] else [])])

    @property
    def runs(self) -> tuple[Run, ...]:
        """All that were matched, those before first."""
        before = [run for case in self.cases for run in (*case.before, *case.left_out[0])]
        return (*before, *(run for case in self.cases for run in (*case.after, *case.left_out[1])))


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """FAIL before INCONCLUSIVE before PASS; INCONCLUSIVE of none."""
    return next((one for one in WORST_FIRST if one in outcomes), Outcome.INCONCLUSIVE)


def compared(sides: Sides, margins: Margins = USUAL, metrics: Sequence[str] = ()) -> Comparison:
    """Compare what was matched. metrics: those that are told and decide, in place of the usual ones."""
    cases = tuple(_case(one, margins, tuple(metrics)) for one in sides.matched)
    return Comparison(cases, margins, sides.only_before, sides.only_after)


def _case(matched: Matched, margins: Margins, metrics: tuple[str, ...]) -> ComparedCase:
    before, after = tuple(trusted(matched.before)), tuple(trusted(matched.after))
    left_out = _untrusted(matched.before), _untrusted(matched.after)
    limited = tuple(dict.fromkeys(_limited((*before[-1:], *after[-1:]))))
    told = metrics or tuple(sorted({*TOLD, *limited}, key=_place))
    found = [_metric(metric, before, after, margins) for metric in told] if before and after else []
    deciding = frozenset(metrics or (*DECIDING, *limited))
    return ComparedCase(before, after, left_out, matched.after[-1], tuple(one for one in found if one is not None), deciding)


def _untrusted(runs: Sequence[Run]) -> tuple[Run, ...]:
    return tuple(run for run in runs if run.verdict.get("reasons"))


def _limited(runs: Sequence[Run]) -> Iterator[str]:
    """What their budgets limit, but for a maximum, which chance makes."""
    for run in runs:
        yield from (
            str(limit["metric"]) for limit in limits_of(run) if limit.get("metric") != "max" and is_metric(str(limit.get("metric")))
        )


def _place(metric: str) -> tuple[int, float, str]:
    """Percentiles first, then means, shares, rates."""
    quantile = quantile_of(metric)
    return (int(metric.startswith("ttfb_")), quantile, metric) if quantile else (2 + (metric != "mean"), 0.0, metric)


def _metric(metric: str, before: Sequence[Run], after: Sequence[Run], margins: Margins) -> BeforeAfter | None:
    """None where neither side tells it."""
    first, second = ([one for run in side if (one := _estimate(run, metric)) is not None] for side in (before, after))
    if not first and not second:
        return None
    given = unit_of(metric) in (RATE, COST) and all(run.requests.get("scheduled") is not None for run in (*before, *after))
    return before_after(metric, first, second, replace(margins, typical_spread=0.0) if given else margins)


def _estimate(run: Run, metric: str) -> Estimate | None:
    """As recorded, else a percentile of the response time from the histogram, with an interval as wide as those recorded beside it."""
    known = estimates_in(run).get(metric)
    quantile = quantile_of(metric)
    return known if known is not None or not quantile or metric.startswith("ttfb_") else at_quantile(run, metric, quantile)
