"""What is created is billed from the wish to create it until it is seen to be gone, and noted all the same."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tailgate import EndpointSpec
from tailgate.aws.billing import VPC_ENDPOINT, BilledBook, billed, billed_facts, costs_by_name
from tailgate.aws.custody.ledger import Blank
from tailgate.errors import PlanError, TargetError
from tailgate.plan.ceiling import Terms
from tailgate.plan.prices import Price
from tailgate.plan.purse import LINK, Purse

SPEC = EndpointSpec("ranker", instance_type="ml.m5.large", instance_count=2)
BEGAN_S = 1_700_000_000.0


class Noted:
    """A book that keeps its lines; broken: one whose disk is full."""

    def __init__(self, *, broken: bool = False) -> None:
        self.lines: list[tuple[str, str, str]] = []
        self._broken = broken

    def about_to_create(self, kind: str, name: str) -> None:
        """Note it, or fail."""
        if self._broken:
            raise TargetError("the disk is full")
        self.lines.append(("creating", kind, name))

    def gone(self, kind: str, name: str) -> None:
        """Note it."""
        self.lines.append(("gone", kind, name))


@pytest.fixture
def purse() -> Purse:
    """Of a hundred dollars; an instance is 0.36 USD an hour, a zone 0.01."""
    terms = Terms(patience_s=600, deleting_s=60, zone=Price(0.01, "made up"), zones=2)
    return Purse(Decimal(100), terms, lambda *_: Price(0.36, "made up"))


def test_endpoints_bill_and_models_do_not(purse: Purse) -> None:
    """Two instances for a hundred seconds, from creation to being gone; every line reaches the book."""
    now_s, book = [BEGAN_S], Noted()
    told = BilledBook(book, purse, SPEC, clock=lambda: now_s[0])
    told.about_to_create("model", "tailgate-ranker-1")
    now_s[0] += 10
    told.about_to_create("endpoint", "tailgate-ranker-1")
    now_s[0] += 60
    assert purse.spent_usd(now_s[0]) == Decimal("0.012")
    assert billed_facts(purse, SPEC, "tailgate-ranker-1") == {
        "usd_per_hour": "0.72",
        "price": "made up",
        "billed_since": "2023-11-14T22:13:30+00:00",
    }
    assert costs_by_name(purse, now_s[0])["tailgate-ranker-1"]["until"] is None
    now_s[0] += 40
    for kind in ("endpoint", "model"):
        told.gone(kind, "tailgate-ranker-1")
    now_s[0] += 10**6
    cost = costs_by_name(purse, now_s[0])["tailgate-ranker-1"]
    assert (cost["usd"], cost["since"], cost["until"]) == (0.02, "2023-11-14T22:13:30+00:00", "2023-11-14T22:15:10+00:00")
    assert [line[:2] for line in book.lines] == [("creating", "model"), ("creating", "endpoint"), ("gone", "endpoint"), ("gone", "model")]


def test_the_interface_endpoint_bills_its_zones_by_the_begun_hour(purse: Purse) -> None:
    """Under its own kind; its security group costs nothing."""
    told = BilledBook(Blank(), purse, LINK, VPC_ENDPOINT, clock=lambda: BEGAN_S)
    told.about_to_create("security_group", "tailgate-run-1")
    assert purse.spent_usd(BEGAN_S + 1) == 0
    told.about_to_create(VPC_ENDPOINT, "tailgate-run-1")
    assert purse.spent_usd(BEGAN_S + 3601) == Decimal("0.04")
    assert costs_by_name(purse, BEGAN_S) == {}


def test_what_cannot_be_paid_is_not_noted_and_so_not_created() -> None:
    """An endpoint that no case asked for, and that is dearer than what is left."""
    book, poor = Noted(), Purse(Decimal("0.01"), Terms(600, 60), lambda *_: Price(0.36, "made up"))
    with pytest.raises(PlanError, match="not planned ahead"):
        BilledBook(book, poor, SPEC, clock=lambda: BEGAN_S).about_to_create("endpoint", "tailgate-ranker-1")
    assert book.lines == []


def test_what_cannot_be_noted_is_not_created_and_the_caller_hears_so(purse: Purse) -> None:
    """The ledger's error is its own; nothing bills."""
    with pytest.raises(TargetError, match="the disk is full"):
        BilledBook(Noted(broken=True), purse, SPEC, clock=lambda: BEGAN_S).about_to_create("endpoint", "tailgate-ranker-1")
    assert purse.spent_usd(BEGAN_S + 3600) == 0


def test_without_a_purse_the_book_is_the_book() -> None:
    """The emulation costs nothing."""
    book = Blank()
    assert billed(book, None, SPEC) is book
