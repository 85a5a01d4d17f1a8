"""What a session may cost at most: every line, their sum, and what moves it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate import Budget, Case, ClosedLoop, ConstantRate, EndpointSpec
from tailgate.errors import PlanError
from tailgate.plan.ceiling import RUN_ALLOWANCE_S, Terms, ceiling_of, check_within, money, planned_s
from tailgate.plan.pair import Pair
from tailgate.plan.prices import Price
from tailgate.plan.rates import Listed, hour_at_most, zone_hour_at_most

TERMS = Terms(patience_s=1800, deleting_s=600, runs_each=3)
ZONE = Price(0.014, "made up")


def case(name: str = "ranker", instance_type: str = "ml.m5.large", count: int = 1, for_s: float = 20.0, **more: object) -> Case:
    """A case of 50/s, with a budget that any length decides."""
    spec = EndpointSpec(name, instance_type=instance_type, instance_count=count)
    return Case(spec, b"x" * 100, ConstantRate(50, for_s, warmup_s=0.0), Budget.of("mean <= 1s"), **more)  # type: ignore[arg-type]


def price_of(instance_type: str, stated: object) -> Price:
    """Ten types cost what the bundled table says."""
    return hour_at_most(instance_type, "us-east-1", stated)  # type: ignore[arg-type]


def test_an_endpoint_may_live_through_deployment_all_runs_and_its_deletion() -> None:
    """Two instances at 0.115 USD an hour, for 1800 s of patience, three runs of 20 s and what runs take beside, and 600 s of deletion."""
    ceiling = ceiling_of([case(count=2)], TERMS, price_of)
    lives_s = 1800 + 3 * (20 + RUN_ALLOWANCE_S) + 600
    assert ceiling.planned_s == lives_s - 600
    line = ceiling.lines[0]
    assert (line.what, line.count, line.lasts_s) == ("ranker: ml.m5.large", 2, lives_s)
    exactly = Decimal("0.115") * 2 * int(lives_s) / 3600
    assert 0 <= line.usd - exactly < Decimal("0.000001")
    assert "us-east-1" in line.origin


def test_equal_specs_are_one_endpoint_and_the_cases_share_its_time() -> None:
    """Two cases of one endpoint: one line, one patience, the runs of both."""
    two = [case(), case().under(ConstantRate(50, 40, warmup_s=0.0))]
    ceiling = ceiling_of(two, TERMS, price_of)
    assert [line.what for line in ceiling.lines] == ["ranker: ml.m5.large", "payloads"]
    assert ceiling.planned_s == 1800 + 3 * (20 + 40 + 2 * RUN_ALLOWANCE_S)


def test_deployments_beyond_those_side_by_side_take_another_round() -> None:
    """Eleven endpoints, ten at once."""
    eleven = [case(f"ranker-{number}") for number in range(11)]
    assert planned_s(eleven, TERMS) - planned_s(eleven[:10], TERMS) == 1800 + 3 * (20 + RUN_ALLOWANCE_S)


def test_a_pair_is_two_endpoints_and_one_load() -> None:
    """Both arms live for as long as the one run of both."""
    ceiling = ceiling_of([Pair(case("before"), case("after"))], TERMS, price_of)
    assert [line.what for line in ceiling.lines] == ["before: ml.m5.large", "after: ml.m5.large", "payloads"]
    assert ceiling.planned_s == 1800 + 3 * (20 + RUN_ALLOWANCE_S)


def test_payloads_are_carried_by_the_gigabyte() -> None:
    """3 runs of 1000 requests of 100 bytes: 300 kB at 0.02 USD a GB."""
    assert ceiling_of([case()], TERMS, price_of).lines[-1].usd == Decimal("0.000006")


def test_a_closed_loop_has_no_number_of_requests_and_that_is_said() -> None:
    """What nobody knows is not in the sum, and the ceiling says so."""
    closed = ceiling_of([case().under(ClosedLoop(2, 20))], TERMS, price_of)
    assert [line.what for line in closed.lines] == ["ranker: ml.m5.large"]
    assert "closed loops" in closed.uncounted[0]


def test_an_interface_endpoint_is_counted_where_a_case_needs_it_by_the_begun_hour_and_zone() -> None:
    """2400 s and more of runs are an hour begun: two zones, 0.028 USD; none where no case goes over PrivateLink."""
    terms = replace(TERMS, zone=ZONE, zones=2)
    private = ceiling_of([case(network_path="privatelink")], terms, price_of)
    assert [line.usd for line in private.lines if line.price == ZONE] == [Decimal("0.028")]
    assert all(line.price != ZONE for line in ceiling_of([case()], terms, price_of).lines)


def test_the_dearer_of_two_stated_prices_counts() -> None:
    """Two cases share an endpoint and disagree on its price."""
    both = [case(prices={"ml.m5.large": 0.3}), case(prices={"ml.m5.large": 0.2})]
    assert ceiling_of(both, TERMS, price_of).lines[0].price == Price(0.3, "as stated")


def test_nothing_asked_costs_nothing() -> None:
    """No case, no line."""
    assert (ceiling_of([], TERMS, price_of).usd, planned_s([], TERMS)) == (0, 0)


def test_above_what_may_be_spent_is_refused_with_the_sum_and_what_would_fit() -> None:
    """The text names what it may cost, the limit, the dearest part, and what to write."""
    ceiling = ceiling_of([case(), case("big", "ml.m5.24xlarge")], TERMS, price_of)
    check_within(ceiling, ceiling.usd)
    with pytest.raises(PlanError) as refused:
        check_within(ceiling, ceiling.usd - Decimal("0.000001"))
    for words in (f"up to {money(ceiling.usd)}", "big: ml.m5.24xlarge", "--latency-max-usd"):
        assert words in str(refused.value)


def test_prices_come_from_whoever_pays_then_the_list_then_the_table_then_the_rule() -> None:
    """Each with its origin; a type that nobody knows is refused, saying how to state it."""
    listed = Listed({"ml.m5.large": Price(0.149, "Price List API")})
    assert hour_at_most("ml.m5.large", "ap-northeast-1", {"ml.m5.large": 0.2}, listed).usd_per_hour == 0.2
    assert hour_at_most("ml.m5.large", "ap-northeast-1", {}, listed).origin == "Price List API"
    assert hour_at_most("ml.m5.large", "us-west-2", {}).usd_per_hour == 0.115
    far = hour_at_most("ml.m5.large", "ap-northeast-1", {})
    assert far.usd_per_hour == 0.1725
    assert far.origin.startswith("no price of ap-northeast-1 is known: 1.5 × 0.115")
    with pytest.raises(PlanError, match=r"no price of ml\.p5\.48xlarge is known; state it"):
        hour_at_most("ml.p5.48xlarge", "us-east-1", {})


def test_an_hour_of_a_zone_is_listed_known_or_by_the_rule() -> None:
    """The same for interface VPC endpoints."""
    assert zone_hour_at_most("us-east-1").usd_per_hour == 0.014
    assert zone_hour_at_most("sa-east-1").usd_per_hour == 0.021
    assert zone_hour_at_most("sa-east-1", Listed({}, zone=ZONE)) == ZONE


CASES = st.builds(
    case,
    name=st.sampled_from(["a", "b", "c"]),
    instance_type=st.sampled_from(["ml.m5.large", "ml.t2.2xlarge"]),
    count=st.integers(1, 5),
    for_s=st.sampled_from([5.0, 20.0, 61.5]),
    network_path=st.sampled_from(["public", "privatelink"]),
)
TERMS_OF = st.builds(
    Terms,
    patience_s=st.floats(0, 7200),
    deleting_s=st.floats(0, 3600),
    warming_s=st.floats(0, 600),
    at_once=st.integers(1, 4),
    runs_each=st.integers(1, 5),
    zone=st.sampled_from([None, ZONE]),
    zones=st.integers(1, 3),
)


@given(st.lists(CASES, max_size=6), TERMS_OF, CASES, st.floats(0, 3600))
def test_more_of_anything_never_costs_less(asked: list[Case], terms: Terms, another: Case, longer_s: float) -> None:
    """Another case, more patience, more runs, more zones, a longer deletion, fewer deployments at once: the sum does not fall."""
    usd = ceiling_of(asked, terms, price_of).usd
    assert ceiling_of([*asked, another], terms, price_of).usd >= usd
    for more in (
        replace(terms, patience_s=terms.patience_s + longer_s),
        replace(terms, deleting_s=terms.deleting_s + longer_s),
        replace(terms, warming_s=terms.warming_s + longer_s),
        replace(terms, runs_each=terms.runs_each + 1),
        replace(terms, zones=terms.zones + 1),
        replace(terms, at_once=1),
    ):
        assert ceiling_of(asked, more, price_of).usd >= usd


@given(st.lists(CASES, max_size=6), TERMS_OF)
def test_the_sum_is_that_of_its_lines_in_millionths(asked: list[Case], terms: Terms) -> None:
    """No line is negative, none has more than six places, and money() never shows less than the sum."""
    ceiling = ceiling_of(asked, terms, price_of)
    assert ceiling.usd == sum(line.usd for line in ceiling.lines)
    assert all(line.usd >= 0 and line.usd == round(line.usd, 6) for line in ceiling.lines)
    assert Decimal(money(ceiling.usd).removesuffix(" USD")) >= ceiling.usd
