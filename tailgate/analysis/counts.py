"""Counts: requests and exceedances second by second, checked once where they come in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tailgate.errors import AnalysisError

History: TypeAlias = Sequence[tuple[ArrayLike, ArrayLike]]
"""Earlier runs of the same case against the same bound: (requests, exceedances) per second of each."""


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """One run's counts per second: requests and exceedances, shapes (seconds,), whole numbers kept as floats."""

    requests: NDArray[np.float64]
    exceedances: NDArray[np.float64]

    @classmethod
    def of(cls, requests: ArrayLike, exceedances: ArrayLike, where: str = "") -> Counts:
        """Check two columns of counts; `where` goes before the arguments' names. Raises AnalysisError naming the argument."""
        asked, exceeded = _column(requests, f"{where}requests"), _column(exceedances, f"{where}exceedances")
        if len(asked) != len(exceeded):
            raise AnalysisError(f"{where}exceedances has {len(exceeded)} seconds, {where}requests {len(asked)}; both count the same ones")
        wrong = exceeded > asked
        if wrong.any():
            second = int(wrong.argmax())
            count = f"{where}exceedances[{second}] is {exceeded[second]:.0f}"
            raise AnalysisError(f"{count}, more than that second's {asked[second]:.0f} requests; is the order (requests, exceedances)?")
        return cls(asked, exceeded)

    def until(self, seconds: int) -> Counts:
        """The first so many seconds."""
        return Counts(self.requests[:seconds], self.exceedances[:seconds])

    @property
    def total(self) -> int:
        """All requests."""
        return int(self.requests.sum())

    @property
    def exceeded(self) -> int:
        """All exceedances."""
        return int(self.exceedances.sum())

    @property
    def fraction(self) -> float:
        """Exceedances per request; 0 without requests."""
        return self.exceeded / self.total if self.total else 0.0


def counts_of(history: History | None) -> tuple[Counts, ...]:
    """The runs of a history that hold requests. Raises AnalysisError naming the run."""
    if not isinstance(history, Iterable | None):
        raise AnalysisError("history is not a sequence of earlier runs, each a pair (requests, exceedances)")
    runs = []
    for number, pair in enumerate(() if history is None else history):
        try:
            requests, exceedances = pair
        except (TypeError, ValueError):
            raise AnalysisError(f"history[{number}] is not a pair (requests, exceedances)") from None
        runs.append(Counts.of(requests, exceedances, f"history[{number}]: "))
    return tuple(run for run in runs if run.total)


def check_share(value: float, name: str) -> None:
    """Refuse what is no fraction between 0 and 1, both excluded. Raises AnalysisError."""
    if not isinstance(value, int | float | np.number) or not 0 < value < 1:
        raise AnalysisError(f"{name} is {value!r}; it is a fraction between 0 and 1, both excluded, such as 0.01 or 0.95")


def _column(values: ArrayLike, name: str) -> NDArray[np.float64]:
    try:
        column = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise AnalysisError(f"{name} is not a sequence of counts, one per second") from None
    if column.ndim != 1:
        raise AnalysisError(f"{name} has {column.ndim} dimensions; it is one sequence of counts, one per second")
    sound = (column >= 0) & (column < np.inf) & (column == np.floor(column))
    if not sound.all():
        wrong = int(sound.argmin())
        raise AnalysisError(f"{name}[{wrong}] is {column[wrong]:g}; a count is a whole number from 0 up")
    return column
