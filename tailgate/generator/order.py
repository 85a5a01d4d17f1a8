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
    beyond on demand. bounds_s: response-time bounds for which ticks count exceedances. workers: processes on this host
    that share the load, 1 for a single one without a master. joining: workers awaited from other hosts, at `master_bind`
    (`HOST:PORT`; without it the master is to be reached from this host only).
    """

    address: Address
    load: Load
    payload: bytes
    samples: Path
    expect: Expect | None = None
    connections: int = 8
    bounds_s: tuple[float, ...] = ()
    workers: int = 1
    joining: int = 0
    master_bind: str | None = None

    @property
    def distributed(self) -> bool:
        """Whether the load is divided among processes."""
        return self.workers + self.joining > 1 or self.joining > 0

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
                "workers": self.workers,
                "joining": self.joining,
                "master_bind": self.master_bind,
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
            workers=raw["workers"],
            joining=raw["joining"],
            master_bind=raw["master_bind"],
        )
