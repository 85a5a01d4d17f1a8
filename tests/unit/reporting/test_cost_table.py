"""What people see of money."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tailgate.plan.ceiling import Terms, ceiling_of
from tailgate.plan.prices import Price, price_of
from tailgate.reporting.cost_table import cost_table, spent_line
from tailgate.reporting.show import described
from tests.unit.plan.test_ceiling import case
from tests.unit.reporting.synthetic import case_of, run_from, samples_of

TERMS = Terms(patience_s=1800, deleting_s=1800, runs_each=4, zone=Price(0.014, "made up"), zones=2)


def test_a_table_tells_how_each_line_is_reckoned_and_what_is_not_in_it() -> None:
    """Head, one line for each thing with its price's origin, and what nobody knows."""
    asked = case(count=2, network_path="privatelink")
    ceiling = ceiling_of([asked], TERMS, lambda *_: Price(0.115, "made up for a test"))
    assert cost_table(ceiling, width=160, most_usd=Decimal(2), silent="the Price List API did not answer (500)") == [
        "cost: at most 0.33 USD of 2.00 USD that --latency-max-usd allows, by a planned time of 40 min",
        "  ranker: ml.m5.large            2 × 0.115 USD/h for at most 70 min     0.27 USD  made up for a test",
        "  interface VPC endpoint, zones  2 × 0.014 USD/h for at most 100 min    0.06 USD  made up",
        "  payloads" + " " * 60 + "< 0.01 USD  at most 0.02 USD a GB, +0.01 through PrivateLink",
        "  the Price List API did not answer (500)",
        "  not in it: data that nobody knows ahead (what is answered); storage, logs, NAT and transfer to other networks, and taxes",
    ]


def test_where_nothing_is_planned_the_limit_is_told() -> None:
    """Cases that tests make in their bodies are not known ahead."""
    told = "cost: nothing is planned ahead; what tests ask for is held against what is left of 2.00 USD that --latency-max-usd allows"
    assert cost_table(ceiling_of([], TERMS, price_of), width=160, most_usd=Decimal(2)) == [told]


@pytest.mark.parametrize("width", [40, 80, 160])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """What is too wide goes on in the next line."""
    ceiling = ceiling_of([case("a-ranker-with-a-long-name-" + "x" * 8), case("b", network_path="privatelink")], TERMS, price_of)
    assert max(map(len, cost_table(ceiling, width=width))) <= width


def test_the_last_line_rounds_the_ceiling_up_and_what_was_spent_to_the_nearest() -> None:
    """`at most` is never less than it may be; `about` is about."""
    assert spent_line(Decimal("0.4111"), Decimal("0.1149")) == "cost: at most 0.42 USD planned, about 0.11 USD spent"


def test_a_recorded_run_shows_what_its_endpoint_cost() -> None:
    """Once that is known; else nothing is said of money."""
    run = run_from(case_of(), samples_of(case_of()))
    assert "cost" not in described(run)
    cost = {"usd": 0.0123, "usd_per_hour": "0.23", "price": "as stated", "since": "2026-11-26T10:00:00+00:00", "until": None}
    shown = described(replace(run, platform={"cost": cost}))
    assert "its endpoint cost 0.0123 USD for all its runs, 0.23 USD an hour (as stated) since 2026-11-26T10:00" in shown
    assert "was not seen to be gone" in shown
