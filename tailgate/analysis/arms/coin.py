"""The coin: what chance alone makes of the slow requests' arms, when the arms are alike. Exact, whatever the responses were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

RESOLVED = 1e-12
"""Chances are told no finer: they come out of a Fourier transform."""

_DEVIATIONS = 50
"""Beyond so many standard deviations to both sides together no chance is left to be told."""


@dataclass(frozen=True, slots=True, eq=False)
class CoinLaw:
    """How many of the slow requests are of arm 1, when a fair coin told the arms of all.

    Given how many requests of each stratum the coin gave to each arm, every choice of them was equally likely: within a
    stratum that is the hypergeometric law (Fisher, The Design of Experiments, 1935, §11), over all strata the law of
    the sum. Drift, bursts and dependence between responses do not enter; a coin whose fairness drifts does not either.
    chances: of least, least + 1, …
    """

    mean: float
    least: int
    chances: NDArray[np.float64]

    @classmethod
    def of(cls, first: ArrayLike, second: ArrayLike, slow: ArrayLike) -> CoinLaw:
        """The law for `slow` ones among first + second requests of the arms, one number or one per stratum."""
        columns = np.stack([np.atleast_1d(np.asarray(column, dtype=np.int64)) for column in (first, second, slow)])
        kinds, times = np.unique(columns[:, columns[2] > 0], axis=1, return_counts=True)
        if not len(times):
            return cls(0.0, 0, np.ones(1))
        one, other, drawn = kinds
        size = one + other
        mean = float((times * drawn * other / size).sum())
        variance = float((times * drawn * other * one * (size - drawn) / (size**2 * np.maximum(size - 1, 1))).sum())
        lowest = np.maximum(0, drawn - one)
        span = int((times * (np.minimum(drawn, other) - lowest)).sum()) + 1
        length = 1 << int(np.ceil(np.log2(min(span, _DEVIATIONS * variance**0.5 + 2 * size.max())))) if span > 1 else 1
        total = np.ones(length // 2 + 1, dtype=np.complex128)
        for chances, often in zip(_within_strata(one, other, drawn, lowest), times, strict=True):
            total *= np.fft.rfft(chances, length) ** often
        least = int((times * lowest).sum())
        first_shown = least if span <= length else int(mean) - length // 2
        summed = np.fft.irfft(total, length) if length > 1 else np.ones(1)
        return cls(mean, first_shown, np.roll(np.maximum(summed, 0.0), least - first_shown)[: min(span, length)])

    def at_least(self, seen: int) -> float:
        """The chance of so many or more."""
        return _told(self.chances[max(0, seen - self.least) :])

    def at_most(self, seen: int) -> float:
        """The chance of so many or fewer."""
        return _told(self.chances[: max(0, seen - self.least + 1)])

    def p_value(self, seen: int, alternative: str) -> float:
        """Of the test that the arms are alike: one-sided where arm 1 is suspected to be slower, else twice the lesser side."""
        more = self.at_least(seen)
        return more if alternative == "greater" else min(1.0, 2 * min(more, self.at_most(seen)))

    def accepted(self, confidence: float) -> tuple[int, int]:
        """The least and the largest number that the two-sided test does not reject."""
        side = (1 - confidence) / 2 + RESOLVED
        low = int(np.searchsorted(np.cumsum(self.chances), side, side="right"))
        high = len(self.chances) - 1 - int(np.searchsorted(np.cumsum(self.chances[::-1]), side, side="right"))
        return self.least + min(low, len(self.chances) - 1), self.least + max(high, 0)


def _within_strata(
    first: NDArray[np.int64], second: NDArray[np.int64], slow: NDArray[np.int64], lowest: NDArray[np.int64]
) -> NDArray[np.float64]:
    """For each kind of stratum the chances of its lowest number of arm 1, of one more, …; shape (kinds, longest)."""
    k = lowest[:, None] + np.arange(int((np.minimum(slow, second) - lowest).max()) + 1)
    ways = [k + 1, second[:, None] - k + 1, slow[:, None] - k + 1, (first - slow)[:, None] + k + 1]
    possible = np.minimum.reduce(ways) >= 1
    log = np.where(possible, -sum(gammaln(np.maximum(way, 1)) for way in ways), -np.inf)
    weights = np.exp(log - log.max(axis=1, keepdims=True))
    chances: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return chances


def _told(chances: NDArray[np.float64]) -> float:
    return min(1.0, max(RESOLVED, float(chances.sum())))
