"""Rate curve: an arrival rate that changes over time, and the arrivals that follow it. Pure, no clock."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of time, longer than none, in which the rate goes in a straight line from one value to another."""

    length_s: float
    from_per_s: float
    to_per_s: float

    @property
    def arrivals(self) -> float:
        """How many arrivals it holds in the mean: the area below the line."""
        return self.length_s * (self.from_per_s / 2 + self.to_per_s / 2)


@dataclass(frozen=True, slots=True)
class RateCurve:
    """A rate over time, piece by piece; it may jump between pieces.

    Arrivals are placed through the inverse of the rate's integral Λ(t): evenly where Λ reaches 0, 1, 2, …, or as a
    Poisson process at Λ⁻¹ of a Poisson process of rate 1 (the mapping theorem: Kingman, Poisson Processes, 1993, §2.3;
    Çinlar, Introduction to Stochastic Processes, 1975, §4.7). Unlike thinning (Lewis and Shedler 1979) this draws one
    number per arrival and throws none away. Given how many there are, the arrivals of the rate-1 process are
    independent and uniform (Kingman §2.4).
    """

    pieces: tuple[Piece, ...]

    @property
    def peak_per_s(self) -> float:
        """The highest rate."""
        return max(max(piece.from_per_s, piece.to_per_s) for piece in self.pieces)

    def arrivals_before(self, at_s: float) -> float:
        """Λ(at_s): how many arrivals there are before a time, in the mean."""
        total = 0.0
        for piece in self.pieces:
            if at_s <= 0:
                break
            share = min(1.0, at_s / piece.length_s)
            reached_per_s = piece.from_per_s + share * (piece.to_per_s - piece.from_per_s)
            total += share * piece.length_s * (piece.from_per_s + reached_per_s) / 2
            at_s -= piece.length_s
        return total

    def evenly(self) -> NDArray[np.float64]:
        """Arrivals without chance, ascending, shape (n,), seconds: before any time, Λ of them, rounded up."""
        import numpy as np

        return self._times(np.arange(math.ceil(self.arrivals - 1e-9), dtype=np.float64))

    def poisson(self, seed: int) -> NDArray[np.float64]:
        """Independent arrivals, ascending, shape (n,), seconds: the same for the same seed."""
        import numpy as np

        random = np.random.default_rng(seed)
        return self._times(np.sort(random.uniform(0.0, self.arrivals, random.poisson(self.arrivals))))

    @property
    def arrivals(self) -> float:
        """How many arrivals it holds in the mean."""
        return sum(piece.arrivals for piece in self.pieces)

    def _times(self, arrivals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Λ⁻¹, for arrivals counted from 0; those that rounding puts at the very end are dropped.

        Within a piece of rate r + s·x, the time x with r·x + s·x²/2 = c is 2c / (r + √(r² + 2sc)), which divides by
        nothing small where the rate is constant.
        """
        import numpy as np

        length_s, first, last, held = np.array([(p.length_s, p.from_per_s, p.to_per_s, p.arrivals) for p in self.pieces]).T
        end_s, ends = np.cumsum(length_s), np.cumsum(held)
        which = np.minimum(np.searchsorted(ends, arrivals, side="right"), len(ends) - 1)
        count = np.clip(arrivals - (ends - held)[which], 0.0, held[which])
        slope = ((last - first) / length_s)[which]
        speed = first[which] + np.sqrt(np.maximum(first[which] ** 2 + 2 * slope * count, 0.0))
        into_s = np.divide(2 * count, speed, out=np.zeros_like(count), where=speed > 0)
        due_s = (end_s - length_s)[which] + np.minimum(into_s, length_s[which])
        return np.asarray(due_s[due_s < end_s[-1]])
