"""Before and after: one metric of a case, measured by one run or several on either side, from what is recorded of each run.

Times, rates and costs are compared as ratios, shares of requests as differences. What is not known within a run stands in its
recorded interval, which allows for dependence between requests; how much runs of the same thing differ is seen between several
runs of a side, and with one run a side it is not seen at all: then the spread that is typical of runs stands for it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from scipy.special import ndtri, stdtrit

from tailgate.analysis.changes.change_points import PRIOR_FREEDOM, TYPICAL_SPREAD
from tailgate.analysis.history import LEAST_EFFECT
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.quantiles import LEVEL, Estimate
from tailgate.errors import AnalysisError
from tailgate.plan.vocabulary import METRICS, SHARE, unit_of

LEAST_SHARE = 0.005
"""The change of a share of requests that matters, where nobody says otherwise: half a percentage point."""

MOST_RUNS = 50
"""Runs a side beyond which more of them are no advice."""

_ENOUGH = 8
"""Degrees of freedom, as of five runs a side, with which the spread between runs is known without what runs know of themselves."""

_UNBOUNDED = "too few requests, or too many failures among them, to bound it"

_Z = float(ndtri(LEVEL))


@dataclass(frozen=True, slots=True)
class Margins:
    """What matters, and what is taken for granted.

    least_effect: of a time, rate or cost, as a share of it. least_share: of a share of requests, in such. typical_spread: standard
    deviation of the logarithm between runs as it is expected before any is seen. Raises AnalysisError naming the field.
    """

    least_effect: float = LEAST_EFFECT
    least_share: float = LEAST_SHARE
    typical_spread: float = TYPICAL_SPREAD

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
                raise AnalysisError(f"{name} is {value!r}; it is a share from 0 up, such as 0.03")


USUAL = Margins()


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """One metric on both sides, in the metric's own unit; of several runs the geometric mean, of shares the mean.

    before, after: infinite where failures reach into all runs of the side, None where none of its runs tells. difference:
    after − before, None where that is no number. low, high: its two-sided 95 % interval, None where the runs do not bound that
    end. relative, relative_low, relative_high: the same as a share of `before`, None for shares of requests. outcome: PASS where
    the interval proves it no worse by as much as matters, FAIL where it proves it worse by more, else INCONCLUSIVE. better:
    proved better by as much. why: of an undecided one. runs_to_settle: about so many runs a side would, None where no use can be.
    """

    metric: str
    before: float | None
    after: float | None
    difference: float | None
    low: float | None
    high: float | None
    relative: float | None
    relative_low: float | None
    relative_high: float | None
    outcome: Outcome
    better: bool = False
    why: str | None = None
    runs_to_settle: int | None = None


def before_after(metric: str, before: Sequence[Estimate], after: Sequence[Estimate], margins: Margins = USUAL) -> BeforeAfter:
    """Compare the estimates of a metric, one of each run, in any order. Pure.

    Method, of times: the difference of the sides' mean logarithms, and Student's t; for each end of the interval the variance of a run is
    that of the deviations within both sides, shrunk towards the typical one, which is the typical spread and what runs do not know of
    themselves (5 degrees of freedom: Gelman et al., Bayesian Data Analysis, 2013, §2.6); where some do not bound that end, it is what
    is seen between five runs a side, and infinite with fewer. Medians would be no better: where each run has a spell or none, so that
    its tail is long or short, the median of five jumps from one to the other, and normal theory knows nothing of that. Of shares: the
    difference of means, by the ends of each side's own interval (Newcombe, Statistics in Medicine 17, 1998, method 10), or by the
    spread between runs where that is more.
    """
    if not before or not after:
        return _untold(
            metric, _value(before), _value(after), "the runs before do not tell it" if not before else "the runs after do not tell it"
        )
    if unit_of(metric) is SHARE:
        return _shares(metric, before, after, margins)
    return _ratios(metric, before, after, margins)


class _Side(NamedTuple):
    """Logarithms of one side. squares: of the deviations from their mean. down, up: variance of what a run's ends do not know, mean."""

    runs: int
    mean: float
    squares: float
    down: float
    up: float


def _ratios(metric: str, before: Sequence[Estimate], after: Sequence[Estimate], margins: Margins) -> BeforeAfter:
    ends = _value(before), _value(after)
    reached = [sum(not 0 < one.value < math.inf for one in side) for side in (before, after)]
    if any(reached):
        return _failures(metric, ends, (len(before), len(after)), (reached[0], reached[1]))
    first, second = _side(before), _side(after)
    point = second.mean - first.mean
    low, high = (point + sign * _half(first, second, margins, up=sign > 0) for sign in (-1, 1))
    margin, lower_is_worse = math.log1p(margins.least_effect), metric in METRICS and METRICS[metric].at_least
    outcome, better = _decided(-high if lower_is_worse else low, -low if lower_is_worse else high, margin)
    base = math.exp(first.mean)
    undecided = outcome is Outcome.INCONCLUSIVE
    bounded = math.isfinite(high) and math.isfinite(low)
    worse_by = -point if lower_is_worse else point
    return BeforeAfter(
        metric,
        *ends,
        difference=base * _grown(point),
        low=_finite(base * _grown(low)),
        high=_finite(base * _grown(high)),
        relative=_grown(point),
        relative_low=_finite(_grown(low)),
        relative_high=_finite(_grown(high)),
        outcome=outcome,
        better=better,
        why=_UNBOUNDED if undecided and not bounded else None,
        runs_to_settle=_runs_to_settle(first, second, margins, abs(margin - worse_by)) if undecided and bounded else None,
    )


def _side(estimates: Sequence[Estimate]) -> _Side:
    logs = [math.log(one.value) for one in estimates]
    mean = statistics.fmean(logs)
    down, up = (statistics.fmean(_unknown(one, end) for one in estimates) for end in ("low", "high"))
    return _Side(len(logs), mean, sum((one - mean) ** 2 for one in logs), down, up)


def _unknown(estimate: Estimate, end: str) -> float:
    """The variance that an end of an estimate's interval tells of, infinite where it is not bounded."""
    bound: float | None = getattr(estimate, end)
    if bound is None or not 0 < bound < math.inf:
        return math.inf
    return (math.log(bound / estimate.value) / _Z) ** 2


def _half(first: _Side, second: _Side, margins: Margins, *, up: bool, runs: int | None = None) -> float:
    """How far an end of the interval lies from the difference; with so many runs a side, where that is asked."""
    seen, squares = first.runs + second.runs - 2, first.squares + second.squares
    within = (first.down, second.up) if up else (first.up, second.down)
    prior = 0 if math.inf in within else PRIOR_FREEDOM
    if not prior and seen < _ENOUGH:
        return math.inf
    variance = sum(
        (squares + (prior * (margins.typical_spread**2 + own) if prior else 0.0)) / (seen + prior) / (runs or side.runs)
        for side, own in zip((first, second), within, strict=True)
    )
    freedom = (seen if runs is None else 2 * runs - 2) + prior
    return float(stdtrit(freedom, LEVEL)) * math.sqrt(variance)


def _runs_to_settle(first: _Side, second: _Side, margins: Margins, away: float) -> int | None:
    more = range(max(first.runs, second.runs) + 1, MOST_RUNS + 1)
    return next((runs for runs in more if max(_half(first, second, margins, up=up, runs=runs) for up in (False, True)) < away), None)


def _shares(metric: str, before: Sequence[Estimate], after: Sequence[Estimate], margins: Margins) -> BeforeAfter:
    values = [[one.value for one in side] for side in (before, after)]
    first, second = (statistics.fmean(side) for side in values)
    freedom = len(before) + len(after) - 2
    squares = sum((one - mean) ** 2 for side, mean in zip(values, (first, second), strict=True) for one in side)
    between = float(stdtrit(freedom, LEVEL)) * math.sqrt(squares / freedom) if freedom else 0.0
    down, up = ([_reach(side, end, between) for side in (before, after)] for end in ("low", "high"))
    point = second - first
    low, high = point - math.hypot(down[1], up[0]), point + math.hypot(up[1], down[0])
    outcome, better = _decided(low, high, margins.least_share)
    why = _UNBOUNDED if outcome is Outcome.INCONCLUSIVE and not math.isfinite(high - low) else None
    return BeforeAfter(metric, first, second, point, _finite(low), _finite(high), None, None, None, outcome, better, why)


def _reach(side: Sequence[Estimate], end: str, between: float) -> float:
    """How far the mean of a side's shares may be from the true one, by its runs' own ends or by what they differ."""
    own = [math.inf if (bound := getattr(one, end)) is None else abs(bound - one.value) for one in side]
    return max(math.hypot(*own) / len(side), between / math.sqrt(len(side)))


def _decided(low: float, high: float, margin: float) -> tuple[Outcome, bool]:
    """What an interval proves, where up is worse; and whether it proves it better."""
    if low > margin:
        return Outcome.FAIL, False
    return (Outcome.PASS, high < -margin) if high < margin else (Outcome.INCONCLUSIVE, False)


def _failures(metric: str, ends: tuple[float | None, float | None], runs: tuple[int, int], reached: tuple[int, int]) -> BeforeAfter:
    """Where failures reach into the metric: in all runs of one side they decide, else nothing does."""
    (before, after), (first, second) = ends, (reached[0] == runs[0], reached[1] == runs[1])
    if first != second and not (reached[0] if second else reached[1]) and before is not None and after is not None:
        outcome = Outcome.FAIL if after > before else Outcome.PASS
        return BeforeAfter(metric, before, after, after - before, None, None, None, None, None, outcome, better=outcome is Outcome.PASS)
    where = " and ".join(f"{count} of {of} {side}" for count, of, side in zip(reached, runs, ("before", "after"), strict=True) if count)
    return _untold(metric, before, after, f"failures reach into it in {where}")


def _untold(metric: str, before: float | None, after: float | None, why: str) -> BeforeAfter:
    return BeforeAfter(metric, before, after, None, None, None, None, None, None, Outcome.INCONCLUSIVE, why=why)


def _value(side: Sequence[Estimate]) -> float | None:
    if not side:
        return None
    values = [one.value for one in side]
    logs = [math.log(value) for value in values if 0 < value < math.inf]
    return math.exp(statistics.fmean(logs)) if len(logs) == len(values) else statistics.median_high(values)


def _grown(log: float) -> float:
    """What a logarithm makes of one, less one."""
    return math.expm1(log) if log < 700 else math.inf  # beyond which a float has no room


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
