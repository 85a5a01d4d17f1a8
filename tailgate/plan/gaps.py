"""Gaps: silences in a load. Idle connections are dropped along the way, and the first request after a silence finds out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tailgate.errors import PlanError, nearest
from tailgate.plan.checks import is_finite, shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ROUNDING_S = 1e-9
"""What is due when a gap ends, give or take the rounding of its time, is due after it."""


@dataclass(frozen=True, slots=True)
class Gaps:
    """After each `every_s` of load, nothing is due for `gap_s`; counted from the end of the warm-up.

    What an arrival process has due in a gap is left out, so the load lasts as long as without gaps and holds fewer
    requests. The callers of a closed loop wait for the gap's end.
    """

    every_s: float
    gap_s: float

    def __post_init__(self) -> None:
        for key in ("every_s", "gap_s"):
            number = getattr(self, key)
            if not is_finite(number) or number <= 0:
                raise PlanError(f"load: gaps: {key} is {shown(number)}; it is a number of seconds above 0")

    @classmethod
    def of(cls, value: Any) -> Gaps:
        """From its plain form, `{ every_s = 5, gap_s = 65 }`. Raises PlanError."""
        if isinstance(value, cls):
            return value
        example = "write for instance { every_s = 5, gap_s = 65 }"
        if not isinstance(value, Mapping):
            raise PlanError(f"load: gaps is {shown(value)}; {example}")
        for key in value:
            if key not in cls.__dataclass_fields__:
                raise PlanError(f"load: gaps: unknown key '{key}'{nearest(str(key), cls.__dataclass_fields__)}")
        for key in cls.__dataclass_fields__:
            if key not in value:
                raise PlanError(f"load: gaps: key '{key}' is missing; {example}")
        return cls(**value)

    @property
    def wording(self) -> str:
        """How people read it: `silent for 65 s after every 5 s`."""
        return f"silent for {self.gap_s:g} s after every {self.every_s:g} s"

    def silent(self, at_s: NDArray[np.float64], start_s: float) -> NDArray[np.bool_]:
        """Whether each time lies in a gap, shape of at_s; the first stretch of load begins at start_s."""
        import numpy as np

        after_s = at_s - start_s + _ROUNDING_S
        return np.asarray((after_s >= 0) & (np.mod(after_s, self.every_s + self.gap_s) >= self.every_s))

    def end_of_silence(self, at_s: float, start_s: float) -> float:
        """The time itself, or the end of the gap that it lies in."""
        periods, phase_s = divmod(at_s - start_s + _ROUNDING_S, self.every_s + self.gap_s)
        return start_s + (periods + 1) * (self.every_s + self.gap_s) if periods >= 0 and phase_s >= self.every_s else at_s

    def stretches(self, start_s: float, end_s: float) -> Iterator[tuple[float, float]]:
        """The times between gaps, as (from, to), seconds."""
        number, period_s = 0, self.every_s + self.gap_s
        while (begins_s := start_s + number * period_s) < end_s:
            yield begins_s, min(end_s, begins_s + self.every_s)
            number += 1
