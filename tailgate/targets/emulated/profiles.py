"""Profiles: what `profiles.toml` says of network paths and instance types, read and checked, in seconds.

Every number there is a pair of its value and its origin. The origin is checked as strictly as the value: a number that
does not say whether it is published or made up is refused.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tailgate.errors import PlanError, nearest
from tailgate.plan.case import NETWORK_PATHS
from tailgate.plan.instances import vcpus_by_type

SHIPPED = Path(__file__).with_name("profiles.toml")

_SECONDS_PER_MS = 1e-3
_LEAST_VCPUS = 2  # of a type that nobody knows


@dataclass(frozen=True, slots=True)
class Spread:
    """A duration: a minimum plus a log-normal extra with median `typical_extra_s` and shape `sigma`."""

    minimum_s: float
    typical_extra_s: float
    sigma: float

    def draw(self, random: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
        """`count` independent durations, in seconds."""
        return self.minimum_s + self.typical_extra_s * np.exp(self.sigma * random.standard_normal(count))


@dataclass(frozen=True, slots=True)
class Outlier:
    """A rare extra: with `probability`, something between `minimum_s` and `span_s` more, all equally likely."""

    probability: float
    minimum_s: float
    span_s: float

    def draw(self, random: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
        """`count` independent extras, in seconds; nearly all are 0."""
        struck = random.random(count) < self.probability
        return np.where(struck, self.minimum_s + self.span_s * random.random(count), 0.0)


@dataclass(frozen=True, slots=True)
class InstanceProfile:
    """One instance type. generic: it has no profile of its own, which whoever reports its numbers must say."""

    instance_type: str
    vcpus: int
    body: Spread
    generic: bool


@dataclass(frozen=True, slots=True)
class Profiles:
    """All that the profiles file says. floors: by network path."""

    floors: Mapping[str, Spread]
    outlier: Outlier
    instances: Mapping[str, InstanceProfile]
    generic_body: Spread

    def of(self, instance_type: str) -> InstanceProfile:
        """The type's own profile, or the generic one with the vCPUs that plan/instances.toml knows it to have."""
        own = self.instances.get(instance_type)
        return own or InstanceProfile(instance_type, vcpus_by_type().get(instance_type, _LEAST_VCPUS), self.generic_body, generic=True)

    def floor(self, network_path: str) -> Spread:
        """The floor of a network path. Raises PlanError when the file has none."""
        if network_path not in self.floors:
            raise PlanError(f"network path '{network_path}' has no profile{nearest(network_path, self.floors)}")
        return self.floors[network_path]


def load_profiles(path: Path | None = None) -> Profiles:
    """Read a profiles file; without a path, the one that ships.

    Raises PlanError naming file, key and value where it is not TOML, lacks a number, has one too many, or has one
    whose value or origin cannot be meant.
    """
    path = path or SHIPPED
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PlanError(f"{path}: the profiles cannot be read: {error}") from error
    return _Reader(path, tables).profiles()


def profiled_paths(path: Path | None = None) -> Collection[str]:
    """The network paths of which a profiles file tells times; all of them where it cannot be read, which the data plane will say."""
    try:
        return load_profiles(path).floors
    except PlanError:
        return NETWORK_PATHS


class _Reader:
    """Turns the file's tables into Profiles and keeps track of where it is, for the sake of its errors."""

    def __init__(self, path: Path, tables: Mapping[str, Any]) -> None:
        self._path = path
        self._tables = tables
        self._sources = tables.get("sources", {})

    def profiles(self) -> Profiles:
        known = ("sources", "network_path", "outlier", "instance_type", "generic")
        for table in self._tables:
            if table not in known:
                raise PlanError(f"{self._path}: [{table}] is not known{nearest(table, known)}")
        outlier = self._numbers("outlier", self._table("outlier"), "probability", "minimum_ms", "span_ms")
        if outlier["probability"] > 1:
            raise PlanError(f"{self._path}: [outlier] probability is {outlier['probability']}; it is between 0 and 1")
        return Profiles(
            floors={name: self._spread(f"network_path.{name}", table) for name, table in self._table("network_path").items()},
            outlier=Outlier(outlier["probability"], outlier["minimum_ms"] * _SECONDS_PER_MS, outlier["span_ms"] * _SECONDS_PER_MS),
            instances={name: self._instance(name, table) for name, table in self._table("instance_type").items()},
            generic_body=self._spread("generic", self._table("generic")),
        )

    def _table(self, name: str) -> Mapping[str, Any]:
        table = self._tables.get(name)
        if not isinstance(table, dict):
            raise PlanError(f"{self._path}: the table [{name}] is missing")
        return table

    def _instance(self, name: str, table: Any) -> InstanceProfile:
        where = f'instance_type."{name}"'
        numbers = self._numbers(where, table, "vcpus", "minimum_ms", "typical_extra_ms", "sigma")
        if numbers["vcpus"] < 1 or numbers["vcpus"] != int(numbers["vcpus"]):
            raise PlanError(f"{self._path}: [{where}] vcpus is {numbers['vcpus']}; it is a whole number from 1 up")
        return InstanceProfile(name, int(numbers.pop("vcpus")), _spread_of(numbers), generic=False)

    def _spread(self, where: str, table: Any) -> Spread:
        return _spread_of(self._numbers(where, table, "minimum_ms", "typical_extra_ms", "sigma"))

    def _numbers(self, where: str, table: Any, *keys: str) -> dict[str, float]:
        """Exactly these numbers of a table."""
        if not isinstance(table, dict):
            raise PlanError(f"{self._path}: [{where}] is {table!r}; it is a table")
        for key in table:
            if key not in keys:
                raise PlanError(f"{self._path}: [{where}] has the key '{key}'{nearest(key, keys)}")
        return {key: self._number(where, key, table.get(key)) for key in keys}

    def _number(self, where: str, key: str, pair: Any) -> float:
        """The value of a pair whose origin is stated."""
        match pair:
            case [int() | float() as value, str() as origin] if not isinstance(value, bool) and math.isfinite(value) and value >= 0:
                self._check_origin(where, key, origin)
                return float(value)
        raise PlanError(
            f'{self._path}: [{where}] {key} is {pair!r}; it is a pair of a number from 0 up and its origin, as [4.2, "made up"]'
        )

    def _check_origin(self, where: str, key: str, origin: str) -> None:
        kind, _, source = origin.partition(": ")
        if kind == "published" and source not in self._sources:
            raise PlanError(
                f"{self._path}: [{where}] {key} is published by '{source}', which [sources] lacks{nearest(source, self._sources)}"
            )
        if kind != "published" and not origin.startswith("made up"):
            raise PlanError(f"{self._path}: [{where}] {key} has the origin '{origin}'; it is 'published: SOURCE' or 'made up', then why")


def _spread_of(numbers: Mapping[str, float]) -> Spread:
    return Spread(numbers["minimum_ms"] * _SECONDS_PER_MS, numbers["typical_extra_ms"] * _SECONDS_PER_MS, numbers["sigma"])
