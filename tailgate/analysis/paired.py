"""Paired: two arms in one run, arm 1 against arm 0, where a fair coin told each request's arm.

What drifts or bursts in a run hits both arms alike, so their difference is far sharper than one between runs
(compare.py). A gate asks for *non-inferiority*: that arm 1 is no worse than a margin, proved. Not having found a
difference proves nothing.

An interval speaks of the run's own requests: what they would have taken in arm 1, less what they would have taken in
arm 0. Where the arms suffer unequally from spells so rare or so long that a run has few of them, other runs differ by
more than it says (benchmarks/README.md has the figures).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike

from tailgate.analysis.arms.paired_mean import LEAST_REQUESTS, compare_mean
from tailgate.analysis.arms.paired_quantile import compare_quantile, least_requests
from tailgate.analysis.arms.two_arms import Arms
from tailgate.analysis.counts import check_share
from tailgate.analysis.looks.rhythm import check_horizon
from tailgate.analysis.looks.spending import look_levels
from tailgate.analysis.outcome import Outcome
from tailgate.errors import AnalysisError, nearest

Alternative: TypeAlias = Literal["two-sided", "greater"]

LOOKS = 10
"""How often a comparison is looked at while its load runs."""

MOST_REQUESTS = 100_000_000
"""Requests beyond which more of them are no advice."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Arm 1 against arm 0 in one run: a quantile, or the mean where `quantile` is None. Times in seconds.

    requests: how many went to arm 0 and to arm 1. first_s, second_s: the value of arm 0, of arm 1; infinite where
    failures reach into it. difference_s: by how much arm 1 is slower, NaN where both are infinite; arms are compared
    within stretches of the run, so it may differ a little from second_s − first_s. low_s, high_s: its two-sided
    interval at `confidence`, −∞ or ∞ where the requests do not bound that side. p_value: of the test that the arms are
    alike, one-sided where the alternative is "greater". least_requests: in both arms together; with fewer no
    difference is bounded.
    """

    quantile: float | None
    confidence: float
    alternative: Alternative
    requests: tuple[int, int]
    first_s: float
    second_s: float
    difference_s: float
    low_s: float
    high_s: float
    p_value: float
    least_requests: int

    def no_worse_than(self, margin_s: float) -> Outcome:
        """PASS where the interval's upper end is below the margin, FAIL where its lower end is above it.

        margin_s: by how much arm 1 may be slower, seconds. Each wrong answer has a chance of (1 − confidence)/2. Raises
        AnalysisError for a margin that is no number.
        """
        if not isinstance(margin_s, int | float | np.number) or not math.isfinite(margin_s):
            raise AnalysisError(f"margin_s is {margin_s!r}; it is a number of seconds by which arm 1 may be slower, such as 0.002")
        if self.high_s < margin_s:
            return Outcome.PASS
        return Outcome.FAIL if self.low_s > margin_s else Outcome.INCONCLUSIVE

    def requests_to_settle(self, margin_s: float) -> int | None:
        """About how many requests in both arms together settle the margin, were the difference as it is estimated.

        0 when it is settled; None when no number of use would, as the difference is at the margin. An interval shrinks
        as the root of the number of requests. Where a side is not bounded: `least_requests`, or twice as many as now.
        """
        if self.no_worse_than(margin_s) is not Outcome.INCONCLUSIVE:
            return 0
        if not (math.isfinite(self.low_s) and math.isfinite(self.high_s)):
            return max(self.least_requests, 2 * sum(self.requests)) if math.isfinite(self.difference_s) else None
        away_s = margin_s - self.difference_s
        reach_s = self.high_s - self.difference_s if away_s > 0 else self.difference_s - self.low_s
        enough = sum(self.requests) * (reach_s / away_s) ** 2 if away_s else math.inf
        return math.ceil(enough) if enough <= MOST_REQUESTS else None


@dataclass(frozen=True, slots=True)
class Interim:
    """What a comparison comes to while the load runs: FAIL means that it may stop, INCONCLUSIVE before the end that it goes on.

    after_requests: those in both arms together up to the look that decided, or the latest; 0 before the first.
    comparison: at that look, its interval at the look's own confidence; None before the first.
    """

    outcome: Outcome
    after_requests: int
    comparison: Comparison | None


def compare(
    arm: ArrayLike,
    response_s: ArrayLike,
    *,
    quantile: float | None = 0.99,
    confidence: float = 0.95,
    alternative: Alternative = "two-sided",
    due_s: ArrayLike | None = None,
) -> Comparison:
    """Compare arm 1 with arm 0, request by request in due order; all shapes (n,).

    arm: 0 or 1, told by a fair coin for each request, whatever happened to those before it. response_s: seconds,
    infinite for a request that failed. quantile: None compares the means of the answered requests. alternative:
    "greater" where only a slower arm 1 matters. due_s: when each was due; what comes in bursts is then looked for in
    blocks of 5 to 10 s, else in blocks of as many requests. Raises AnalysisError naming the argument.
    """
    if quantile is not None:
        check_share(quantile, "quantile")
    check_share(confidence, "confidence")
    if alternative not in get_args(Alternative):
        raise AnalysisError(f"alternative is {alternative!r}{nearest(str(alternative), get_args(Alternative))}")
    arms = Arms.of(arm, response_s, due_s)
    if quantile is None:
        found, least = compare_mean(arms, confidence, alternative), LEAST_REQUESTS
    else:
        found, least = compare_quantile(arms, quantile, confidence, alternative), least_requests(quantile, confidence)
    return Comparison(quantile, confidence, alternative, arms.requests, *found, least)


def sequential(
    arm: ArrayLike,
    response_s: ArrayLike,
    *,
    margin_s: float,
    most_requests: int,
    quantile: float | None = 0.99,
    confidence: float = 0.95,
    due_s: ArrayLike | None = None,
    ended: bool = False,
) -> Interim:
    """Whether arm 1 is no worse than a margin, asked while the load runs: the requests so far, of at most `most_requests`.

    Looked at after each tenth of most_requests in both arms together. Early looks spend little of the permitted error
    (spending.py), so all of them together err about as rarely as `no_worse_than`. FAIL may come at any look and stays,
    whatever follows it; PASS comes at the end only, for a beginning without bad spells says nothing of those that
    follow. ended: no request will follow, so the last look is due now and gets all that is left. Requests beyond
    most_requests are not looked at. Other arguments and errors as of `compare`.
    """
    check_horizon(None, most_requests)
    check_share(confidence, "confidence")
    if not (ended or _both_sides_seen(arm)):
        return Interim(Outcome.INCONCLUSIVE, 0, None)
    arms = Arms.of(arm, response_s, due_s)
    compared_first = partial(_beginning, arm, response_s, due_s, quantile)
    alpha, seen = (1 - confidence) / 2, min(len(arms.second), most_requests)
    whole = compared_first(seen, alpha)
    passed, at_end = whole.no_worse_than(margin_s) is Outcome.PASS, ended or seen == most_requests
    looks = _looks(seen, most_requests, ended)
    levels = look_levels(looks, most_requests, alpha, at_end) if looks else ()
    interim = Interim(Outcome.INCONCLUSIVE, 0, None)
    for look, level in zip(looks, levels, strict=True):
        if not 0 < arms.second[:look].sum() < look:
            continue  # only one arm so far
        compared = compared_first(look, level)
        if compared.no_worse_than(margin_s) is Outcome.FAIL:
            return Interim(Outcome.FAIL, look, compared)
        interim = Interim(Outcome.INCONCLUSIVE, look, compared)
    return Interim(Outcome.PASS, seen, whole) if at_end and passed else interim


def _both_sides_seen(arm: ArrayLike) -> bool:
    """Whether the coin has shown both its sides yet; true of what is no column of labels, for Arms to say what is wrong with it."""
    try:
        return len(np.unique(np.asarray(arm, dtype=np.float64))) > 1
    except (TypeError, ValueError):
        return True


def _looks(seen: int, most_requests: int, ended: bool) -> tuple[int, ...]:
    """After how many of the requests seen so far there was a look."""
    looks = [math.ceil(most_requests * part / LOOKS) for part in range(1, LOOKS + 1)]
    return tuple(sorted({look for look in looks if look <= seen} | ({seen} if ended else set())))


def _beginning(
    arm: ArrayLike, response_s: ArrayLike, due_s: ArrayLike | None, quantile: float | None, requests: int, level: float
) -> Comparison:
    """The first requests compared, each end of the interval at a level of its own."""
    due = None if due_s is None else np.asarray(due_s)[:requests]
    return compare(np.asarray(arm)[:requests], np.asarray(response_s)[:requests], quantile=quantile, confidence=1 - 2 * level, due_s=due)
