"""Load: how many requests are due, and when. Pure and seeded: due times need no clock."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from tailgate.errors import PlanError, nearest
from tailgate.plan.arrivals import ConstantRate, Poisson, Ramp, Steps
from tailgate.plan.checks import check_one_of
from tailgate.plan.closed_loop import ClosedLoop
from tailgate.plan.connections import KEPT_ALIVE, ConnectionProfile
from tailgate.plan.gaps import Gaps
from tailgate.plan.replay import Replay

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LOADS", "ClosedLoop", "ConstantRate", "Load", "Poisson", "Ramp", "Replay", "Steps", "load_facts", "load_fields", "load_from"]


class Load(Protocol):
    """How requests come about.

    `warmup_s` comes first and is not judged; `for_s` follows and is. In an open loop arrivals never wait for responses;
    in a closed one each waits for its caller's last.
    """

    arrival: ClassVar[str]
    open_loop: ClassVar[bool]

    @property
    def per_s(self) -> float | None:
        """The mean offered rate outside gaps, requests per second; None for a closed loop, which offers none."""
        ...

    @property
    def peak_per_s(self) -> float | None:
        """The highest offered rate, requests per second; None for a closed loop."""
        ...

    @property
    def expected_requests(self) -> float | None:
        """How many are due in the judged part, in the mean; None for a closed loop, where the answers decide."""
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

    @property
    def gaps(self) -> Gaps | None:
        """When it falls silent."""
        ...

    @property
    def wording(self) -> str:
        """How people read it, as the end of a sentence: `at 50/s`, `ramping 10 to 100/s`, `with 8 callers`."""
        ...

    def due_times(self) -> NDArray[np.float64]:
        """Due times in seconds from the run's start, ascending, all below warmup_s + for_s.

        Of a closed loop only each caller's first: the rest follows from the answers.
        """
        ...


@runtime_checkable
class WithFacts(Protocol):
    """A load that knows its own plain form for records."""

    def facts(self) -> dict[str, Any]:
        """All that makes it comparable, as plain values."""
        ...


AnyLoad = ConstantRate | Poisson | Ramp | Steps | Replay | ClosedLoop

LOADS: dict[str, type[AnyLoad]] = {kind.arrival: kind for kind in (ConstantRate, Poisson, Ramp, Steps, Replay, ClosedLoop)}


def load_from(given: Mapping[str, Any], folder: Path | None = None) -> AnyLoad:
    """Build a load from its plain form, as in a plan file or an order. Raises PlanError naming key and value.

    folder: what a replay's file is relative to, where that is not the folder of the calling file.
    """
    given = dict(given)
    arrival = given.pop("arrival", Poisson.arrival)
    check_one_of("load: arrival", arrival, LOADS)
    kind = LOADS[arrival]
    allowed = _keys(kind)
    for key in given:
        if key not in allowed:
            raise PlanError(f"load: unknown key '{key}' for arrival '{arrival}'{_meant(key, kind)}")
    for key, field in allowed.items():
        if field.default is MISSING and key not in given:
            raise PlanError(f"load: key '{key}' is missing; write for instance {kind.example}")
    if "connections" in given:
        given["connections"] = ConnectionProfile.of(given["connections"])
    if "gaps" in given:
        given["gaps"] = Gaps.of(given["gaps"])
    if folder is not None and isinstance(given.get("file"), str):
        given["file"] = folder / given["file"]
    return kind(**given)


def load_fields(load: Load) -> dict[str, Any]:
    """The plain form of a load, the inverse of `load_from`. What connections and gaps usually are is left out."""
    own = fields(load)  # type: ignore[arg-type]  # every Load is a dataclass; Protocols cannot say so
    plain: dict[str, Any] = {"arrival": load.arrival, **{field.name: getattr(load, field.name) for field in own}}
    for key, usual in (("connections", KEPT_ALIVE), ("gaps", None)):
        said = plain.pop(key)
        if said != usual:
            plain[key] = asdict(said)
    return plain


def load_facts(load: Load) -> dict[str, Any]:
    """The plain form for records: recorded arrivals by number and hash instead of one by one; of an arm, what it says itself."""
    if isinstance(load, WithFacts):
        return load.facts()
    facts = load_fields(load)
    if isinstance(load, Replay):
        offsets_s = facts.pop("offsets_s")
        facts |= {"offsets": len(offsets_s), "offsets_sha256": hashlib.sha256(struct.pack(f"<{len(offsets_s)}d", *offsets_s)).hexdigest()}
        facts["file"] = None if load.file is None else Path(load.file).name
    return facts


def load_text(load: Load) -> str:
    """What makes loads comparable, as one text: all of `load_facts` but the name of a file."""
    facts = {key: value for key, value in load_facts(load).items() if key != "file"}
    return " ".join(f"{key}={_text(value)}" for key, value in sorted(facts.items()))


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return "(" + " ".join(f"{key}={_text(inner)}" for key, inner in value.items()) + ")"
    if isinstance(value, tuple):
        return ",".join(map(_text, value))
    return f"{value:g}" if isinstance(value, float) else f"{value}"


def _meant(key: str, kind: type[AnyLoad]) -> str:
    """Which key was meant, or with which arrival it goes."""
    owners = [arrival for arrival, other in LOADS.items() if key in _keys(other)]
    if owners:
        return f"; it goes with arrival = {' or '.join(map(repr, owners))}"
    return nearest(key, [*_keys(kind), "arrival"])


def _keys(kind: type[AnyLoad]) -> dict[str, Field[Any]]:
    return {field.name: field for field in fields(kind)}
