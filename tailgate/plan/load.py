"""Load: how many requests are due, and when. Pure and seeded: due times need no clock."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from tailgate.errors import PlanError, nearest
from tailgate.plan.connections import KEPT_ALIVE, ConnectionProfile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LONGEST_S = 24 * 3600.0


class Load(Protocol):
    """An arrival process: open loop, so arrivals never wait for responses.

    `warmup_s` comes first and is not judged; `for_s` follows and is.
    """

    arrival: ClassVar[str]

    @property
    def per_s(self) -> float:
        """The mean offered rate, requests per second."""
        ...

    @property
    def for_s(self) -> float:
        """How long the judged part lasts, seconds."""
        ...

    @property
    def warmup_s(self) -> float:
        """How long the part before it lasts, seconds."""
        ...

    @property
    def connections(self) -> ConnectionProfile:
        """How many requests a connection carries."""
        ...

    def due_times(self) -> NDArray[np.float64]:
        """Due times in seconds from the run's start, ascending, all below warmup_s + for_s."""
        ...


@dataclass(frozen=True, slots=True)
class ConstantRate:
    """One request every 1/per_s seconds."""

    per_s: float
    for_s: float
    warmup_s: float = 2.0
    connections: ConnectionProfile = field(default=KEPT_ALIVE, kw_only=True)

    arrival: ClassVar[str] = "constant"

    def __post_init__(self) -> None:
        _check(self)

    def due_times(self) -> NDArray[np.float64]:
        """Due times, shape (n,), seconds from the run's start: 0, 1/per_s, 2/per_s, …"""
        import numpy as np

        total = math.ceil((self.warmup_s + self.for_s) * self.per_s - 1e-9)
        return np.arange(total, dtype=np.float64) / self.per_s


@dataclass(frozen=True, slots=True)
class Poisson:
    """Independent arrivals at a mean rate: what many callers who do not know of each other look like."""

    per_s: float
    for_s: float
    warmup_s: float = 2.0
    seed: int = 1
    connections: ConnectionProfile = field(default=KEPT_ALIVE, kw_only=True)

    arrival: ClassVar[str] = "poisson"

    def __post_init__(self) -> None:
        _check(self)
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise PlanError(f"load: seed is {self.seed!r}; it is a whole number from 0 up")

    def due_times(self) -> NDArray[np.float64]:
        """Due times, shape (n,), seconds from the run's start; the same for the same seed.

        Given their number, the arrivals of a Poisson process are independent and uniform
        (Kingman, Poisson Processes, 1993, §2.4), so no running sum is needed.
        """
        import numpy as np

        random = np.random.default_rng(self.seed)
        length_s = self.warmup_s + self.for_s
        return np.sort(random.uniform(0.0, length_s, random.poisson(self.per_s * length_s)))


LOADS: dict[str, type[ConstantRate] | type[Poisson]] = {kind.arrival: kind for kind in (ConstantRate, Poisson)}


def load_from(fields: Mapping[str, Any]) -> ConstantRate | Poisson:
    """Build a load from its plain form, as in a plan file or an order. Raises PlanError naming key and value."""
    fields = dict(fields)
    arrival = fields.pop("arrival", "poisson")
    if arrival not in LOADS:
        raise PlanError(f"load: arrival is {arrival!r}{nearest(str(arrival), LOADS)}")
    kind = LOADS[arrival]
    allowed = kind.__dataclass_fields__
    for key in fields:
        if key not in allowed:
            raise PlanError(f"load: unknown key '{key}' for arrival '{arrival}'{nearest(key, [*allowed, 'arrival'])}")
    for key in ("per_s", "for_s"):
        if key not in fields:
            raise PlanError(f"load: key '{key}' is missing; write for instance {{ per_s = 100, for_s = 20 }}")
    if "connections" in fields:
        fields["connections"] = ConnectionProfile.of(fields["connections"])
    return kind(**fields)


def load_fields(load: Load) -> dict[str, Any]:
    """The plain form of a load, the inverse of `load_from`. Kept-alive connections, the default, are left out."""
    fields: dict[str, Any] = {"arrival": load.arrival, **asdict(load)}  # type: ignore[call-overload]  # every Load is a dataclass; Protocols cannot say so
    if load.connections == KEPT_ALIVE:
        del fields["connections"]
    return fields


def _check(load: Load) -> None:
    for key, least_open in (("per_s", True), ("for_s", True), ("warmup_s", False)):
        number = getattr(load, key)
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise PlanError(f"load: {key} is {number!r}; it is a number")
        if number < 0 or (least_open and number == 0):
            raise PlanError(f"load: {key} is {number}; it must be {'above' if least_open else 'at least'} 0")
    if load.warmup_s + load.for_s > LONGEST_S:
        raise PlanError(f"load: {load.for_s} s is longer than a day; for_s is in seconds")
