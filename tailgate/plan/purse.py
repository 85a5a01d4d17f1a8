"""The purse: what a session may spend and has spent while it runs, and whether what is asked for still fits. Pure, but for its lock.

Times are seconds of one clock, which the caller reads; it has to go on while the host sleeps, as bills do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from threading import RLock

from tailgate.errors import PlanError, TargetError
from tailgate.plan.case import Case, EndpointSpec
from tailgate.plan.ceiling import (
    Asked,
    Ceiling,
    PriceOf,
    Terms,
    cases_in,
    ceiling_of,
    check_within,
    data_usd,
    dearest,
    hosts_usd,
    instances_usd,
    is_private,
    money,
    run_s,
    specs_of,
    zones_usd,
)
from tailgate.plan.prices import Price

LINK, HOSTS = "interface VPC endpoint", "hosts that load comes from"

What = EndpointSpec | str
"""What bills: instances of a spec, the LINK, or the HOSTS."""


@dataclass(frozen=True, slots=True)
class Stay:
    """One thing that bills, from its creation on. gone_s: when it was seen to be gone, None while it may be there."""

    what: What
    name: str
    since_s: float
    gone_s: float | None = None

    def lasted_s(self, until_s: float) -> float:
        """How long it was there, at a time."""
        return max(0.0, (until_s if self.gone_s is None else self.gone_s) - self.since_s)


class Purse:
    """A session's money. Thread-safe. most_usd: of the whole session, of which each of several processes has an equal share.

    `most_usd` is kept as long as nothing lives longer than one deletion after `deadline_s`: what begins is checked against it.
    """

    def __init__(self, most_usd: Decimal, terms: Terms, price_of: PriceOf, *, processes: int = 1) -> None:
        self._whole_usd, self._processes = most_usd, processes
        self.most_usd, self._terms, self._price_of = most_usd / processes, terms, price_of
        self._lock = RLock()
        self._began_s: float | None = None
        self._planned_s = 0.0
        self._asked: list[Asked] = []
        self._to_come: list[tuple[Case, ...]] = []
        self._expected: set[What] = set()
        self._prices: dict[EndpointSpec, Price] = {}
        self._stays: list[Stay] = []
        self._planned_usd = Decimal(0)

    def plan(self, asked: Sequence[Asked]) -> Ceiling:
        """Take in what is known ahead, before anything is created. Raises PlanError where it may cost more than may be spent."""
        with self._lock:
            ceiling = ceiling_of(asked, self._terms, self._price_of)
            check_within(ceiling, self._whole_usd, self._processes)
            self._take(asked, specs_of(asked, self._terms))
            self._planned_s, self._planned_usd = ceiling.planned_s, ceiling.usd
            return ceiling

    def begin(self, one: Asked, now_s: float) -> None:
        """A test asks for it. What was planned is taken off the plan; anything else has to fit into what is left.

        Raises PlanError naming what is left and what it needs.
        """
        with self._lock:
            if cases_in(one) not in self._to_come:
                self._admit(one.id, [one], specs_of([one], self._terms), now_s)
            self._to_come.remove(cases_in(one))

    def begin_spec(self, spec: EndpointSpec, now_s: float) -> None:
        """Somebody wants an endpoint of it, whatever for. Raises PlanError as `begin`, where none is there and no case waits for it."""
        with self._lock:
            if spec not in self._expected and not self._there(spec):
                self._admit(f"endpoint {spec.name} on {spec.instance_type}", [], [spec], now_s)

    def check_time(self, one: Asked, now_s: float) -> None:
        """Refuse to begin a run that could end after the planned time. Raises TargetError."""
        deadline_s = self.deadline_s
        if deadline_s is not None and now_s + run_s(one) > deadline_s:
            raise TargetError(
                f"{one.id}: a run may take {run_s(one):.0f} s, and {max(0.0, deadline_s - now_s):.0f} s are left of the "
                f"{self._planned_s:.0f} s that this session planned, for which its cost was reckoned; other tests, a debugger or "
                "another measurement on this host took the time: measure what is left by itself"
            )

    def opened(self, what: What, name: str, now_s: float) -> None:
        """Something that bills is about to be created: a spec's endpoint, the LINK or the HOSTS. Raises PlanError as `begin_spec`."""
        with self._lock:
            if isinstance(what, EndpointSpec):
                self.begin_spec(what, now_s)
            self._began_s = now_s if self._began_s is None else self._began_s
            self._expected.discard(what)
            self._stays.append(Stay(what, name, now_s))

    def gone(self, name: str, now_s: float) -> None:
        """What has this name was seen to be gone; nothing happens to names that nobody opened."""
        with self._lock:
            left = [stay for stay in self._stays if stay.name == name and stay.gone_s is None]
            self._stays = [replace(stay, gone_s=now_s) if stay in left else stay for stay in self._stays]
            needed = {case.spec for cases in self._to_come for case in cases} if self._terms.deploys else set()
            self._expected |= {stay.what for stay in left if stay.what in needed}

    @property
    def deadline_s(self) -> float | None:
        """When the planned time is over; None before anything is created."""
        with self._lock:
            return None if self._began_s is None else self._began_s + self._planned_s

    def ceiling_usd(self, now_s: float) -> Decimal:
        """What it may all come to at most, by what is known now."""
        with self._lock:
            until_s = (now_s if self._began_s is None else self._began_s) + self._planned_s + self._terms.deleting_s
            usd = sum((self._usd(stay.what, stay.lasted_s(self._latest_s(stay.what, until_s))) for stay in self._stays), Decimal(0))
            usd += sum((self._usd(what, max(0.0, self._latest_s(what, until_s) - now_s)) for what in self._expected), Decimal(0))
            return usd + data_usd(self._asked, self._terms)

    def spent_usd(self, now_s: float, name: str | None = None) -> Decimal:
        """What instances and interface VPC endpoints came to until now; name: only the one of this name."""
        with self._lock:
            stays = [stay for stay in self._stays if name is None or stay.name == name]
            return sum((self._usd(stay.what, stay.lasted_s(now_s)) for stay in stays), Decimal(0))

    @property
    def planned_s(self) -> float:
        """How long the session may take, deletion not included."""
        with self._lock:
            return self._planned_s

    @property
    def planned_usd(self) -> Decimal:
        """What it was to come to at most, by what was planned ahead and admitted since."""
        with self._lock:
            return self._planned_usd

    @property
    def stays(self) -> tuple[Stay, ...]:
        """All that billed or does, in the order in which it was created."""
        with self._lock:
            return tuple(self._stays)

    def price(self, spec: EndpointSpec) -> Price | None:
        """What an hour of one of a spec's instances is reckoned to cost; None for what was never asked for."""
        with self._lock:
            return self._prices.get(spec)

    def _admit(self, what: str, asked: list[Asked], specs: list[EndpointSpec], now_s: float) -> None:
        """Take in what was not planned. Raises PlanError, and leaves all as it was, where it does not fit."""
        former = self._asked, self._to_come, self._prices, self._expected, self._planned_s
        before = self.ceiling_usd(now_s)
        self._take(asked, specs)
        began_s = now_s if self._began_s is None else self._began_s
        self._planned_s = max(self._planned_s, now_s + self._needs_s(now_s) - began_s)
        after = self.ceiling_usd(now_s)
        if after <= self.most_usd:
            self._planned_usd = max(self._planned_usd, after)
        else:
            longer_s = self._planned_s - former[-1]
            longer = f": all endpoints might stay {longer_s:.0f} s longer" if longer_s > 0 else ""
            self._asked, self._to_come, self._prices, self._expected, self._planned_s = former
            share = f" (each of {self._processes} processes has a share)" if self._processes > 1 else ""
            raise PlanError(
                f"{what}: not planned ahead, it may cost up to {money(after - before)} more, and of --latency-max-usd "
                f"{money(self._whole_usd, ROUND_FLOOR)}{share} only {money(max(self.most_usd - before, Decimal(0)), ROUND_FLOOR)} is "
                f"left{longer}; raise it to {money(after * self._processes)}, or measure fewer cases"
            )

    def _take(self, asked: Sequence[Asked], specs: Sequence[EndpointSpec]) -> None:
        all_asked = [*self._asked, *asked]
        self._prices = {**self._prices, **{spec: dearest(all_asked, spec, self._price_of) for spec in specs}}
        self._asked, self._to_come = all_asked, [*self._to_come, *map(cases_in, asked)]
        wanted: list[What] = [*specs]
        if self._terms.zone is not None and any(map(is_private, asked)):
            wanted.append(LINK)
        if self._terms.host is not None and asked:
            wanted.append(HOSTS)
        self._expected = self._expected | {what for what in wanted if not self._there(what)}

    def _needs_s(self, now_s: float) -> float:
        """How long everything that is still to come may take from now on."""
        terms, specs = self._terms, sum(isinstance(what, EndpointSpec) for what in self._expected)
        began = [stay.since_s for stay in self._stays if stay.gone_s is None]
        deploying_s = max(0.0, max(began, default=now_s) + terms.patience_s - now_s) if began else 0.0
        warming_s = (specs + len(began)) * terms.warming_s
        rounds = math.ceil(specs / terms.at_once)
        return deploying_s + rounds * terms.patience_s + warming_s + sum(terms.runs_each * run_s(cases[0]) for cases in self._to_come)

    def _there(self, what: What) -> bool:
        """Whether it is there, or about to be created."""
        return any(stay.what == what and stay.gone_s is None for stay in self._stays)

    def _latest_s(self, what: What, until_s: float) -> float:
        """The LINK goes when all endpoints are gone."""
        return until_s + (self._terms.deleting_s if what == LINK else 0.0)

    def _usd(self, what: What, lasts_s: float) -> Decimal:
        if what == HOSTS:
            return hosts_usd(self._terms, lasts_s)
        if isinstance(what, str):
            return zones_usd(self._terms, lasts_s)
        return instances_usd(what, self._prices[what], lasts_s)
