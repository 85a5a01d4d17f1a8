"""The gate: one limit, decided from counts. The mechanism is Clopper and Pearson's, on as many requests as they are worth.

"p99 ≤ B" holds iff the true fraction of requests above B is at most 1 %, so every limit is a question about a binomial
fraction, and no percentile has to be estimated to decide it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from numpy.typing import ArrayLike
from scipy.special import betaincinv

from tailgate.analysis.counts import Counts, History, check_share, counts_of
from tailgate.analysis.dependence import INDEPENDENT, Lesson, Spread, lesson_of, spread_of
from tailgate.analysis.looks.rhythm import USUAL, Look, Rhythm, check_horizon, deciding_look, looks_by_time
from tailgate.analysis.outcome import Outcome

MOST_MORE = 10_000_000
"""Requests beyond which more of them are no advice."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the counts say of one limit.

    fraction: exceedances per request, 0 when there were none at all. low, high: one-sided bounds of the true fraction,
    each at the asked confidence. design_effect: requests that are worth one independent request, as measured in the
    run or as its history teaches, whichever is larger. more_requests: about how many more requests like these would
    settle it; 0 when it is settled, None when no number that is of use would. provisional: a PASS without the history
    that would show trouble rarer than one run is long. after_s: of a run that is looked at while it goes, the seconds up
    to the look that this is the outcome of, 0 before the first; None where all was judged at once.
    """

    outcome: Outcome
    fraction: float
    low: float
    high: float
    design_effect: float
    more_requests: int | None
    provisional: bool = False
    after_s: int | None = None


@dataclass(frozen=True, slots=True)
class _Evidence:
    """A fraction seen in `requests`, of which `cost` are worth one independent one; that and the level for each side."""

    fraction: float
    requests: float
    effect: float
    pass_cost: float
    pass_confidence: float
    fail_cost: float
    fail_confidence: float

    def high(self, more: float = 0.0) -> float:
        """Upper bound of the fraction, had `more` requests like these been seen."""
        return upper_bound(self.fraction, (self.requests + more) / self.pass_cost, self.pass_confidence)

    def low(self, more: float = 0.0) -> float:
        """Lower bound of the fraction, had `more` requests like these been seen."""
        return lower_bound(self.fraction, (self.requests + more) / self.fail_cost, self.fail_confidence)

    def outcome(self, allowed: float, more: float = 0.0) -> Outcome:
        """The outcome, had `more` requests like these been seen."""
        if self.high(more) <= allowed:
            return Outcome.PASS
        return Outcome.FAIL if self.low(more) > allowed else Outcome.INCONCLUSIVE

    def more_requests(self, allowed: float) -> int | None:
        """The least number of further requests like these that settles it, by bisection; None above MOST_MORE."""
        short, enough = -1, MOST_MORE
        if self.outcome(allowed, enough) is Outcome.INCONCLUSIVE:
            return None
        while enough - short > 1:
            middle = (short + enough) // 2
            if self.outcome(allowed, middle) is Outcome.INCONCLUSIVE:
                short = middle
            else:
                enough = middle
        return enough


def decide(
    requests: ArrayLike, exceedances: ArrayLike, *, allowed: float, confidence: float = 0.95, history: History | None = None
) -> Decision:
    """Decide whether at most the share `allowed` of requests exceeds, from one run's counts.

    requests, exceedances: whole numbers per second, shapes (seconds,). history: earlier runs of the same case against
    the same bound; it makes a PASS harder to get, never a FAIL easier, and fewer than 5 runs with requests are
    ignored. A PASS is provisional unless those runs were together twice as long as this one. PASS: the upper bound is at
    most `allowed`; FAIL: the lower bound is above it.
    Raises AnalysisError naming the argument.
    """
    check_share(allowed, "allowed")
    check_share(confidence, "confidence")
    counts = Counts.of(requests, exceedances)
    seconds = len(counts.requests)
    lesson = lesson_of(counts_of(history), allowed, seconds)
    evidence = _evidence(counts, spread_of(counts), Look(seconds, 1 - confidence, 1 - confidence), lesson.floor)
    return _decision(evidence, allowed, provisional=not lesson.enough)


def sequential(
    requests: ArrayLike,
    exceedances: ArrayLike,
    *,
    allowed: float,
    longest_s: float | None = None,
    most_requests: int | None = None,
    confidence: float = 0.95,
    history: History | None = None,
    ended: bool = False,
    rhythm: Rhythm = USUAL,
) -> Decision:
    """Decide as `decide` does, but while the run goes on: PASS and FAIL mean that it may stop, INCONCLUSIVE that it goes on.

    requests, exceedances: those of all whole seconds so far, shapes (seconds,). A run of at most longest_s is looked at
    after each 30 s from 60 s on and at its end (a shorter one at its end only), and at the planned end INCONCLUSIVE is
    final. Early looks spend little of the permitted error (`tailgate.analysis.looks.spending`), so all of them together err
    as rarely as `decide`. FAIL may come at any look, PASS before the end only with 5 earlier runs that were together
    twice as long. ended: no second will follow, so the last look is due now, and gets all that is left. Seconds after
    the planned end are not looked at. rhythm: other times for the looks than these.

    most_requests instead of longest_s: for requests that are known to be independent. An exact test of at most so many,
    looked at after each hundredth of them, on both sides, with no need of a history (`tailgate.analysis.looks.binomial_looks`).

    The outcome is that of the first look that decides, whatever follows it; so it may be asked each second or once at
    the end, and the answer is the same. low and high are bounds at that look's level: with all looks together they
    miss the true fraction as rarely as `confidence` says. after_s is the time of the look. Raises AnalysisError.
    """
    check_share(allowed, "allowed")
    check_share(confidence, "confidence")
    counts, earlier, alpha = Counts.of(requests, exceedances), counts_of(history), 1 - confidence
    check_horizon(longest_s, most_requests)
    if longest_s is None:
        look = deciding_look(counts, int(most_requests or 0), allowed, alpha, ended=ended)
        return _first(counts, look, allowed, INDEPENDENT, Lesson(1.0, enough=True))
    lesson = lesson_of(earlier, allowed, longest_s)
    looks = looks_by_time(counts, longest_s, alpha, pass_early=lesson.enough, ended=ended, rhythm=rhythm)
    return _first(counts, looks, allowed, None, lesson)


def _first(counts: Counts, looks: Sequence[Look], allowed: float, spread: Spread | None, lesson: Lesson) -> Decision:
    """The decision of the first look that has one, else of the latest; before the first look nothing is known.

    spread: where it is known beforehand; None: as each look measures it.
    """
    evidence, outcome = None, Outcome.INCONCLUSIVE
    for look in looks:
        seen = counts.until(look.seconds)
        evidence = _evidence(seen, spread or spread_of(seen), look, lesson.floor)
        outcome = evidence.outcome(allowed)
        if outcome is Outcome.FAIL or (outcome is Outcome.PASS and look.may_pass):
            break
    if evidence is None:
        return Decision(Outcome.INCONCLUSIVE, counts.fraction, 0.0, 1.0, 1.0, None, after_s=0)
    decision = _decision(evidence, allowed, provisional=not lesson.enough)
    if outcome is Outcome.PASS and not look.may_pass:
        decision = replace(decision, outcome=Outcome.INCONCLUSIVE, more_requests=None, provisional=False)
    return replace(decision, after_s=look.seconds)


def _evidence(counts: Counts, spread: Spread, look: Look, floor: float) -> _Evidence:
    pass_cost, fail_cost = (spread.cost(1 - level) if level else spread.effect for level in (look.pass_level, look.fail_level))
    return _Evidence(
        counts.fraction,
        counts.total,
        effect=max(spread.effect, floor),
        pass_cost=max(pass_cost, floor),
        pass_confidence=1 - look.pass_level,
        fail_cost=fail_cost,
        fail_confidence=1 - look.fail_level,
    )


def _decision(evidence: _Evidence, allowed: float, *, provisional: bool) -> Decision:
    outcome = evidence.outcome(allowed)
    return Decision(
        outcome,
        evidence.fraction,
        low=evidence.low(),
        high=evidence.high(),
        design_effect=evidence.effect,
        more_requests=evidence.more_requests(allowed),
        provisional=provisional and outcome is Outcome.PASS,
    )


def design_effect(requests: ArrayLike, exceedances: ArrayLike) -> float:
    """Requests that are worth one independent request in a run with these counts per second, at least 1.

    1 where nothing can be seen: no exceedance, nothing else, or fewer than ten seconds. Raises AnalysisError.
    """
    return spread_of(Counts.of(requests, exceedances)).effect


def upper_bound(fraction: float, size: float, confidence: float) -> float:
    """One-sided upper bound of a binomial fraction seen in `size` requests, which need not be whole.

    Clopper & Pearson (Biometrika 26, 1934), with fractional counts as Korn & Graubard (1998). Never below the fraction.
    """
    rest = size * (1 - fraction)
    return max(fraction, float(betaincinv(size * fraction + 1, rest, confidence))) if rest > 0 else 1.0


def lower_bound(fraction: float, size: float, confidence: float) -> float:
    """One-sided lower bound, the mirror image of `upper_bound`."""
    return min(fraction, 1 - upper_bound(1 - fraction, size, confidence))
