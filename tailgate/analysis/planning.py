"""Planning: how many requests each limit of what is planned takes to be decided, and how long its load takes for that. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tailgate.analysis.arms.paired_mean import LEAST_REQUESTS
from tailgate.analysis.arms.paired_quantile import least_requests
from tailgate.analysis.gate import MOST_MORE, upper_bound
from tailgate.analysis.limits import CONFIDENCE
from tailgate.plan.budget import Limit
from tailgate.plan.case import Case
from tailgate.plan.enough import held
from tailgate.plan.load import Load
from tailgate.plan.pair import MEAN, Pair, arm_cases
from tailgate.plan.vocabulary import quantile_of

HALF = 0.5
"""Of what is allowed: a limit that is kept with so much room is worth a PASS."""

_SEED = 1
"""Of the coin that divides a pair's load: as good as any to say how many requests each arm gets."""


@dataclass(frozen=True, slots=True)
class Need:
    """One limit's. least: requests below which it cannot be decided. at_half: those that it takes to PASS where half of what is
    allowed exceeds, each request by itself; None where no count decides, or more would be of no use.
    """

    limit: str
    least: int
    at_half: int | None


@dataclass(frozen=True, slots=True)
class Planned:
    """One case, or one arm of a pair. requests: in the judged part, None in a closed loop. takes_s: its load, warm-up included;
    None for an arm, which is part of its pair's.
    """

    name: str
    load: Load
    requests: float | None
    takes_s: float | None
    needs: tuple[Need, ...]

    @property
    def per_s(self) -> float | None:
        """Requests per second of the judged part, silences included; None in a closed loop."""
        return None if self.requests is None else self.requests / self.load.for_s


def planned(asked: Case | Pair) -> Iterator[Planned]:
    """A case; or of a pair what is compared, and each arm with its part of the load. Raises PlanError where an arm has too little."""
    if isinstance(asked, Case):
        yield _case(asked, takes_s=_takes_s(asked.load))
        return
    load = asked.first.load
    margins = tuple(_margin(metric, margin) for metric, margin in asked.no_worse_than.items())
    yield Planned(asked.id, load, held(load), _takes_s(load), margins)
    yield from (_case(case, takes_s=None) for case in arm_cases(*asked.cases, _SEED))


def requests_at(allowed: float, share: float = HALF) -> int | None:
    """The least number of independent requests that PASS where `share` of the allowed exceeds; None above MOST_MORE.

    With that many, the Clopper–Pearson upper bound of such a fraction is at most `allowed`; by bisection.
    """
    short, enough = 0, MOST_MORE
    if upper_bound(allowed * share, enough, CONFIDENCE) > allowed:
        return None
    while enough - short > 1:
        middle = (short + enough) // 2
        if upper_bound(allowed * share, middle, CONFIDENCE) > allowed:
            short = middle
        else:
            enough = middle
    return enough


def _case(case: Case, *, takes_s: float | None) -> Planned:
    return Planned(case.id, case.load, held(case.load), takes_s, tuple(_need(limit) for limit in case.budget.limits))


def _need(limit: Limit) -> Need:
    written = f"{limit.metric} {limit.op} {limit.format(limit.bound)}"
    return Need(written, limit.least_requests, None if limit.allowed is None else requests_at(limit.allowed))


def _margin(metric: str, margin: str) -> Need:
    quantile = None if metric == MEAN else quantile_of(metric)
    least = LEAST_REQUESTS if quantile is None else least_requests(quantile, CONFIDENCE)
    return Need(f"{metric} no worse than + {margin}", least, None)


def _takes_s(load: Load) -> float:
    return load.warmup_s + load.for_s
