"""Budget: what is gated. A budget is a set of limits; a limit is one clause, such as `p99 <= 60ms`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from tailgate.errors import PlanError, nearest
from tailgate.units import format_ms, format_percent, fraction, seconds

_CLAUSE = re.compile(r"\s*([A-Za-z][A-Za-z0-9_.]*)\s*(<=|>=|==|<|>|=)\s*(.*?)\s*")
_PERCENTILE = re.compile(r"p([0-9]{1,2}(?:\.[0-9]{1,4})?)")

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
            raise PlanError(f"limit {text!r}: write metric, <= and bound, such as 'p99 <= 60ms'")
        metric, op, bound = match.groups()
        _check_metric(metric, text)
        if op != "<=":
            raise PlanError(f"limit '{text}': '{op}' is not known; a limit is an upper bound, written '<='")
        try:
            number = fraction(bound) if metric in SHARES else seconds(bound)
        except PlanError as error:
            raise PlanError(f"limit '{text}': {error}") from None
        if metric in SHARES and not 0 < number < 1:
            raise PlanError(f"limit '{text}': no number of requests proves 0%, and 100% always holds; choose between, such as 0.5%")
        if number <= 0:
            raise PlanError(f"limit '{text}': the bound of a percentile is above 0")
        return cls(metric, "<=", number, text)

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
        if not self.limits:
            raise PlanError("a budget without limits gates nothing: name at least one, such as 'p99 <= 60ms'")
        seen: set[str] = set()
        for limit in self.limits:
            if limit.metric in seen:
                raise PlanError(f"budget: two limits for {limit.metric} ('{limit.source}'); keep one")
            seen.add(limit.metric)

    @classmethod
    def of(cls, *limits: str) -> Budget:
        """A budget from its clauses: `Budget.of("p50 <= 60ms", "p99 <= 120ms")`. Raises PlanError."""
        return cls(tuple(Limit.of(text) for text in limits))

    @property
    def tightest_s(self) -> float | None:
        """The smallest percentile bound, seconds; None when only shares are limited."""
        return min((limit.bound for limit in self.limits if limit.quantile is not None), default=None)

    def check_requests(self, expected: float | None, what: str) -> None:
        """Refuse a load too short for its percentiles, before anything is deployed. Raises PlanError.

        expected: how many requests it holds; None where only the answers decide, and the verdict may say it was too few.
        """
        for limit in self.limits:
            if expected is not None and expected < limit.least_requests:
                raise PlanError(
                    f"{what}: '{limit.source}' needs at least {limit.least_requests} requests to be decided, "
                    f"the load has about {expected:.0f}; make it longer or its rate higher"
                )


def quantile_of(metric: str) -> float | None:
    """The quantile that a metric's name speaks of: .999 for p99.9; None where it is not a percentile."""
    match = _PERCENTILE.fullmatch(metric)
    return round(float(match[1]) / 100, 9) if match else None


def _check_metric(metric: str, text: str) -> None:
    quantile = quantile_of(metric)
    if metric in SHARES or (quantile is not None and quantile > 0):
        return
    if re.fullmatch(r"[pP][0-9.]+", metric):
        raise PlanError(f"limit '{text}': {metric} is no percentile; they lie between p0 and p100, such as p99 or p99.9")
    raise PlanError(f"limit '{text}': unknown metric '{metric}'{nearest(metric, ['p50', 'p90', 'p95', 'p99', 'p99.9', *SHARES])}")
