"""Budget: what is gated. A budget is a set of limits; a limit is one clause, such as `p99 <= 60ms`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from tailgate.errors import PlanError
from tailgate.plan.checks import check_is, check_share, shown
from tailgate.plan.vocabulary import METRICS, Unit, check_metric, quantile_of, unit_of

_CLAUSE = re.compile(r"\s*([A-Za-z][A-Za-z0-9_.]*)\s*(<=|>=|==|<|>|=)\s*(.*?)\s*")


@dataclass(frozen=True, slots=True)
class Limit:
    """One clause of a budget.

    bound: seconds for a time, a fraction for a share, requests per second for a rate, USD for a cost. source: the text
    as somebody wrote it.
    """

    metric: str
    op: Literal["<=", ">="]
    bound: float
    source: str

    @classmethod
    def of(cls, text: str) -> Limit:
        """Read a clause such as `p99 <= 60ms`, `error_rate <= 0.5%` or `achieved_rate >= 49/s`. Raises PlanError."""
        match = _CLAUSE.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise PlanError(f"limit {shown(text)}: write metric, <= and bound, such as 'p99 <= 60ms'")
        metric, op, bound = match.groups()
        where = f"limit '{text}'"
        check_metric(metric, where)
        _check_op(metric, op, where)  # before the bound is read, which may be right but for this
        try:
            number = unit_of(metric).read(bound)
        except PlanError as error:
            raise PlanError(f"{where}: {error}") from None
        return cls(metric, ">=" if op == ">=" else "<=", number, text)

    def __post_init__(self) -> None:
        check_is("limit: source", self.source, str, "the text of the limit, such as 'p99 <= 60ms'")
        check_is("limit: metric", self.metric, str, "a text, such as p99")
        where = f"limit '{self.source}'"
        check_metric(self.metric, where)
        _check_op(self.metric, self.op, where)
        if isinstance(self.bound, bool) or not isinstance(self.bound, int | float):
            raise PlanError(f"{where}: bound is {shown(self.bound)}; it is a number, of {self.unit.inside}")
        self.unit.check(self.bound, where)

    @property
    def unit(self) -> Unit:
        """Of the metric."""
        return unit_of(self.metric)

    @property
    def at_least(self) -> bool:
        """Whether the bound is the least that may be; else it is the most."""
        return self.op == ">="

    @property
    def is_time(self) -> bool:
        """Whether a time is limited, which a late generator would spoil."""
        return self.unit.name == "time"

    @property
    def quantile(self) -> float | None:
        """The quantile that a percentile limit speaks of (.99 for p99 and ttfb_p99), None for other metrics."""
        return quantile_of(self.metric)

    @property
    def allowed(self) -> float | None:
        """The share of requests that may exceed: 1 − q for the percentile q, the bound itself for a share.

        None for a limit that no count of exceedances decides: a mean, a maximum, a rate, a cost.
        """
        if self.quantile is not None:
            return round(1 - self.quantile, 9)
        return self.bound if self.unit.name == "share" else None

    @property
    def least_requests(self) -> int:
        """How many requests it takes to decide at all: with fewer, even none that exceeds proves nothing at 95 %.

        Where counts decide, n with (1 − allowed)ⁿ ≤ 5 %: the Clopper–Pearson upper bound at no exceedance. Elsewhere what
        the metric's interval takes.
        """
        return METRICS[self.metric].least_requests if self.allowed is None else requests_for(self.allowed)

    def format(self, value: float) -> str:
        """A value of this limit's metric as people read it."""
        return self.unit.show(value)


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits that a case must keep, and the bounds within which a run can be trusted at all.

    send_lag_share: send lag p99 may be at most this share of the tightest bound of a time.
    sent_share: at least this share of the scheduled requests must have been sent.
    """

    limits: tuple[Limit, ...]
    send_lag_share: float = 0.2
    sent_share: float = 0.98

    def __post_init__(self) -> None:
        described = "a tuple of Limit; write Budget.of('p99 <= 60ms')"
        check_is("budget: limits", self.limits, tuple, described)
        for number, limit in enumerate(self.limits, 1):
            check_is(f"budget: limits, number {number},", limit, Limit, "a Limit; write Budget.of('p99 <= 60ms')")
        check_share("budget: send_lag_share", self.send_lag_share)
        check_share("budget: sent_share", self.sent_share)
        if not self.limits:
            raise PlanError("a budget without limits gates nothing: name at least one, such as 'p99 <= 60ms'")
        seen: dict[object, Limit] = {}
        for limit in self.limits:
            first = seen.setdefault(_what(limit), limit)
            if first is not limit:
                raise PlanError(f"budget: two limits for {limit.metric} ('{first.source}' and '{limit.source}'); keep one")

    @classmethod
    def of(cls, *limits: str) -> Budget:
        """A budget from its clauses: `Budget.of("p50 <= 60ms", "p99 <= 120ms")`. Raises PlanError."""
        return cls(tuple(Limit.of(text) for text in limits))

    @property
    def tightest_s(self) -> float | None:
        """The smallest bound of a time, seconds; None when no time is limited."""
        return min((limit.bound for limit in self.limits if limit.is_time), default=None)


def requests_for(allowed: float) -> int:
    """The least number of requests that proves, none exceeding, that at most the share `allowed` does, at 95 %."""
    return math.ceil(math.log(0.05) / math.log1p(-allowed))


def _what(limit: Limit) -> object:
    """What is limited: p99 and p99.0 are the same."""
    return limit.metric if limit.quantile is None else (limit.metric.startswith("ttfb"), limit.quantile)


def _check_op(metric: str, op: object, where: str) -> None:
    named = METRICS.get(metric)
    allowed = ">=" if named is not None and named.at_least else "<="
    if op != allowed:
        kind = "lower" if allowed == ">=" else "upper"
        raise PlanError(f"{where}: {_as_written(op)} is not known; a limit of {metric} is its {kind} bound, written '{allowed}'")


def _as_written(op: object) -> str:
    return f"'{op}'" if isinstance(op, str) else shown(op)
