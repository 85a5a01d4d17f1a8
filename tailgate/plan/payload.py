"""Payload: the bytes that requests carry: one body, or a set of them, weighted and seeded, for one body measures a cache."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tailgate.errors import PlanError
from tailgate.plan.checks import LARGEST_SEED, check_is, is_finite, is_whole, shown
from tailgate.plan.naming import naming_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray

LARGEST_BYTES = 6_291_456
"""SageMaker's limit for the body of a synchronous invocation (InvokeEndpoint, service quotas)."""

MOST_PAYLOADS = 256
"""As many as a sample's payload column tells apart."""

_STREAM = 0x7061796C6F6164
"""Sets the choice of payloads apart from the arrivals, which may well have the same seed."""


@dataclass(frozen=True, slots=True)
class Payloads:
    """A set of bodies, of which each request carries one: chosen independently by weight, the same for the same seed.

    sources: bytes, or paths relative to the file that names them. weights: one per source, above 0, in any unit.
    """

    sources: tuple[bytes | str | Path, ...]
    weights: tuple[float, ...]
    seed: int = 1

    def __post_init__(self) -> None:
        check_is("payloads: sources", self.sources, (list, tuple), "a tuple of bytes and paths; write Payloads.of(['a.json', 'b.json'])")
        check_is("payloads: weights", self.weights, (list, tuple), "a tuple of numbers, one for each payload")
        if not 1 <= len(self.sources) <= MOST_PAYLOADS:
            raise PlanError(f"payloads: there are {len(self.sources)}; a set holds 1 to {MOST_PAYLOADS}")
        if len(self.weights) != len(self.sources):
            raise PlanError(f"payloads: {len(self.sources)} payloads have {len(self.weights)} weights; each needs one")
        for source, weight in zip(self.sources, self.weights, strict=True):
            if not is_finite(weight) or weight <= 0:
                raise PlanError(f"payloads: the weight of {_name(source)} is {shown(weight)}; it is a number above 0")
            if not isinstance(source, bytes | str | Path):
                raise PlanError(f"payloads: {shown(source)} is no payload; write bytes or a path")
        if math.isinf(sum(map(float, self.weights))):
            raise PlanError("payloads: the weights are too large to be added up; only their ratios matter, so divide them all")
        if not is_whole(self.seed, 0, LARGEST_SEED):
            raise PlanError(f"payloads: seed is {shown(self.seed)}; it is a whole number from 0 up, of 64 bits at most")
        folder = naming_folder()
        found = tuple(source if isinstance(source, bytes) else folder / source for source in self.sources)
        object.__setattr__(self, "sources", found)
        object.__setattr__(self, "weights", tuple(float(weight) for weight in self.weights))

    @classmethod
    def of(cls, sources: Mapping[bytes | str | Path, float] | Iterable[bytes | str | Path], *, seed: int = 1) -> Payloads:
        """`Payloads.of({"a.json": 3, "b.json": 1}, seed=7)`, or `Payloads.of(["a.json", "b.json"])` for equal weights.

        Raises PlanError.
        """
        if isinstance(sources, str | bytes) or not isinstance(sources, Iterable):
            raise PlanError(f"payloads: {shown(sources)} is no set; write Payloads.of(['a.json', 'b.json']), or weights by payload")
        weighted = dict(sources) if isinstance(sources, Mapping) else dict.fromkeys(sources, 1)
        return cls(tuple(weighted), tuple(weighted.values()), seed)

    def bodies(self, what: str) -> tuple[bytes, ...]:
        """All payloads' bytes, in order. Raises PlanError naming `what` when one cannot be had."""
        return tuple(read_payload(source if isinstance(source, bytes) else Path(source), what) for source in self.sources)


class PayloadChoice:
    """Which payload each request carries, one after another; drawn in pieces it is the same as drawn at once."""

    def __init__(self, weights: tuple[float, ...], seed: int, stream: int = 0) -> None:
        self._weights, self._seed = weights, (_STREAM, seed, stream)
        self._random: Generator | None = None

    def draw(self, requests: int) -> bytes:
        """The payload's index of each of the next requests, one byte each."""
        if len(self._weights) == 1:
            return bytes(requests)
        import numpy as np

        if self._random is None:
            self._random = np.random.default_rng(self._seed)
        indices: NDArray[np.intp] = np.searchsorted(self._edges(), self._random.random(requests), side="right")
        return indices.astype(np.uint8).tobytes()

    def _edges(self) -> NDArray[np.float64]:
        """Where in [0, 1) one payload ends and the next begins."""
        import numpy as np

        weights = np.array(self._weights, dtype=np.float64)
        return np.asarray(np.cumsum(weights / weights.sum())[:-1])


def read_payload(payload: bytes | Path, what: str) -> bytes:
    """The payload's bytes. Raises PlanError naming `what` when the file is absent, unreadable, or too large."""
    if isinstance(payload, Path):
        try:
            if payload.stat().st_size > LARGEST_BYTES:
                raise PlanError(_too_large(what, f"payload {payload}", payload.stat().st_size))
            return payload.read_bytes()
        except OSError as error:
            why = f"{error.strerror}; the path is relative to the file that names it"
            raise PlanError(f"{what}: payload {payload} cannot be read: {why}") from None
        except ValueError as error:  # what the file system cannot even be asked for
            raise PlanError(f"{what}: payload {shown(str(payload))}: no file can be called that: {error}") from None
    if len(payload) > LARGEST_BYTES:
        raise PlanError(_too_large(what, "the payload", len(payload)))
    return payload


def _too_large(what: str, payload: str, size_bytes: int) -> str:
    return f"{what}: {payload} has {size_bytes} bytes; SageMaker takes at most {LARGEST_BYTES} in one synchronous invocation"


def _name(source: object) -> str:
    return f"a payload of {len(source)} bytes" if isinstance(source, bytes) else shown(str(source))
