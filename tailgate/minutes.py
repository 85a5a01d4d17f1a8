"""Minutes: what a platform counted and timed of a variant's invocations by itself, minute by minute. Plain facts; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import NamedTuple

MINUTE_S = 60


class Stream(NamedTuple):
    """Whose invocations: those of one variant of one endpoint."""

    endpoint: str
    variant: str


@dataclass(frozen=True, slots=True)
class Minute:
    """What was told of one minute, or of several together; 0 where nothing was.

    invocations, errors_4xx, errors_5xx: counts. model_s, overhead_s: sums of the latencies, seconds; model_count, overhead_count:
    of how many invocations.
    """

    invocations: float = 0.0
    errors_4xx: float = 0.0
    errors_5xx: float = 0.0
    model_s: float = 0.0
    model_count: float = 0.0
    overhead_s: float = 0.0
    overhead_count: float = 0.0

    @property
    def mean_model_s(self) -> float | None:
        """How long the model took, on average; None where nothing was told."""
        return self.model_s / self.model_count if self.model_count else None

    @property
    def mean_overhead_s(self) -> float | None:
        """How long the platform took beside the model, on average; None where nothing was told."""
        return self.overhead_s / self.overhead_count if self.overhead_count else None


Told = Mapping[Stream, Mapping[int, Minute]]
"""By stream, what was told of each minute, by the second since 1970 in which it begins."""


def together(minutes: Iterable[Minute]) -> Minute:
    """Several minutes as one."""
    several = list(minutes)
    return Minute(*(sum(getattr(minute, field.name) for minute in several) for field in fields(Minute)))


def touched(first_s: float, last_s: float) -> range:
    """The beginnings of the whole minutes in which these moments lie, and of all between; seconds since 1970."""
    return range(int(first_s // MINUTE_S) * MINUTE_S, int(last_s // MINUTE_S) * MINUTE_S + 1, MINUTE_S)
