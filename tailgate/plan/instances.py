"""Instance types: which exist, and how many vCPUs they have. The rows are in instances.toml beside this file."""

from __future__ import annotations

import difflib
import functools
import tomllib
from importlib import resources

from tailgate.errors import PlanError
from tailgate.plan.checks import check_word

_VCPUS_OF_SIZE = {"medium": 1, "large": 2, "xlarge": 4}


@functools.cache
def vcpus_by_type() -> dict[str, int]:
    """Every known instance type with its number of vCPUs."""
    table = tomllib.loads(resources.files("tailgate.plan").joinpath("instances.toml").read_text(encoding="utf-8"))
    sizes = ((family, size) for family, row in table["families"].items() for size in row.split())
    by_rule = {f"ml.{family}.{size}": _vcpus(size) for family, size in sizes}
    return by_rule | dict(table["vcpus"])


def check_instance_type(instance_type: str) -> None:
    """Refuse what is no instance type of SageMaker's. Raises PlanError with the nearest spelling."""
    check_word("instance_type", instance_type)
    known = vcpus_by_type()
    if instance_type not in known:
        close = difflib.get_close_matches(f"ml.{instance_type.removeprefix('ml.')}", known, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else "; they are written like ml.m5.large"
        raise PlanError(f"instance type '{instance_type}' is not known{hint} (a newer one is a word more in plan/instances.toml)")


def _vcpus(size: str) -> int:
    return _VCPUS_OF_SIZE[size] if size in _VCPUS_OF_SIZE else 4 * int(size.removesuffix("xlarge"))
