"""The gate: one limit, decided from counts. The mechanism is Clopper and Pearson's, on as many requests as they are worth.

"p99 ≤ B" holds iff the true fraction of requests above B is at most 1 %, so every limit is a question about a binomial
fraction, and no percentile has to be estimated to decide it.
"""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike
from scipy.special import betaincinv

from tailgate.analysis.counts import Counts, History, check_share, counts_of
from tailgate.analysis.dependence import LEAST_HISTORY, floor_of, spread_of
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
    that would show trouble rarer than one run is long.
    """

    outcome: Outcome
    fraction: float
    low: float
    high: float
    design_effect: float
    more_requests: int | None
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class _Evidence:
    """A fraction seen in `requests`, of which `pass_cost` and `fail_cost` are worth one independent one on each side."""

    fraction: float
    requests: float
    pass_cost: float
    fail_cost: float
    confidence: float

    def high(self, more: float = 0.0) -> float:
        """Upper bound of the fraction, had `more` requests like these been seen."""
        return upper_bound(self.fraction, (self.requests + more) / self.pass_cost, self.confidence)

    def low(self, more: float = 0.0) -> float:
        """Lower bound of the fraction, had `more` requests like these been seen."""
        return lower_bound(self.fraction, (self.requests + more) / self.fail_cost, self.confidence)

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
    ignored. PASS: the upper bound is at most `allowed`; FAIL: the lower bound is above it.
    Raises AnalysisError naming the argument.
    """
    check_share(allowed, "allowed")
    check_share(confidence, "confidence")
    counts, earlier = Counts.of(requests, exceedances), counts_of(history)
    spread, learnt = spread_of(counts), len(earlier) >= LEAST_HISTORY
    floor = floor_of(earlier, allowed) if learnt else 1.0
    cost = spread.cost(confidence)
    evidence = _Evidence(counts.fraction, counts.total, max(cost, floor), cost, confidence)
    outcome = evidence.outcome(allowed)
    return Decision(
        outcome,
        counts.fraction,
        low=evidence.low(),
        high=evidence.high(),
        design_effect=max(spread.effect, floor),
        more_requests=evidence.more_requests(allowed),
        provisional=outcome is Outcome.PASS and not learnt,
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
