"""Early: a run that is looked at while it goes on, and ends as soon as its verdict is clear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tailgate.analysis.counts import History
from tailgate.analysis.gate import Decision
from tailgate.analysis.limits import CONFIDENCE
from tailgate.analysis.looks.looked import Looked, decide_seen
from tailgate.analysis.looks.rhythm import USUAL, Rhythm, look_seconds
from tailgate.analysis.looks.spending import root_finder
from tailgate.analysis.metrics import metric_of
from tailgate.analysis.outcome import Outcome
from tailgate.exceedances import Counted
from tailgate.plan.budget import Budget, Limit


@dataclass(slots=True)
class _Seen:
    """What the seconds of one limit came to so far, and the look at them that was taken last."""

    allowed: float
    history: History | None
    requests: list[int] = field(default_factory=list)
    exceedances: list[int] = field(default_factory=list)
    look: int = 0

    def at(self, look: int, looked: Looked) -> Decision:
        seen = self.requests[:look], self.exceedances[:look]
        return decide_seen(*seen, looked, allowed=self.allowed, confidence=CONFIDENCE, history=self.history)


class Early:
    """One run's counts as they come. rhythm: when it is looked at; None for at its end only.

    longest_s: how long its judged part may become. history: by a limit's source, the counts per second of earlier runs.
    """

    def __init__(self, budget: Budget, longest_s: float, rhythm: Rhythm | None, history: Mapping[str, History]) -> None:
        self._seen = [_Seen(allowed, history.get(limit.source)) for limit in budget.limits for _, allowed in _counted(limit)]
        self._looks = look_seconds(longest_s, rhythm)[:-1] if rhythm is not None and self._seen else ()
        self._looked = Looked(longest_s, rhythm or USUAL)
        self._may_pass = len(self._seen) == len(budget.limits)
        self._passing = 0
        if self._looks:
            root_finder()  # now, and not while the load runs

    def enough(self, settled: Sequence[tuple[list[int], list[int]]]) -> float | None:
        """How many judged seconds were enough to settle the verdict; None while they are not.

        settled: for each of `counted_in`, requests and exceedances in the seconds that follow those told before. One limit
        that fails is enough. To pass all have to, at one look, and each has to be one that counts decide. Raises AnalysisError.
        """
        for seen, (requests, exceedances) in zip(self._seen, settled, strict=True):
            seen.requests += requests
            seen.exceedances += exceedances
        for seen in self._seen:
            look = max((look for look in self._looks if look <= len(seen.requests)), default=0)
            if look > seen.look:
                seen.look, decision = look, seen.at(look, self._looked)
                if decision.outcome is Outcome.FAIL:
                    return decision.after_s
        return self._passed() if self._may_pass and self._looks else None

    def _passed(self) -> int | None:
        """The latest look that all limits have had, where all pass at it, and it is a new one."""
        common = min(seen.look for seen in self._seen)
        new, self._passing = common > self._passing, common
        return common if new and all(seen.at(common, self._looked).outcome is Outcome.PASS for seen in self._seen) else None


def counted_in(budget: Budget) -> tuple[Counted, ...]:
    """What of each request decides the limits that counts decide, as it can be told while the load runs, in the budget's order."""
    return tuple(counted for limit in budget.limits for counted, _ in _counted(limit))


def _counted(limit: Limit) -> Iterator[tuple[Counted, float]]:
    """What is counted for a limit, and the share that may exceed; nothing for one that counts do not decide."""
    counted = metric_of(limit.metric).counted
    if counted is not None and limit.allowed is not None:
        yield counted(limit.bound), limit.allowed
