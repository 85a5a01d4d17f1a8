"""The ceiling: what a session may cost at most, known before anything is created. Pure; money is Decimal, US dollars.

No estimate: whatever is deployed may live until the planned time is over and it has been deleted, and the session keeps to that
(plan/purse.py): nothing begins that would end later, and what still lives then is deleted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from tailgate.errors import PlanError
from tailgate.plan.case import Case, EndpointSpec
from tailgate.plan.load import Load
from tailgate.plan.pair import Pair
from tailgate.plan.prices import Price
from tailgate.plan.rates import exact, gigabyte_at_most

RUN_ALLOWANCE_S = 120.0
"""Beside its load, each run's: the harness's floor, the generator's start, and the 70 s that an unanswered request is waited for."""

HOSTS_ALLOWANCE_S = 900.0
"""Until hosts that load comes from are at work: boot, Systems Manager, the bundle; each is waited for some minutes at most."""

HOUR_S = 3600
PRIVATE = "privatelink"

MILLIONTH = Decimal("0.000001")
_GIGABYTE = 10**9

Asked = Case | Pair
PriceOf = Callable[[str, Mapping[str, float]], Price]
"""What an hour of an instance type costs at most, given the prices that a case states. Raises PlanError where nobody knows."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a session goes about it, as far as it costs. Times in seconds.

    patience_s: with one deployment; deleting_s: with one deletion; warming_s: until an endpoint is warm. at_once: deployments side
    by side. runs_each: how often a case is measured at most. zone: an hour of a zone of an interface VPC endpoint that would be
    made for the path privatelink, None where none would be; zones: how many. host: an hour of a host that load comes from, None for
    this one; hosts: how many. deploys: whether endpoints are, which bill then.
    """

    patience_s: float
    deleting_s: float
    warming_s: float = 0.0
    at_once: int = 10
    runs_each: int = 1
    zone: Price | None = None
    zones: int = 1
    host: Price | None = None
    hosts: int = 1
    deploys: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a ceiling. price: of one, per hour, None for data; lasts_s: how long each may live; usd: what it comes to, rounded up."""

    what: str
    count: int
    price: Price | None
    lasts_s: float
    usd: Decimal
    origin: str


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What a session may cost at most, line by line. planned_s: how long it may take, deletion not included.

    uncounted: what costs as well and is not in it, in sentences.
    """

    lines: tuple[Line, ...]
    planned_s: float
    uncounted: tuple[str, ...] = ()

    @property
    def usd(self) -> Decimal:
        """The sum of its lines."""
        return sum((line.usd for line in self.lines), Decimal(0))


def ceiling_of(asked: Sequence[Asked], terms: Terms, price_of: PriceOf) -> Ceiling:
    """What measuring all that is asked may cost at most. Raises PlanError for an instance type without a price."""
    lasts = planned_s(asked, terms)
    lives_s = lasts + terms.deleting_s if asked else 0.0
    lines = [_instances(spec, dearest(asked, spec, price_of), lives_s) for spec in specs_of(asked, terms)]
    if terms.host is not None and asked:
        usd = _up(hosts_usd(terms, lives_s))
        lines.append(Line("hosts that load comes from", terms.hosts, terms.host, lives_s, usd, terms.host.origin))
    if terms.zone is not None and any(map(is_private, asked)):
        link_s = lives_s + terms.deleting_s  # it goes when all endpoints are gone
        usd = _up(zones_usd(terms, link_s))
        lines.append(Line("interface VPC endpoint, zones", terms.zones, terms.zone, link_s, usd, terms.zone.origin))
    payloads, known = data_usd(asked, terms), all(one_load(one).open_loop for one in asked)
    if payloads:
        origin = f"at most {gigabyte_at_most(private_link=False)} USD a GB, +{_private_gigabyte()} through PrivateLink"
        lines.append(Line("payloads", 1, None, lasts, _up(payloads), origin))
    unknown = "what is answered" if known else "what is answered, and what closed loops ask"
    return Ceiling(tuple(lines), lasts, (f"data that nobody knows ahead ({unknown})",) if asked else ())


def planned_s(asked: Sequence[Asked], terms: Terms) -> float:
    """How long deploying and measuring all of it may take: deployments in rounds, then each run with all its repetitions, one at a time."""
    specs = len(specs_of(asked, terms))
    coming_s = max(math.ceil(specs / terms.at_once) * terms.patience_s, HOSTS_ALLOWANCE_S if terms.host is not None and asked else 0.0)
    return coming_s + specs * terms.warming_s + sum(runs_s(one, terms) for one in asked)


def runs_s(one: Asked, terms: Terms) -> float:
    """How long all runs of one question may take."""
    return terms.runs_each * run_s(one)


def run_s(one: Asked) -> float:
    """How long one run of it may take."""
    load = one_load(one)
    return load.warmup_s + load.for_s + RUN_ALLOWANCE_S


def specs_of(asked: Iterable[Asked], terms: Terms | None = None) -> list[EndpointSpec]:
    """What has to be deployed, each once, in the order in which it is asked for. terms: whether anything has to."""
    if terms is not None and not terms.deploys:
        return []
    return list(dict.fromkeys(case.spec for one in asked for case in cases_in(one)))


def cases_in(one: Asked) -> tuple[Case, ...]:
    """The case, or the pair's two."""
    return one.cases if isinstance(one, Pair) else (one,)


def one_load(one: Asked) -> Load:
    """The load, which the cases of a pair share."""
    return cases_in(one)[0].load


def is_private(one: Asked) -> bool:
    """Whether it is asked over PrivateLink."""
    return any(case.network_path.startswith(PRIVATE) for case in cases_in(one))


def dearest(asked: Iterable[Asked], spec: EndpointSpec, price_of: PriceOf) -> Price:
    """The spec's price; where cases state different ones, the highest. Raises PlanError."""
    stated = [case.prices for one in asked for case in cases_in(one) if case.spec == spec] or [{}]
    return max((price_of(spec.instance_type, prices) for prices in stated), key=lambda price: price.usd_per_hour)


def instances_usd(spec: EndpointSpec, price: Price, lives_s: float) -> Decimal:
    """What a spec's instances cost in a time, USD."""
    return spec.instance_count * exact(price.usd_per_hour) * exact(lives_s) / HOUR_S


def zones_usd(terms: Terms, lives_s: float) -> Decimal:
    """What the interface VPC endpoint costs in a time, USD: each hour that has begun counts as a whole one."""
    if terms.zone is None:
        return Decimal(0)
    return terms.zones * exact(terms.zone.usd_per_hour) * math.ceil(lives_s / HOUR_S)


def hosts_usd(terms: Terms, lives_s: float) -> Decimal:
    """What the hosts that load comes from cost in a time, USD."""
    return Decimal(0) if terms.host is None else terms.hosts * exact(terms.host.usd_per_hour) * exact(lives_s) / HOUR_S


def data_usd(asked: Iterable[Asked], terms: Terms) -> Decimal:
    """What it costs at most, in USD, to carry all payloads of open loops: each request carries the largest of its set."""
    return sum((_payload_usd(one, terms) for one in asked), Decimal(0))


def _payload_usd(one: Asked, terms: Terms) -> Decimal:
    load = one_load(one)
    if not load.open_loop:
        return Decimal(0)
    largest = max(len(body) for case in cases_in(one) for body in case.bodies())
    carried = terms.runs_each * len(load.due_times()) * largest
    return carried * gigabyte_at_most(private_link=is_private(one)) / _GIGABYTE


def _instances(spec: EndpointSpec, price: Price, lives_s: float) -> Line:
    what = f"{spec.name}: {spec.instance_type}"
    return Line(what, spec.instance_count, price, lives_s, _up(instances_usd(spec, price, lives_s)), price.origin)


def _private_gigabyte() -> Decimal:
    return gigabyte_at_most(private_link=True) - gigabyte_at_most(private_link=False)


def _up(usd: Decimal) -> Decimal:
    """To the next millionth, so that lines are readable and their sum is no less than what it stands for."""
    return usd.quantize(MILLIONTH, ROUND_CEILING)


def check_within(ceiling: Ceiling, most_usd: Decimal, processes: int = 1) -> None:
    """Refuse a ceiling, of each of several processes that all deploy, above what may be spent. Raises PlanError: what would fit."""
    total = ceiling.usd * processes
    if total > most_usd:
        largest = max(ceiling.lines, key=lambda line: line.usd)
        several = f", {money(ceiling.usd)} in each of {processes} processes" if processes > 1 else ""
        alone = "without -n (deployments are side by side anyway), " if processes > 1 else ""
        raise PlanError(
            f"this may cost up to {money(total)}{several}, and --latency-max-usd allows {money(most_usd, ROUND_FLOOR)}; the largest part "
            f"is {largest.what}, {money(largest.usd)}; it fits with --latency-max-usd {cents(total)}, or {alone}with fewer cases (-k), "
            "shorter loads, fewer repeats (--latency-repeats) or less patience (--latency-deploy-timeout)"
        )


def money(usd: Decimal, rounding: str = ROUND_CEILING) -> str:
    """An amount as people read it, by default never less than it is: `0.43 USD`."""
    return f"{cents(usd, rounding)} USD"


def cents(usd: Decimal, rounding: str = ROUND_CEILING) -> Decimal:
    """An amount in whole cents."""
    return usd.quantize(Decimal("0.01"), rounding)
