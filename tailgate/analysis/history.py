"""A run against its history: is the newest run slower than its predecessors vary, and by more than matters?

Between runs, the logarithm of a percentile varies by some per cent, and more on shared hosts: that noise, not the
interval within one run, is what a newest run has to be held against.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from tailgate.analysis.changes.change_points import PRIOR_FREEDOM, TYPICAL_SPREAD, last_change, spread_about
from tailgate.analysis.dependence import LEAST_HISTORY
from tailgate.analysis.outcome import Outcome
from tailgate.errors import AnalysisError

LEAST_EFFECT = 0.03
"""The change that matters, where nobody says otherwise: 3 %."""

_LEVEL = 0.05
_NO_ROOM = 700
"""A logarithm beyond which a float has no room."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a run's history says of it.

    outcome: FAIL for a regression, that is one beyond the bound and beyond the effect, twice; PASS where none was
    found; INCONCLUSIVE with fewer than 5 earlier runs, and, then `repeat` is true, while the independent repeat is
    awaited that would confirm one. expected_s: median of the runs that count, None without any. bound_s: what a run
    like them stays below, with a chance of 95 %, and at least the effect above expected_s; None with fewer than 5.
    relative: the newest run's change from expected_s, 0.1 for a tenth slower, infinite where it is; of the repeat,
    `repeat_relative`. runs: how many earlier runs counted: those from index `since` on, where the level last changed.
    already: how many of the latest of them lay beyond the bound themselves, so that the change began with those.
    """

    outcome: Outcome
    expected_s: float | None
    bound_s: float | None
    relative: float | None
    repeat_relative: float | None
    runs: int
    since: int
    already: int = 0
    repeat: bool = False


def judge(
    previous: Sequence[float],
    newest: float,
    retry: float | None = None,
    *,
    least_effect: float = LEAST_EFFECT,
    typical_spread: float = TYPICAL_SPREAD,
) -> Change:
    """Judge one time of the newest run, such as its p99 in seconds, by those of earlier runs in the order of time.

    retry: the same of an independent repeat, which has to confirm a regression. newest and retry may be infinite, which
    is beyond any bound. least_effect: the share by which it has to be slower to matter. typical_spread: standard
    deviation of the logarithm between runs as it is expected before any is seen: more than 3 % where the runs are so
    short that each is known less well than that. Method: the segment since the last change point, its median and a
    shrunk median absolute deviation on the log scale, and the one-sided 95 % prediction bound for one further run (Hahn
    & Meeker, Statistical Intervals, 1991, §4.8) at as many degrees of freedom as the spread has. Raises AnalysisError
    naming the argument.
    """
    _check_number(least_effect, "least_effect", "the share that matters, from 0 up, such as 0.03", least=0.0)
    _check_number(typical_spread, "typical_spread", "a standard deviation of logarithms, such as 0.03", least=1e-6)
    logs = np.log(_times(previous))
    measured = _measured(newest, "newest")
    repeated = None if retry is None else _measured(retry, "retry")
    since = last_change(logs, typical_spread)
    segment = logs[since:]
    centre = float(np.median(segment)) if len(segment) else None
    bound = _bound(segment, centre, least_effect, typical_spread) if centre is not None and len(logs) >= LEAST_HISTORY else None
    return Change(
        _outcome(bound, measured, repeated),
        expected_s=None if centre is None else math.exp(centre),
        bound_s=None if bound is None else math.exp(bound) if bound < _NO_ROOM else math.inf,
        relative=_relative(measured, centre),
        repeat_relative=_relative(repeated, centre),
        runs=len(segment),
        since=since,
        already=0 if bound is None else _latest_beyond(segment, bound),
        repeat=bound is not None and measured > bound and repeated is None,
    )


def _bound(segment: NDArray[np.float64], centre: float, least_effect: float, typical_spread: float) -> float:
    """What a further run exceeds with a chance of 5 %, or the least effect if that is more, as a logarithm."""
    freedom = len(segment) - 1 + PRIOR_FREEDOM
    noise = float(stdtrit(freedom, 1 - _LEVEL)) * spread_about(segment, centre, typical_spread) * math.sqrt(1 + 1 / len(segment))
    return centre + max(noise, math.log1p(least_effect))


def _check_number(value: object, name: str, what: str, least: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < math.inf:
        raise AnalysisError(f"{name} is {value!r}; it is {what}")


def _outcome(bound: float | None, newest: float, retry: float | None) -> Outcome:
    if bound is None:
        return Outcome.INCONCLUSIVE
    if newest <= bound:
        return Outcome.PASS
    if retry is None:
        return Outcome.INCONCLUSIVE
    return Outcome.FAIL if retry > bound else Outcome.PASS


def _latest_beyond(segment: NDArray[np.float64], bound: float) -> int:
    within = np.flatnonzero(segment <= bound)
    return len(segment) - 1 - int(within[-1]) if len(within) else len(segment)


def _relative(log_s: float | None, centre: float | None) -> float | None:
    return None if log_s is None or centre is None else _grown(log_s - centre)


def _grown(log: float) -> float:
    return math.expm1(log) if log < _NO_ROOM else math.inf


def _times(previous: Sequence[float]) -> NDArray[np.float64]:
    try:
        times = np.asarray(previous, dtype=np.float64)
    except (TypeError, ValueError):
        raise AnalysisError("previous is not a sequence of times, one per earlier run") from None
    if times.ndim != 1:
        raise AnalysisError(f"previous has {times.ndim} dimensions; it is one sequence of times, one per earlier run")
    wrong = np.flatnonzero(~(np.isfinite(times) & (times > 0)))
    if len(wrong):
        raise AnalysisError(f"previous[{wrong[0]}] is {times[wrong[0]]:g}; a time is finite and above 0: leave such a run out")
    return times


def _measured(value: float, name: str) -> float:
    """Its logarithm. Raises AnalysisError."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating | np.integer) or math.isnan(value) or value <= 0:
        raise AnalysisError(f"{name} is {value!r}; it is a time above 0, infinite where requests failed")
    return math.log(value) if math.isfinite(value) else math.inf
