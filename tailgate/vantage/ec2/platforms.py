"""Platforms: what a host is, as wheels name it, and whether what is installed here would run there."""

from __future__ import annotations

import platform as this_host
import re
import sys
from dataclasses import dataclass
from importlib.metadata import Distribution

GLIBC = (2, 34)
"""Of Amazon Linux 2023."""

_PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))
"""That Amazon Linux 2023 has as packages, `python3.11` and so on."""

_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
_MANYLINUX = re.compile(r"manylinux_(?P<major>\d+)_(?P<minor>\d+)_(?P<machine>\w+)|manylinux(?P<year>1|2010|2014)_(?P<old>\w+)")


@dataclass(frozen=True, slots=True)
class Platform:
    """machine: as wheels have it, such as `aarch64`. python: the version of CPython, such as `3.11`."""

    machine: str
    python: str

    @property
    def tags(self) -> list[str]:
        """Of the platforms whose wheels run there."""
        old = [f"manylinux{year}_{self.machine}" for year in ("2014", "2010", "1")]
        return [f"manylinux_{GLIBC[0]}_{minor}_{self.machine}" for minor in range(GLIBC[1], 4, -1)] + old


def platform_of(architecture: str) -> Platform:
    """Of hosts of an EC2 architecture: with this Python's version where Amazon Linux has that, else with the nearest that it has."""
    here = sys.version_info[:2]
    major, minor = here if here in _PYTHONS else max(_PYTHONS)
    return Platform(_MACHINES[architecture], f"{major}.{minor}")


def runs_there(found: Distribution, platform: Platform) -> bool:
    """Whether what is installed here of a distribution runs on that platform: its wheel was for any, or for one like that."""
    tags = [line.partition(":")[2].strip() for line in (found.read_text("WHEEL") or "").splitlines() if line.startswith("Tag:")]
    if tags and all(tag.endswith("-none-any") for tag in tags):
        return True
    is_like = sys.platform == "linux" and this_host.machine() == platform.machine and sys.implementation.name == "cpython"
    if not is_like or f"{sys.version_info[0]}.{sys.version_info[1]}" != platform.python:
        return False
    return any(_fits(tag.rpartition("-")[2], platform) for tag in tags)


def _fits(tag: str, platform: Platform) -> bool:
    read = _MANYLINUX.fullmatch(tag)
    if read is None:
        return tag == "any"
    if read["year"]:
        return read["old"] == platform.machine
    return read["machine"] == platform.machine and (int(read["major"]), int(read["minor"])) <= GLIBC
