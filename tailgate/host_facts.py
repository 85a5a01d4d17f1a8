"""Host facts: what this host is, and which versions of what matters are installed on it."""

from __future__ import annotations

import functools
import os
import platform
from collections.abc import Mapping
from importlib import metadata

_PACKAGES = ("tailgate", "locust", "gevent", "boto3", "botocore", "moto", "numpy", "scipy", "pytest", "pytest-benchmark")


@functools.cache
def host() -> Mapping[str, object]:
    """Its system, kernel, machine, and number of CPUs."""
    return {"system": platform.system(), "release": platform.release(), "machine": platform.machine(), "cpus": os.cpu_count()}


@functools.cache
def versions() -> Mapping[str, str | None]:
    """Python's and each package's; None of one that is not installed."""
    return {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
