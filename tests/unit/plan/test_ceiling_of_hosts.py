"""What hosts that load comes from may cost at most, and what they cost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tailgate.errors import PlanError
from tailgate.plan.ceiling import HOSTS_ALLOWANCE_S, RUN_ALLOWANCE_S, ceiling_of
from tailgate.plan.prices import Price
from tailgate.plan.purse import HOSTS, Purse
from tailgate.plan.rates import Listed, host_hour_at_most
from tests.unit.plan.test_ceiling import TERMS, case, price_of

HOST = Price(0.36, "made up")
WITH_HOSTS = replace(TERMS, host=HOST, hosts=3)
ALONE = replace(WITH_HOSTS, deploys=False)
RUNS_S = 3 * (20 + RUN_ALLOWANCE_S)


def test_hosts_live_as_long_as_endpoints_may() -> None:
    """Three of them at 0.36 USD an hour: a line of its own; the planned time is the endpoints', which take longer to come up."""
    without, ceiling = ceiling_of([case()], TERMS, price_of), ceiling_of([case()], WITH_HOSTS, price_of)
    (line,) = [line for line in ceiling.lines if line not in without.lines]
    assert (line.what, line.count, line.lasts_s) == (HOSTS, 3, 1800 + RUNS_S + 600)
    assert 0 <= line.usd - 3 * Decimal("0.36") * int(line.lasts_s) / 3600 < Decimal("0.000001")
    assert ceiling.planned_s == without.planned_s


def test_where_nothing_is_deployed_hosts_alone_are_paid_for() -> None:
    """At endpoints in service, which are somebody's already; until the hosts are at work some time passes."""
    ceiling = ceiling_of([case()], ALONE, price_of)
    assert [line.what for line in ceiling.lines] == [HOSTS, "payloads"]
    assert ceiling.planned_s == HOSTS_ALLOWANCE_S + RUNS_S
    assert ceiling_of([], ALONE, price_of).usd == 0


def test_a_ceiling_that_hosts_break_is_refused_naming_them() -> None:
    """Before anything is launched."""
    with pytest.raises(PlanError, match=f"the largest part is {HOSTS}"):
        Purse(Decimal("0.05"), ALONE, price_of).plan([case()])


def test_what_hosts_came_to_is_from_their_launch_to_their_end() -> None:
    """Three for ten minutes; what is still to come is in the ceiling, and no more than was planned."""
    purse = Purse(Decimal(5), ALONE, price_of)
    planned = purse.plan([case()])
    assert purse.ceiling_usd(0.0) <= planned.usd
    purse.opened(HOSTS, "tailgate-hosts-0123456789", 1000.0)
    assert purse.deadline_s == 1000.0 + planned.planned_s
    assert purse.ceiling_usd(1200.0) <= planned.usd
    purse.begin(case(), 1200.0)
    purse.gone("tailgate-hosts-0123456789", 1600.0)
    assert purse.spent_usd(9999.0) == 3 * Decimal("0.36") * 600 / 3600


def test_an_hour_of_a_host_is_its_instances_and_what_is_beside_it() -> None:
    """As listed, else as bundled, and half as much again in regions that the bundle is not of; unknown types are refused."""
    assert host_hour_at_most("m5.2xlarge", "us-east-1").usd_per_hour == 0.464
    assert host_hour_at_most("m5.2xlarge", "ap-northeast-1").usd_per_hour == 0.656
    listed = Listed({"m5.2xlarge": Price(0.496, "Price List API, 2026-11-26")})
    found = host_hour_at_most("m5.2xlarge", "ap-northeast-1", listed)
    assert (found.usd_per_hour, found.origin.partition(";")[0]) == (0.576, "Price List API, 2026-11-26")
    with pytest.raises(PlanError, match=r"no price of u-6tb1\.metal is known; permit pricing:GetProducts"):
        host_hour_at_most("u-6tb1.metal", "us-east-1")
