"""Prices: stated, bundled with a label, or refused; never made up."""

from __future__ import annotations

import pytest

from tailgate import Budget, Case, ConstantRate, EndpointSpec
from tailgate.errors import PlanError
from tailgate.plan.instances import check_instance_type
from tailgate.plan.prices import _table, check_price_in, price_of

LOAD = ConstantRate(50, 20)
COST = Budget.of("cost_per_1000 <= 0.02usd")


def test_a_stated_price_comes_before_a_bundled_one() -> None:
    """Whoever pays knows better than a table of some year."""
    bundled, stated = price_of("ml.m5.large", {}), price_of("ml.m5.large", {"ml.m5.large": 0.2})
    assert (bundled.usd_per_hour, bundled.stated) == (0.115, False)
    assert "us-east-1" in bundled.origin
    assert (stated.usd_per_hour, stated.stated) == (0.2, True)


def test_a_case_whose_cost_is_limited_and_whose_price_is_unknown_is_refused_with_what_to_write() -> None:
    """Before anything is deployed; without a limit of the cost nobody has to know a price."""
    spec = EndpointSpec("ranker", instance_type="ml.c7i.xlarge")
    with pytest.raises(PlanError, match=r"ranker-.*: no price of ml\.c7i\.xlarge is known; state it in USD per hour: prices = \{ \"ml"):
        Case(spec, b"", LOAD, COST)
    assert Case(spec, b"", LOAD, Budget.of("p99 <= 60ms")).limits_cost is False
    priced = Case(spec, b"", LOAD, COST, prices={"ml.c7i.xlarge": 0.2142, "ml.m5.large": 0.115})
    assert priced.price.usd_per_hour == 0.2142
    assert priced.on("ml.m5.large").price.usd_per_hour == 0.115
    with pytest.raises(PlanError, match=r"no price of ml\.c5\.large is known"):
        priced.on("ml.c5.large")


def test_a_bundled_price_is_not_used_in_a_region_that_it_is_not_of() -> None:
    """Elsewhere it has to be stated."""
    check_price_in("us-east-1", "ml.m5.large", {})
    check_price_in("ap-northeast-1", "ml.m5.large", {"ml.m5.large": 0.15})
    Case(EndpointSpec("ranker"), b"", LOAD, Budget.of("p99 <= 60ms")).check_price_in("ap-northeast-1")
    with pytest.raises(PlanError, match=r"no price of ml\.m5\.large in ap-northeast-1 is known, only in us-east-1 and us-west-2; state it"):
        Case(EndpointSpec("ranker"), b"", LOAD, COST).check_price_in("ap-northeast-1")


@pytest.mark.parametrize(
    ("prices", "said"),
    [
        (None, "prices is None; it is a table of instance types"),
        ({"ml.m5.lrge": 0.1}, "did you mean 'ml.m5.large'"),
        ({"ml.m5.large": 0}, "prices: 'ml.m5.large' is 0; a price is USD per hour"),
        ({"ml.m5.large": -1.0}, "is -1.0"),
        ({"ml.m5.large": "0.1"}, "is '0.1'"),
        ({"ml.m5.large": float("nan")}, "is nan"),
        ({"ml.m5.large": True}, "is True"),
        ({"ml.m5.large": 1e9}, "is 1000000000.0"),
    ],
)
def test_prices_that_cannot_be_meant_are_refused(prices: object, said: str) -> None:
    """The sentence names the argument and what it is."""
    with pytest.raises(PlanError) as caught:
        Case(EndpointSpec("ranker"), b"", LOAD, COST, prices=prices)  # type: ignore[arg-type]
    assert said in str(caught.value)


def test_every_bundled_price_is_of_a_type_there_is_and_grows_with_its_size() -> None:
    """A slip in the table would show."""
    prices = _table()["usd_per_hour"]
    for instance_type, price in prices.items():
        check_instance_type(instance_type)
        assert price > 0
    for family in ("t2", "m5"):
        of_family = [price for instance_type, price in prices.items() if f".{family}." in instance_type]
        assert of_family == sorted(of_family)
