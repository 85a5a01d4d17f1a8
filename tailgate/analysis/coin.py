"""The coin: what chance alone makes of the slow requests' arms, when the arms are alike. Exact, whatever the responses were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln


@dataclass(frozen=True, slots=True, eq=False)
class CoinLaw:
    """How many of `drawn` requests are of arm 1, when a fair coin told the arms of all and arm 1 got `second` of them.

    The hypergeometric law: given how many requests each arm got, every choice of them was equally likely (Fisher, The
    Design of Experiments, 1935, §11). Drift, bursts and dependence between responses do not enter. Conditioning on the
    arms' sizes, which say nothing of speed, beats the binomial law near the median and equals it in the tail.
    chances: of least, least + 1, …
    """

    mean: float
    least: int
    chances: NDArray[np.float64]

    @classmethod
    def of(cls, first: int, second: int, drawn: int) -> CoinLaw:
        """The law for `drawn` of first + second requests."""
        least, most = max(0, drawn - first), min(drawn, second)
        k = np.arange(least, most + 1, dtype=np.float64)
        log = -gammaln(k + 1) - gammaln(second - k + 1) - gammaln(drawn - k + 1) - gammaln(first - drawn + k + 1)
        chances = np.exp(log - log.max())
        return cls(drawn * second / (first + second), least, chances / chances.sum())

    def at_least(self, seen: int) -> float:
        """The chance of so many or more."""
        return min(1.0, float(self.chances[max(0, seen - self.least) :].sum()))

    def at_most(self, seen: int) -> float:
        """The chance of so many or fewer."""
        return min(1.0, float(self.chances[: max(0, seen - self.least + 1)].sum()))

    def p_value(self, seen: int, alternative: str) -> float:
        """Of the test that the arms are alike: one-sided where arm 1 is suspected to be slower, else twice the lesser side."""
        more = self.at_least(seen)
        return more if alternative == "greater" else min(1.0, 2 * min(more, self.at_most(seen)))

    def accepted(self, confidence: float) -> tuple[int, int]:
        """The least and the largest number that the two-sided test does not reject."""
        side = (1 - confidence) / 2 * (1 + 1e-12)
        low = int(np.searchsorted(np.cumsum(self.chances), side, side="right"))
        high = len(self.chances) - 1 - int(np.searchsorted(np.cumsum(self.chances[::-1]), side, side="right"))
        return self.least + min(low, len(self.chances) - 1), self.least + max(high, 0)
