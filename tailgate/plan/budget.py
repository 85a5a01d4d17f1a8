"""Budget: what is gated. A budget is a set of limits; a limit is one clause, such as `p99 <= 60ms`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from tailgate.errors import PlanError, nearest
from tailgate.plan.checks import check_is, check_share, shown
from tailgate.plan.profile import LONGEST_S
from tailgate.units import format_ms, format_percent, fraction, seconds

_CLAUSE = re.compile(r"\s*([A-Za-z][A-Za-z0-9_.]*)\s*(<=|>=|==|<|>|=)\s*(.*?)\s*")
_PERCENTILE = re.compile(r"p([0-9]{1,2}(?:\.[0-9]{1,4})?)")

_SMALLEST_SHARE = 1e-7
"""Decided by 30 million requests, which a load can just hold."""

SHARES = {"error_rate": "share of requests that failed, were not answered, or were answered wrongly"}
"""Metrics that are a share of the requests; the others are percentiles of the response time."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One clause of a budget.

    bound: seconds for a percentile, a fraction for a share. source: the text as somebody wrote it.
    """

    metric: str
    op: Literal["<="]
    bound: float
    source: str

    @classmethod
    def of(cls, text: str) -> Limit:
        """Read a clause such as `p99 <= 60ms` or `error_rate <= 0.5%`. Raises PlanError."""
        match = _CLAUSE.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise PlanError(f"limit {shown(text)}: write metric, <= and bound, such as 'p99 <= 60ms'")
        metric, op, bound = match.groups()
        _check_metric(metric, text)
        if op != "<=":  # before the bound is read, which may be right but for this
            raise PlanError(f"limit '{text}': '{op}' is not known; a limit is an upper bound, written '<='")
        try:
            number = fraction(bound) if metric in SHARES else seconds(bound)
        except PlanError as error:
            raise PlanError(f"limit '{text}': {error}") from None
        return cls(metric, "<=", number, text)

    def __post_init__(self) -> None:
        check_is("limit: source", self.source, str, "the text of the limit, such as 'p99 <= 60ms'")
        check_is("limit: metric", self.metric, str, "a text, such as p99")
        _check_metric(self.metric, self.source)
        where = f"limit '{self.source}'"
        if self.op != "<=":
            raise PlanError(f"{where}: {shown(self.op)} is not known; a limit is an upper bound, written '<='")
        if isinstance(self.bound, bool) or not isinstance(self.bound, int | float):
            raise PlanError(f"{where}: bound is {shown(self.bound)}; it is a number, of seconds for a percentile, a fraction for a share")
        _check_bound(self, where)

    @property
    def quantile(self) -> float | None:
        """The quantile that a percentile limit speaks of (.99 for p99), None for a share."""
        return quantile_of(self.metric)

    @property
    def allowed(self) -> float:
        """The share of requests that may exceed: 1 − q for the percentile q, the bound itself for a share."""
        quantile = self.quantile
        return self.bound if quantile is None else round(1 - quantile, 9)

    @property
    def least_requests(self) -> int:
        """How many requests it takes to decide at all: with fewer, even none that exceeds proves nothing at 95 %.

        n with (1 − allowed)ⁿ ≤ 5 %: the Clopper–Pearson upper bound at no exceedance.
        """
        return math.ceil(math.log(0.05) / math.log1p(-self.allowed))

    def format(self, value: float) -> str:
        """A value of this limit's metric as people read it."""
        return format_percent(value) if self.quantile is None else format_ms(value)


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits that a case must keep, and the bounds within which a run can be trusted at all.

    send_lag_share: send lag p99 may be at most this share of the tightest percentile bound.
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
        seen: dict[str | float, Limit] = {}
        for limit in self.limits:
            first = seen.setdefault(limit.metric if limit.quantile is None else limit.quantile, limit)
            if first is not limit:
                raise PlanError(f"budget: two limits for {limit.metric} ('{first.source}' and '{limit.source}'); keep one")

    @classmethod
    def of(cls, *limits: str) -> Budget:
        """A budget from its clauses: `Budget.of("p50 <= 60ms", "p99 <= 120ms")`. Raises PlanError."""
        return cls(tuple(Limit.of(text) for text in limits))

    @property
    def tightest_s(self) -> float | None:
        """The smallest percentile bound, seconds; None when only shares are limited."""
        return min((limit.bound for limit in self.limits if limit.quantile is not None), default=None)


def quantile_of(metric: str) -> float | None:
    """The quantile that a metric's name speaks of: .999 for p99.9; None where it is not a percentile."""
    match = _PERCENTILE.fullmatch(metric)
    return round(float(match[1]) / 100, 9) if match else None


def _check_bound(limit: Limit, where: str) -> None:
    if limit.quantile is None and not 0 < limit.bound < 1:
        raise PlanError(f"{where}: no number of requests proves 0%, and 100% always holds; choose between, such as 0.5%")
    if limit.quantile is None and limit.bound < _SMALLEST_SHARE:
        raise PlanError(f"{where}: no load that can be scheduled decides less than {_SMALLEST_SHARE:.5%}; choose a larger share")
    if not limit.bound > 0:
        raise PlanError(f"{where}: the bound of a percentile is above 0")
    if not limit.bound <= LONGEST_S:
        raise PlanError(f"{where}: no load lasts longer than a day, so this would always hold; choose a bound that can be missed")


def _check_metric(metric: str, text: str) -> None:
    quantile = quantile_of(metric)
    if metric in SHARES or (quantile is not None and quantile > 0):
        return
    if re.fullmatch(r"[pP][0-9.]+", metric):
        raise PlanError(f"limit '{text}': {metric} is no percentile; they lie between p0 and p100, such as p99 or p99.9")
    raise PlanError(f"limit '{text}': unknown metric '{metric}'{nearest(metric, ['p50', 'p90', 'p95', 'p99', 'p99.9', *SHARES])}")
