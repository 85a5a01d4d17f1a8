"""Prices from the Price List API: asked by an unmodified boto3, read whatever comes, and never in the way."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.aws.pricing import PriceList, hourly_usd, instance_filters, pricing_region, zone_filters
from tailgate.plan.rates import hour_at_most, zone_hour_at_most
from tests.unit.aws.price_list_server import PriceServer, ec2_hour, hosting, price_server, zone_hour

TOKYO = "ap-northeast-1"


@pytest.fixture
def prices(monkeypatch: pytest.MonkeyPatch) -> Iterator[PriceServer]:
    """A Price List API that boto3 finds by its own setting, with three types in Tokyo, and what else such a list holds."""
    for name, value in {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "no_proxy": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with price_server() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", server.url)
        server.products = [
            hosting("ml.m5.large", TOKYO, "0.1490000000"),
            hosting("ml.m5.large", "us-east-1", "0.1150000000"),
            hosting("ml.m5.large", TOKYO, "9.9900000000", "Training"),
            hosting("ml.p5.48xlarge", TOKYO, "123.4500000000"),
            zone_hour(TOKYO, "0.0140000000"),
            zone_hour(TOKYO, "0.0100000000", "APN1-VpcEndpoint-Bytes", "GB"),
            zone_hour(TOKYO, "0.0500000000", "APN1-VpcEndpoint-GWLBE-Hours"),
        ]
        yield server


def test_the_hour_of_an_instance_type_is_that_of_hosting_in_the_region(prices: PriceServer) -> None:
    """Not of training, nor of another region; a type that no table bundles has a price as well. The line says where it is from."""
    listed = PriceList(TOKYO).of(["ml.m5.large", "ml.p5.48xlarge"])
    found = hour_at_most("ml.m5.large", TOKYO, {}, listed)
    assert found.usd_per_hour == 0.149
    assert found.origin.startswith("Price List API, 20")
    assert hour_at_most("ml.p5.48xlarge", TOKYO, {}, listed).usd_per_hour == 123.45
    assert {one["Field"]: one["Value"] for one in prices.asked[0]["Filters"]} == instance_filters(TOKYO, "ml.m5.large")


def test_the_hour_of_a_host_is_that_of_linux_on_shared_hardware(prices: PriceServer) -> None:
    """Not of Windows, of dedicated hardware, of a reservation that is not used, nor of what SageMaker calls the same."""
    prices.products += [
        ec2_hour("m5.large", TOKYO, "0.1240000000"),
        ec2_hour("m5.large", TOKYO, "0.2160000000", operatingSystem="Windows"),
        ec2_hour("m5.large", TOKYO, "0.3000000000", tenancy="Dedicated"),
        ec2_hour("m5.large", TOKYO, "0.0000000000", capacitystatus="AllocatedCapacityReservation"),
    ]
    listed = PriceList(TOKYO).of(["m5.large", "ml.m5.large"])
    assert {kind: price.usd_per_hour for kind, price in listed.instances.items()} == {"m5.large": 0.124, "ml.m5.large": 0.149}
    assert [one["ServiceCode"] for one in prices.asked] == ["AmazonEC2", "AmazonSageMaker"]


def test_the_hour_of_a_zone_is_that_of_interface_endpoints(prices: PriceServer) -> None:
    """Not the price of a gigabyte, nor of a load balancer's endpoint; found on whichever page."""
    prices.page = 1
    assert zone_hour_at_most(TOKYO, PriceList(TOKYO).of([], zone=True)).usd_per_hour == 0.014


def test_each_price_is_looked_up_once(prices: PriceServer) -> None:
    """A type that is not listed is not asked for again either."""
    listing = PriceList(TOKYO)
    for _ in range(3):
        listing.of(["ml.m5.large", "ml.c5.large"])
    assert len(prices.asked) == 2
    listing.of(["ml.m5.large", "ml.p5.48xlarge"])
    assert len(prices.asked) == 3


@pytest.mark.parametrize(
    ("refuses", "words"),
    [((400, "AccessDeniedException"), "AccessDeniedException; permit pricing:GetProducts"), ((500, "InternalErrorException"), "Internal")],
)
def test_a_list_that_does_not_answer_is_asked_no_more_and_its_silence_is_explained(
    prices: PriceServer, refuses: tuple[int, str], words: str
) -> None:
    """The bundled prices are taken instead, by their rule."""
    prices.refuses = refuses
    listing = PriceList(TOKYO)
    assert words in (listing.of(["ml.m5.large"]).silent or "")
    asked = len(prices.asked)
    listed = listing.of(["ml.m5.xlarge"])
    assert len(prices.asked) == asked
    assert hour_at_most("ml.m5.xlarge", TOKYO, {}, listed).usd_per_hour == 0.345


@pytest.mark.usefixtures("prices")
def test_nobody_there_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host without a way to the API plans with what is bundled."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        closed = free.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", f"http://127.0.0.1:{closed}")
    assert "EndpointConnectionError" in (PriceList(TOKYO).of(["ml.m5.large"]).silent or "")


@pytest.mark.parametrize("setting", [("AWS_PROFILE", "nobody"), ("AWS_ENDPOINT_URL", "nonsense")])
def test_a_setting_of_botos_that_cannot_be_used_is_no_error(monkeypatch: pytest.MonkeyPatch, setting: tuple[str, str]) -> None:
    """Whoever asks who the caller is says what is wrong with it."""
    monkeypatch.setenv(*setting)
    assert PriceList(TOKYO).of(["ml.m5.large"]).silent is not None


def test_the_api_is_asked_where_its_partition_has_it() -> None:
    """GovCloud has none; China's speaks of yuan, so nothing in US dollars is found there."""
    regions = {"eu-west-1": "us-east-1", "us-gov-west-1": None, "cn-north-1": "cn-northwest-1", "nowhere-1": None}
    assert {region: pricing_region(region) for region in regions} == regions
    assert "no Price List API is known for us-gov-west-1" in (PriceList("us-gov-west-1").of(["ml.m5.large"]).silent or "")


def test_a_price_in_another_currency_or_unit_is_none() -> None:
    """Only US dollars by the hour are."""
    filters = instance_filters(TOKYO, "ml.m5.large")
    for change in ({"pricePerUnit": {"CNY": "0.9"}}, {"unit": "GB"}, {"pricePerUnit": {"USD": "0.0000000000"}}):
        described = hosting("ml.m5.large", TOKYO, "0.149")
        next(iter(next(iter(described["terms"]["OnDemand"].values()))["priceDimensions"].values())).update(change)
        assert list(hourly_usd(described, filters)) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["product", "terms", "OnDemand", "attributes", "unit"]), inner)
    ),
    max_leaves=12,
)


@given(JSON)
def test_whatever_the_list_holds_is_read_without_an_error(described: Any) -> None:
    """A product that is none has no price."""
    assert list(hourly_usd(described, instance_filters(TOKYO, "ml.m5.large"))) == []
    assert list(hourly_usd(described, zone_filters(TOKYO))) == []


@given(st.decimals(Decimal("0.0001"), Decimal(10_000), places=10))
def test_a_listed_price_is_read_as_it_is_written(usd: Decimal) -> None:
    """All ten places of it."""
    described = json.loads(json.dumps(hosting("ml.m5.large", TOKYO, f"{usd:.10f}")))
    assert list(hourly_usd(described, instance_filters(TOKYO, "ml.m5.large"))) == [usd]
