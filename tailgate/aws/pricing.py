"""A region's prices from AWS's Price List API: an hour of an instance, behind an endpoint or of EC2, on demand, and of a VPC
endpoint's zone.

Permission: pricing:GetProducts. Its answers are texts of JSON, one for each product, of the form `aws_v1`: `product.attributes`,
and `terms.OnDemand`, a mapping of offers, each with its `priceDimensions`, each of these with `unit` and `pricePerUnit`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from threading import Lock
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from tailgate.aws.clients import open_client
from tailgate.aws.refusals import code_of
from tailgate.plan.prices import DEAREST_USD, Price, is_endpoints
from tailgate.plan.rates import Listed
from tailgate.plan.regions import partition_by_region

PREFERRED = "us-east-1"
"""Where the API is asked, in the partition that has it there: it answers for all regions, wherever it is asked."""

_UNITS = {"hrs", "hours", "hour"}
_MOST_PAGES = 20

Client = Callable[[str], Any]
"""A client of the service `pricing` in a region."""


class PriceList:
    """One region's prices, each looked up once in a session. Thread-safe. Raises nothing: what is not said stays unsaid, with the reason.

    Where the API does not answer once, it is not asked again.
    """

    def __init__(self, region: str, open_pricing: Client | None = None) -> None:
        self._region = region
        self._open = open_pricing or (lambda where: open_client("pricing", where, attempts=2))
        self._lock = Lock()
        self._listed = Listed({})

    def of(self, instance_types: Iterable[str], *, zone: bool = False) -> Listed:
        """What is listed of all types that it was ever asked for. zone: and of an interface VPC endpoint."""
        with self._lock:
            new = sorted(set(instance_types) - self._listed.asked)
            if self._listed.silent is None and (new or (zone and self._listed.zone is None)):
                self._listed = self._asked(new, zone=zone)
            return self._listed

    def _asked(self, new: list[str], *, zone: bool) -> Listed:
        listed = self._listed
        try:
            where = pricing_region(self._region)
            if where is None:
                return Listed(listed.instances, listed.zone, listed.asked, f"no Price List API is known for {self._region}")
            client = self._open(where)
            found = {kind: self._dearest(client, *_products_of(self._region, kind)) for kind in new}
            hour = self._dearest(client, "AmazonVPC", zone_filters(self._region)) if zone and listed.zone is None else listed.zone
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            return Listed(listed.instances, listed.zone, listed.asked, _reason(error))
        prices = {**listed.instances, **{kind: price for kind, price in found.items() if price is not None}}
        return Listed(prices, hour, listed.asked | set(new), None)

    def _dearest(self, client: Any, service: str, filters: Mapping[str, str]) -> Price | None:
        """The dearest hourly price on demand of all products that match: a bound has to hold whichever is billed."""
        usd = max((usd for product in _products(client, service, filters) for usd in hourly_usd(product, filters)), default=None)
        return None if usd is None else Price(float(usd), f"Price List API, {datetime.now(UTC):%Y-%m-%d}")


def pricing_region(region: str) -> str | None:
    """Where the API is asked about a region; None where its partition has none, or none that speaks of US dollars."""
    partition = partition_by_region().get(region, "")
    known: list[str] = botocore.session.get_session().get_available_regions("pricing", partition_name=partition) if partition else []
    return PREFERRED if PREFERRED in known else next(iter(sorted(known)), None)


def instance_filters(region: str, instance_type: str) -> dict[str, str]:
    """What products of an instance type behind a real-time endpoint have in common."""
    return {"regionCode": region, "component": "Hosting", "instanceName": instance_type}


def host_filters(region: str, instance_type: str) -> dict[str, str]:
    """What products of an EC2 instance as hosts are launched have in common: Linux, shared hardware, nothing reserved."""
    as_launched = {"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}
    return {"regionCode": region, "instanceType": instance_type, **as_launched}


def _products_of(region: str, instance_type: str) -> tuple[str, dict[str, str]]:
    """The service and the filters of an instance type's products."""
    if is_endpoints(instance_type):
        return "AmazonSageMaker", instance_filters(region, instance_type)
    return "AmazonEC2", host_filters(region, instance_type)


def zone_filters(region: str) -> dict[str, str]:
    """What products of VPC endpoints have in common; those by the hour have it in the end of their usage type."""
    return {"regionCode": region, "productFamily": "VpcEndpoint"}


def hourly_usd(product: object, filters: Mapping[str, str]) -> Iterator[Decimal]:
    """The prices by the hour, on demand and above nothing, of a product as the API describes it; none of one that is something else."""
    described = _table(product, "product")
    attributes = {"productFamily": described.get("productFamily"), **_table(described, "attributes")}
    if any(attributes.get(key) != value for key, value in filters.items()):
        return
    if filters.get("productFamily") == "VpcEndpoint" and not str(attributes.get("usagetype")).endswith("VpcEndpoint-Hours"):
        return
    for offer in _table(_table(product, "terms"), "OnDemand").values():
        for dimension in _table(offer, "priceDimensions").values():
            if str(_table(dimension).get("unit", "")).lower() in _UNITS:
                yield from _usd(_table(dimension, "pricePerUnit").get("USD"))


def _usd(text: object) -> Iterator[Decimal]:
    try:
        usd = Decimal(str(text))
    except InvalidOperation:
        return
    if usd.is_finite() and 0 < usd <= DEAREST_USD:
        yield usd


def _products(client: Any, service: str, filters: Mapping[str, str]) -> Iterator[object]:
    """Every product that the API lists, as a table. Raises ClientError, BotoCoreError."""
    wanted = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in filters.items()]
    pages = client.get_paginator("get_products").paginate(ServiceCode=service, Filters=wanted, FormatVersion="aws_v1")
    for number, page in enumerate(pages):
        yield from map(_read, page.get("PriceList", ()))
        if number + 1 >= _MOST_PAGES:
            return


def _read(text: object) -> object:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return None


def _table(within: object, key: str | None = None) -> dict[str, Any]:
    """A table, or the one under a key of it; an empty one where there is none."""
    table = within if isinstance(within, dict) else {}
    inner = table if key is None else table.get(key)
    return inner if isinstance(inner, dict) else {}


def _reason(error: Exception) -> str:
    said = code_of(error) if isinstance(error, ClientError) else type(error).__name__
    hint = "; permit pricing:GetProducts" if said.startswith("AccessDenied") else ""
    return f"the Price List API did not answer ({said}{hint})"
