"""Compare: the difference between two runs that were measured one after the other.

What changed between the runs, the host's mood included, is in the difference: it is one *between runs*. Arms measured
in one run are another, sharper matter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from tailgate.analysis.quantiles import LEVEL, estimate_least, estimate_mean, estimate_quantile
from tailgate.errors import AnalysisError
from tailgate.samples import Samples
from tailgate.units import format_ms

QUANTILES = {"p50": 0.5, "p99": 0.99}

_LEAST_BLOCKS, _LONGEST_BLOCK_S = 20, 5
_GRID = 4096
_AT_ONCE = 250
_MINIMUM_RANK = 6


@dataclass(frozen=True, slots=True)
class Difference:
    """Second minus first, seconds, between runs.

    low_s, high_s: a 95 % interval; None where the runs do not bound it. difference_s: None where both are infinite,
    which failures make them.
    """

    metric: str
    first_s: float
    second_s: float
    difference_s: float | None
    low_s: float | None
    high_s: float | None

    def format(self) -> str:
        """As people read it: `p99 -3.2 ms [-4.0, -2.5] between runs`."""
        if self.difference_s is None:
            return f"{self.metric} not comparable: both are {format_ms(math.inf)}"
        low, high = (format_ms(end).removesuffix(" ms") if end is not None else "–" for end in (self.low_s, self.high_s))
        return f"{self.metric} {format_ms(self.difference_s)} [{low}, {high}] between runs"


def compare(first: Samples, second: Samples, *, seed: int = 1, replicates: int = 2000) -> tuple[Difference, ...]:
    """How min, mean, p50 and p99 of the response time differ between two judged runs; the same for the same seed.

    Mean, p50 and p99: block bootstrap (Künsch, Annals of Statistics 17, 1989) with fixed blocks of 1 to 5 s, whole
    runs resampled independently, percentile intervals stretched by t/z and √(m/(m − 1)) for m blocks, few as they
    are. min: the bootstrap of a minimum is inconsistent (Bickel & Freedman, Annals of Statistics 9, 1981, §6), so its
    interval reaches from each run's minimum to the other's sixth least minimum of a second: were the minima
    exponential above equal floors, either end would be crossed once in 2⁶. Raises AnalysisError for a run without
    samples.
    """
    random = np.random.default_rng(seed)
    runs = [_Run.of(samples, which, random, replicates) for samples, which in ((first, "first"), (second, "second"))]
    return (_least(*runs), *_bootstrapped(*runs))


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """One run's point estimates, its least minima of a second, and its replicates, shapes (replicates,)."""

    points: dict[str, float]
    minima: NDArray[np.float64]
    replicates: dict[str, NDArray[np.float64]]
    blocks: int

    @classmethod
    def of(cls, samples: Samples, which: str, random: np.random.Generator, replicates: int) -> _Run:
        if not len(samples):
            raise AnalysisError(f"the {which} run has no samples; there is nothing to compare")
        response_s = samples.response_s
        points = {"min": estimate_least(response_s).value, "mean": estimate_mean(response_s).value}
        points |= {name: estimate_quantile(response_s, q).value for name, q in QUANTILES.items()}
        second = np.maximum(0, np.floor(samples.due_s - samples.header.warmup_s)).astype(np.int64)
        minima = np.full(int(second.max()) + 1, np.inf)
        np.minimum.at(minima, second, response_s)
        block = second // _block_s(len(minima))
        blocks = int(block.max()) + 1
        drawn = random.multinomial(blocks, np.full(blocks, 1 / blocks), replicates).astype(np.float64)
        return cls(points, np.sort(minima), {"mean": _means(response_s, block, drawn), **_quantiles(response_s, block, drawn)}, blocks)


def _block_s(seconds: int) -> int:
    """Block length: as long as leaves 20 blocks, between 1 and 5 s."""
    return min(_LONGEST_BLOCK_S, max(1, seconds // _LEAST_BLOCKS))


def _means(response_s: NDArray[np.float64], block: NDArray[np.int64], drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of the answered requests in each replicate; `drawn` says how often each block is in it."""
    answered = np.isfinite(response_s)
    blocks = drawn.shape[1]
    sums = drawn @ np.bincount(block[answered], response_s[answered], minlength=blocks)
    counts = drawn @ np.bincount(block[answered], minlength=blocks)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)


def _quantiles(response_s: NDArray[np.float64], block: NDArray[np.int64], drawn: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Quantiles of each replicate, on a grid of at most _GRID of the run's values, all of them in smaller runs."""
    ordered = np.argsort(response_s, kind="stable")
    ranks = _grid(len(ordered))
    cell = np.empty(len(ordered), dtype=np.int64)
    cell[ordered] = np.searchsorted(ranks, np.arange(len(ordered)))
    cells = drawn.shape[1], len(ranks)
    held = np.bincount(block * len(ranks) + cell, minlength=math.prod(cells)).reshape(cells).astype(np.float64)
    values = response_s[ordered[ranks]]
    found: dict[str, list[NDArray[np.float64]]] = {name: [] for name in QUANTILES}
    for start in range(0, len(drawn), _AT_ONCE):  # bounds the memory to _AT_ONCE × _GRID numbers
        below = np.cumsum(drawn[start : start + _AT_ONCE] @ held, axis=1)
        for name, q in QUANTILES.items():
            rank = np.ceil(below[:, -1:] * q - 1e-9)
            found[name].append(values[np.minimum((below < rank).sum(axis=1), len(values) - 1)])
    return {name: np.concatenate(chunks) for name, chunks in found.items()}


def _grid(n: int) -> NDArray[np.int64]:
    """Ranks from 0, ascending to n − 1: half of them evenly spaced, half ever denser towards the tail."""
    if n <= _GRID:
        return np.arange(n)
    even = np.linspace(0, n - 1, _GRID // 2)
    tail = n - np.geomspace(n, 1, _GRID // 2)
    return np.unique(np.concatenate([even, tail]).round().astype(np.int64))


def _least(first: _Run, second: _Run) -> Difference:
    low, high = (
        (later.minima[0] - earlier.minima[_MINIMUM_RANK - 1] if len(earlier.minima) >= _MINIMUM_RANK else math.inf)
        for later, earlier in ((second, first), (first, second))
    )
    return _difference("min", first, second, float(low), -float(high))


def _bootstrapped(first: _Run, second: _Run) -> Iterator[Difference]:
    blocks = min(first.blocks, second.blocks)
    stretch = math.sqrt(blocks / (blocks - 1)) * float(stdtrit(blocks - 1, LEVEL) / ndtri(LEVEL)) if blocks > 1 else math.inf
    for name in ("mean", *QUANTILES):
        with np.errstate(invalid="ignore"):  # ∞ − ∞ where failures reach both: no bound, as below
            drawn = np.sort(second.replicates[name] - first.replicates[name])
            point = second.points[name] - first.points[name]
        low, high = (float(drawn[round(share * (len(drawn) - 1))]) for share in (1 - LEVEL, LEVEL))
        yield _difference(name, first, second, point + (low - point) * stretch, point + (high - point) * stretch)


def _difference(metric: str, first: _Run, second: _Run, low_s: float, high_s: float) -> Difference:
    one, other = first.points[metric], second.points[metric]
    both_infinite = math.isinf(one) and math.isinf(other)
    bounds = (end if math.isfinite(end) and not both_infinite else None for end in (low_s, high_s))
    return Difference(metric, one, other, None if both_infinite else other - one, *bounds)
