"""Regions of AWS: which exist. The words are in regions.toml beside this file."""

from __future__ import annotations

import difflib
import functools
import tomllib
from importlib import resources

from tailgate.errors import PlanError


@functools.cache
def partition_by_region() -> dict[str, str]:
    """Every known region with its partition, such as aws or aws-cn."""
    table = tomllib.loads(resources.files("tailgate.plan").joinpath("regions.toml").read_text(encoding="utf-8"))
    return {region: partition for partition, row in table["partitions"].items() for region in row.split()}


def check_region(region: str, what: str = "region") -> None:
    """Refuse what is no region of AWS's; what: where it was said. Raises PlanError with the nearest spelling."""
    known = partition_by_region()
    if region not in known:
        close = difflib.get_close_matches(region.lower(), known, n=5)
        close.sort(key=lambda other: sorted(other) != sorted(region))  # us-esat-1 is as near to us-west-1 as to the one it is made of
        hint = f"; did you mean '{close[0]}'?" if close else "; regions are written like us-east-1"
        raise PlanError(f"{what} is '{region}', which is not known{hint} (a newer one is a word more in plan/regions.toml)")
