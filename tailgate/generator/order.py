"""Order: all that the generator is told, as data. It holds no secret and crosses as one line of JSON."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tailgate.plan.expect import Expect
from tailgate.plan.load import Load, load_fields, load_from
from tailgate.targets import Address


@dataclass(frozen=True, slots=True)
class Order:
    """One load at one address.

    samples: where the samples file goes. connections: opened and warmed before the first due time; the pool grows
    beyond on demand. bounds_s: response-time bounds for which ticks count exceedances.
    """

    address: Address
    load: Load
    payload: bytes
    samples: Path
    expect: Expect | None = None
    connections: int = 8
    bounds_s: tuple[float, ...] = ()

    def to_json(self) -> str:
        """The order as one line."""
        return json.dumps(
            {
                "address": asdict(self.address),
                "load": load_fields(self.load),
                "payload": base64.b64encode(self.payload).decode(),
                "samples": str(self.samples),
                "expect": self.expect.fields() if self.expect else None,
                "connections": self.connections,
                "bounds_s": self.bounds_s,
            }
        )

    @classmethod
    def from_json(cls, line: str) -> Order:
        """The inverse of `to_json`."""
        raw = json.loads(line)
        return cls(
            address=Address(**raw["address"]),
            load=load_from(raw["load"]),
            payload=base64.b64decode(raw["payload"]),
            samples=Path(raw["samples"]),
            expect=Expect.from_fields(raw["expect"]) if raw["expect"] else None,
            connections=raw["connections"],
            bounds_s=tuple(raw["bounds_s"]),
        )
