"""Billing: what is created and seen to be gone is told to the session's purse, beside the book that it is noted in."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from tailgate.aws.custody.ledger import Book
from tailgate.plan.case import EndpointSpec
from tailgate.plan.ceiling import MILLIONTH
from tailgate.plan.purse import Purse, What
from tailgate.plan.rates import exact

ENDPOINT, VPC_ENDPOINT = "endpoint", "vpc_endpoint"
"""The kinds that bill by the hour, as resources.py calls them."""


class BilledBook:
    """A book whose lines of one kind bill for `what`: an endpoint for its spec's instances, the interface VPC endpoint for the LINK.

    Time is the wall clock's: it goes on while the host sleeps, as bills do. From the wish to create it until it is seen to be gone:
    AWS may reckon with less (unverified).
    """

    def __init__(self, book: Book, purse: Purse, what: What, kind: str = ENDPOINT, clock: Callable[[], float] = time.time) -> None:
        self._book, self._purse, self._what, self._kind, self._clock = book, purse, what, kind, clock

    def about_to_create(self, kind: str, name: str) -> None:
        """Note it, and that it bills from now on. Raises TargetError where it cannot be noted, PlanError where it cannot be paid."""
        if kind == self._kind:
            self._purse.opened(self._what, name, self._clock())
        try:
            self._book.about_to_create(kind, name)
        except BaseException:
            self.gone(kind, name)  # what is not noted is not created
            raise

    def gone(self, kind: str, name: str) -> None:
        """Note it, and that it bills no more. Raises nothing."""
        if kind == self._kind:
            self._purse.gone(name, self._clock())
        self._book.gone(kind, name)


def billed(book: Book, purse: Purse | None, what: What, kind: str = ENDPOINT) -> Book:
    """The book, whose lines bill where there is a purse."""
    return book if purse is None else BilledBook(book, purse, what, kind)


def billed_facts(purse: Purse, spec: EndpointSpec, name: str) -> dict[str, str]:
    """For the record of what is measured at an endpoint: what an hour of all its instances is reckoned to cost, who says so, since when."""
    price = purse.price(spec)
    since_s = next((stay.since_s for stay in reversed(purse.stays) if stay.name == name), None)
    facts = {} if price is None else {"usd_per_hour": str(spec.instance_count * exact(price.usd_per_hour)), "price": price.origin}
    return facts | ({} if since_s is None else {"billed_since": iso(since_s)})


def costs_by_name(purse: Purse, now_s: float) -> dict[str, dict[str, object]]:
    """What each endpoint came to: usd, since, until (null where it was not seen to be gone), for the runs' records."""
    facts: dict[str, dict[str, object]] = {}
    for stay in purse.stays:
        if isinstance(stay.what, EndpointSpec):
            since = facts.get(stay.name, {}).get("since", iso(stay.since_s))
            until = None if stay.gone_s is None else iso(stay.gone_s)
            usd = float(purse.spent_usd(now_s, stay.name).quantize(MILLIONTH))
            facts[stay.name] = billed_facts(purse, stay.what, stay.name) | {"usd": usd, "since": since, "until": until}
    return facts


def iso(time_s: float) -> str:
    """A time as records write it, UTC."""
    return datetime.fromtimestamp(time_s, UTC).isoformat(timespec="seconds")
