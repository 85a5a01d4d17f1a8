"""Order: all that the generator is told, as data. It holds no secret and crosses as one line of JSON."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tailgate.plan.arms import check_open_loop
from tailgate.plan.expect import Expect
from tailgate.plan.load import Load, load_fields, load_from
from tailgate.plan.payload import PayloadChoice
from tailgate.targets import Address

if TYPE_CHECKING:
    from tailgate.exceedances import Counted


@dataclass(frozen=True, slots=True)
class Order:
    """One load at one address, or divided between two.

    payloads: bodies, one of which each request carries. payload_weights: how often each, in any unit; () for equally
    often. payload_seed: of the choice. samples: where the samples file goes. connections: opened and warmed before the
    first due time; the pool grows beyond on demand. counted: what ticks count of each second, beside its requests.
    workers: processes on this host that share the load, 1 for a single one without a master. joining: workers awaited
    from other hosts, at `master_bind` (`HOST:PORT`; without it the master is to be reached from this host only).
    second: another address, to which a fair coin sends each request instead, arm 1; arm_seed: of the coin. Each address has
    connections of its own, as many as the order says. Raises PlanError for a closed loop at two addresses.
    """

    address: Address
    load: Load
    payloads: tuple[bytes, ...]
    samples: Path
    payload_weights: tuple[float, ...] = ()
    payload_seed: int = 1
    expect: Expect | None = None
    connections: int = 8
    counted: tuple[Counted, ...] = ()
    workers: int = 1
    joining: int = 0
    master_bind: str | None = None
    second: Address | None = None
    arm_seed: int = 1

    def __post_init__(self) -> None:
        if self.second is not None:
            check_open_loop(self.load)

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The address of each arm."""
        return (self.address,) if self.second is None else (self.address, self.second)

    @property
    def timeout_s(self) -> float:
        """How long a request may take, seconds."""
        return max(address.timeout_s for address in self.addresses)

    @property
    def connect_timeout_s(self) -> float:
        """How long opening the first connections may take, seconds: the arms open theirs one after the other."""
        return sum(address.connect_timeout_s for address in self.addresses)

    @property
    def distributed(self) -> bool:
        """Whether the load is divided among processes."""
        return self.workers + self.joining > 1 or self.joining > 0

    def payload_choice(self, stream: int = 0) -> PayloadChoice:
        """Which payload each request carries, from the first on; each stream chooses independently of the others."""
        return PayloadChoice(self.payload_weights or (1.0,) * len(self.payloads), self.payload_seed, stream)

    def to_json(self) -> str:
        """The order as one line."""
        return json.dumps(
            {
                "address": asdict(self.address),
                "load": load_fields(self.load),
                "payloads": [base64.b64encode(payload).decode() for payload in self.payloads],
                "payload_weights": self.payload_weights,
                "payload_seed": self.payload_seed,
                "samples": str(self.samples),
                "expect": self.expect.fields() if self.expect else None,
                "connections": self.connections,
                "counted": [asdict(counted) for counted in self.counted],
                "workers": self.workers,
                "joining": self.joining,
                "master_bind": self.master_bind,
                "second": asdict(self.second) if self.second else None,
                "arm_seed": self.arm_seed,
            }
        )

    @classmethod
    def from_json(cls, line: str) -> Order:
        """The inverse of `to_json`."""
        from tailgate.exceedances import Counted  # numpy comes with it, and who makes orders need not pay for that

        raw = json.loads(line)
        return cls(
            address=Address(**raw["address"]),
            load=load_from(raw["load"]),
            payloads=tuple(base64.b64decode(payload) for payload in raw["payloads"]),
            payload_weights=tuple(raw["payload_weights"]),
            payload_seed=raw["payload_seed"],
            samples=Path(raw["samples"]),
            expect=Expect.from_fields(raw["expect"]) if raw["expect"] else None,
            connections=raw["connections"],
            counted=tuple(Counted(**counted) for counted in raw["counted"]),
            workers=raw["workers"],
            joining=raw["joining"],
            master_bind=raw["master_bind"],
            second=Address(**raw["second"]) if raw["second"] else None,
            arm_seed=raw["arm_seed"],
        )
