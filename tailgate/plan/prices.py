"""Prices: what an instance costs an hour, as stated by whoever pays it, else from prices.toml beside this file. None is made up."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from tailgate.errors import PlanError
from tailgate.plan.checks import check_is, is_finite, shown
from tailgate.plan.instances import check_instance_type

DEAREST_USD = 10_000.0
"""Per hour: no instance costs a tenth of it; more is a price of something else."""

STATED = "as stated"


@dataclass(frozen=True, slots=True)
class Price:
    """Of one instance, USD per hour. origin: who says so."""

    usd_per_hour: float
    origin: str

    @property
    def stated(self) -> bool:
        """Whether whoever pays it said so; else it is an indicative one of the table's regions."""
        return self.origin == STATED


def price_of(instance_type: str, stated: Mapping[str, float]) -> Price:
    """The price of an instance type: the stated one, else the bundled one. Raises PlanError saying how to state it."""
    return Price(stated[instance_type], STATED) if instance_type in stated else bundled_price(instance_type)


def bundled_price(instance_type: str) -> Price:
    """The bundled price of an instance type, indicative, in `bundled_regions`. Raises PlanError saying how to state it."""
    table = _table()
    known = table["usd_per_hour"] if is_endpoints(instance_type) else table["host_usd_per_hour"]
    if instance_type not in known:
        raise PlanError(f"no price of {instance_type} is known; {how_to_state(instance_type)}")
    return Price(known[instance_type], f"indicative, {' and '.join(table['regions'])}, {table['dated']}")


def is_endpoints(instance_type: str) -> bool:
    """Whether it is a type of an endpoint's instances, `ml.…`, and none of EC2's own."""
    return instance_type.startswith("ml.")


def bundled_regions() -> tuple[str, ...]:
    """Where the bundled prices hold."""
    return tuple(_table()["regions"])


def most_of_data() -> Mapping[str, Any]:
    """The table `at_most`: bounds of what data and interface VPC endpoints cost."""
    table: Mapping[str, Any] = _table()["at_most"]
    return table


def check_price_in(region: str, instance_type: str, stated: Mapping[str, float]) -> None:
    """Refuse a bundled price in a region that it is not of. Raises PlanError saying how to state it."""
    if instance_type not in stated and region not in _table()["regions"]:
        bundled = " and ".join(_table()["regions"])
        raise PlanError(f"no price of {instance_type} in {region} is known, only in {bundled}; {how_to_state(instance_type)}")


def check_prices(what: str, prices: object) -> None:
    """Refuse what are no prices by instance type, USD per hour. Raises PlanError."""
    check_is(what, prices, Mapping, "a table of instance types and USD per hour, such as {'ml.m5.large': 0.115}")
    if isinstance(prices, Mapping):
        for instance_type, price in prices.items():
            check_instance_type(instance_type)
            if not is_finite(price) or not 0 < price <= DEAREST_USD:
                raise PlanError(f"{what}: '{instance_type}' is {shown(price)}; a price is USD per hour of one instance, above 0")


def how_to_state(instance_type: str) -> str:
    """What to write where no price is known."""
    if not is_endpoints(instance_type):
        known = ", ".join(_table()["host_usd_per_hour"])
        return f"permit pricing:GetProducts, so that its list can be asked, or take hosts of another type (--latency-host-type): {known}"
    return f"state it in USD per hour: prices = {{ \"{instance_type}\" = … }} in the plan, prices={{'{instance_type}': …}} of a Case"


@functools.cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(resources.files("tailgate.plan").joinpath("prices.toml").read_text(encoding="utf-8"))
