"""Vocabulary: the metrics that a limit may name, and their units. How each is judged: `tailgate.analysis.metrics`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tailgate.errors import PlanError, nearest
from tailgate.plan.checks import is_finite
from tailgate.plan.profile import LONGEST_S
from tailgate.units import format_ms, format_percent, format_rate, format_usd, fraction, rate_per_s, seconds, usd

_PERCENTILE = re.compile(r"(?:ttfb_)?p([0-9]{1,2}(?:\.[0-9]{1,4})?)")

_SMALLEST_SHARE = 1e-7
"""Decided by 30 million requests, which a load can just hold."""

_MOST = 1e9
"""Requests per second, or USD for a thousand of them: more is a slip of the finger."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What a metric is measured in.

    inside: in words, how a bound is kept. read: from text to that; raises PlanError. show: from that to text for
    people. check: refuses bounds that decide nothing; raises PlanError beginning with `where`, its second argument.
    """

    name: str
    inside: str
    read: Callable[[str], float]
    show: Callable[[float], str]
    check: Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Named:
    """One metric that has a name of its own. least_requests: what its interval takes, where no count of exceedances decides."""

    unit: Unit
    means: str
    at_least: bool = False
    least_requests: int = 1


def _check_time(bound_s: float, where: str) -> None:
    if not bound_s > 0:
        raise PlanError(f"{where}: the bound of a time is above 0")
    if not bound_s <= LONGEST_S:
        raise PlanError(f"{where}: no load lasts longer than a day, so this would always hold; choose a bound that can be missed")


def _check_share(bound: float, where: str) -> None:
    if not 0 < bound < 1:
        raise PlanError(f"{where}: no number of requests proves 0%, and 100% always holds; choose between, such as 0.5%")
    if bound < _SMALLEST_SHARE:
        raise PlanError(f"{where}: no load that can be scheduled decides less than {_SMALLEST_SHARE:.5%}; choose a larger share")


def _check_number(bound: float, where: str) -> None:
    if not is_finite(bound) or not 0 < bound <= _MOST:
        raise PlanError(f"{where}: the bound is above 0 and at most {_MOST:.0e}; choose one that can be missed and kept")


TIME = Unit("time", "seconds", seconds, format_ms, _check_time)
SHARE = Unit("share", "a fraction", fraction, format_percent, _check_share)
RATE = Unit("rate", "requests per second", rate_per_s, format_rate, _check_number)
COST = Unit("cost", "USD", usd, format_usd, _check_number)

LEAST_FOR_BATCHES = 200
"""Requests that 20 batches of 10 take: fewer, and the spread of their means says little."""

METRICS: Mapping[str, Named] = {
    "mean": Named(TIME, "mean response time of the answered requests", least_requests=LEAST_FOR_BATCHES),
    "max": Named(TIME, "longest response time of the run"),
    "error_rate": Named(SHARE, "share of requests that failed, were not answered, or were answered wrongly"),
    "throttle_rate": Named(SHARE, "share of requests that the platform throttled"),
    "achieved_rate": Named(RATE, "requests sent per second", at_least=True, least_requests=LEAST_FOR_BATCHES),
    "cost_per_1000": Named(COST, "price of the instances per thousand requests sent", least_requests=LEAST_FOR_BATCHES),
}
"""By name; beside them the percentiles of the response time, p50, and of the time to the first byte, ttfb_p50."""

EXAMPLES = ("p50", "p90", "p95", "p99", "p99.9", "ttfb_p50", "ttfb_p99")


def quantile_of(metric: str) -> float | None:
    """The quantile that a metric's name speaks of: .999 for p99.9 and ttfb_p99.9; None where it is not a percentile."""
    match = _PERCENTILE.fullmatch(metric)
    return round(float(match[1]) / 100, 9) if match else None


def unit_of(metric: str) -> Unit:
    """The unit of any metric that a record or a limit names: times, unless it says otherwise."""
    return METRICS[metric].unit if metric in METRICS else TIME


def is_metric(metric: str) -> bool:
    """Whether a limit may name it."""
    return metric in METRICS or bool(quantile_of(metric))


def check_metric(metric: str, where: str) -> None:
    """Refuse what is no metric, with the nearest spelling and all there are. Raises PlanError beginning with `where`."""
    if is_metric(metric):
        return
    if re.fullmatch(r"(?:ttfb_)?[pP][0-9.]+", metric):
        raise PlanError(f"{where}: {metric} is no percentile; they lie between p0 and p100, such as p99 or p99.9")
    raise PlanError(f"{where}: unknown metric '{metric}'{near(metric)}")


def near(metric: str) -> str:
    """What was probably meant, and all that can be."""
    meant = nearest(metric, [*EXAMPLES, *METRICS])
    joined = f"{meant} Allowed" if meant.startswith("; did") else "; allowed"
    return f"{joined}: percentiles p50 … p99.99, the same of the time to first byte ttfb_p50 … ttfb_p99.99, {', '.join(METRICS)}"
