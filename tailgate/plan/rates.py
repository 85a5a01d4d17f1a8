"""Rates: what an hour or a gigabyte is reckoned to cost at most. Where no list says it, the dearest that is known, and half as much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tailgate.plan.prices import STATED, Price, bundled_price, bundled_regions, most_of_data

UNKNOWN_REGION = 1.5
"""Times the dearest bundled price, where no list of a region is at hand: a rule and no promise, as some regions may be dearer."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a region's price list says: of instances by type, and of an hour of an interface VPC endpoint's zone, where it says that.

    asked: types that it was asked for. silent: why it says nothing, where it does not answer.
    """

    instances: Mapping[str, Price]
    zone: Price | None = None
    asked: frozenset[str] = frozenset()
    silent: str | None = None


NO_LIST = Listed({})


def hour_at_most(instance_type: str, region: str, stated: Mapping[str, float], listed: Listed = NO_LIST) -> Price:
    """What an hour of one instance costs at most: as stated, as listed, as bundled for the region, else the dearest bundled × 1.5.

    Raises PlanError, saying how to state it, for a type that nobody knows a price of.
    """
    if instance_type in stated:
        return Price(stated[instance_type], STATED)
    if instance_type in listed.instances:
        return listed.instances[instance_type]
    bundled = bundled_price(instance_type)
    return bundled if region in bundled_regions() else _dearer(bundled, region)


def host_hour_at_most(instance_type: str, region: str, listed: Listed = NO_LIST) -> Price:
    """What an hour of a host that load comes from costs at most: its instance, and disk, address and letters beside it.

    Raises PlanError for a type that nobody knows a price of.
    """
    instance, extras = hour_at_most(instance_type, region, {}, listed), exact(most_of_data()["host_extras_usd_per_hour"])
    usd = float(exact(instance.usd_per_hour) + extras)
    return Price(usd, f"{instance.origin}; of it {extras} for disk, address and letters")


def zone_hour_at_most(region: str, listed: Listed = NO_LIST) -> Price:
    """What an hour of an interface VPC endpoint costs in each of its zones, at most."""
    if listed.zone is not None:
        return listed.zone
    table = most_of_data()
    known = Price(table["zone_usd_per_hour"], f"dearest of {', '.join(table['zone_regions'])}")
    return known if region in table["zone_regions"] else _dearer(known, region)


def gigabyte_at_most(*, private_link: bool) -> Decimal:
    """What a gigabyte of requests or answers costs at most, USD: what SageMaker takes for data processed, and PrivateLink's beside it."""
    table = most_of_data()
    return exact(table["endpoint_usd_per_gb"]) + (exact(table["private_link_usd_per_gb"]) if private_link else 0)


def exact(usd: float) -> Decimal:
    """A price as it is written: 0.115 is 0.115, and not the nearest binary fraction."""
    return Decimal(repr(usd))


def _dearer(known: Price, region: str) -> Price:
    dearer = float(exact(known.usd_per_hour) * exact(UNKNOWN_REGION))
    return Price(dearer, f"no price of {region} is known: {UNKNOWN_REGION:g} × {exact(known.usd_per_hour)} ({known.origin})")
