"""Dependence: how many requests are worth one independent request.

Slow requests come in company, so n requests say less than n independent ones. The *design effect* is the variance of
the exceedance fraction over the variance that independence would give it (Kish, Survey Sampling, 1965, §5.4), measured
between blocks of whole seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, ndtri, stdtrit

from tailgate.analysis.counts import Counts

LEAST_BLOCKS = 10
"""Blocks of one length that a run must hold before their spread is looked at: below 10 s a run shows no dependence."""

LEAST_HISTORY = 5
"""Earlier runs that it takes to learn from them."""

LEAST_HISTORY_LENGTHS = 2
"""How many times as long as a run they must be together, to show trouble that is rarer than one run is long."""

_BLOCK_S = (1, 5, 10)
_PARTS = (20, 10)

_NOISE_LEVEL = 0.05
_LEAST_INFLATION, _LARGEST_INFLATION = 1.5, 5.0


class Spread(NamedTuple):
    """A design effect, at least 1, and the number of blocks that showed it (0: nothing above 1 was seen)."""

    effect: float
    blocks: int

    def cost(self, confidence: float) -> float:
        """Requests that are worth one independent request in a one-sided bound at `confidence`.

        The design effect is an estimate with blocks − 1 degrees of freedom, for which Korn & Graubard (Survey
        Methodology 24, 1998) widen by (t/z)². That factor is put on the part that was estimated, the excess over 1,
        so that a run without any sign of dependence is judged by Clopper and Pearson's exact bounds.
        """
        if self.blocks < 2:
            return self.effect
        level = max(confidence, 1 - confidence, 0.75)  # at one half both quantiles are 0; their ratio hardly moves there
        return 1.0 + (self.effect - 1.0) * float(stdtrit(self.blocks - 1, level) / ndtri(level)) ** 2


INDEPENDENT = Spread(1.0, 0)


def spread_of(counts: Counts) -> Spread:
    """The largest design effect over blocks of 1 s, 5 s, 10 s, a twentieth and a tenth of the run."""
    worst = INDEPENDENT
    for block_s in _block_lengths(len(counts.requests)):
        requests, exceedances = _blocks(counts, block_s)
        observed, expected = _deviation(requests, exceedances)
        if expected > 0 and observed > expected * max(worst.effect, 1 + 1e-9):
            worst = Spread(float(observed / expected), int(np.count_nonzero(requests)))
    return worst


class Lesson(NamedTuple):
    """What earlier runs teach: the least design effect of a PASS, and whether they were enough to stop early by one."""

    floor: float
    enough: bool


def lesson_of(history: Sequence[Counts], allowed: float, length_s: float) -> Lesson:
    """Learn from earlier runs what a run of this length must reckon with; fewer than LEAST_HISTORY teach nothing."""
    if len(history) < LEAST_HISTORY:
        return Lesson(1.0, enough=False)
    together_s = sum(len(run.requests) for run in history)
    return Lesson(floor_of(history, allowed), together_s >= LEAST_HISTORY_LENGTHS * length_s)


def floor_of(history: Sequence[Counts], allowed: float) -> float:
    """The least design effect that a PASS must reckon with, from at least LEAST_HISTORY earlier runs.

    The larger of the pooled in-run design effect and the one between runs, of which the part that chance alone would
    show in 19 of 20 histories is taken off. A case gets burstier as it nears its budget, in proportion where its spells
    stay as long and as many and each takes more requests with it; so the excess is inflated by 1.5 where the history was
    half as bad as the budget allows, by as much more as it was better, and by 5 at the most.
    """
    totals = np.array([run.total for run in history], dtype=np.float64)
    exceeded = np.array([run.exceeded for run in history], dtype=np.float64)
    fraction = float(exceeded.sum() / totals.sum())
    if not 0 < fraction < 1:
        return 1.0
    observed, expected = _deviation(totals, exceeded)
    between = len(history) - 1
    noise = float(chdtri(between, _NOISE_LEVEL)) / between - 1.0
    effect = max(1.0, _pooled(history), float(observed / expected) - noise)
    return 1.0 + (effect - 1.0) * min(_LARGEST_INFLATION, _LEAST_INFLATION * max(1.0, allowed / fraction / 2))


def _pooled(history: Sequence[Counts]) -> float:
    """The largest design effect within runs, each block length's deviations summed over all of them."""
    of_length: dict[int, list[Counts]] = {}
    for run in history:
        of_length.setdefault(len(run.requests), []).append(run)
    sums: dict[int, NDArray[np.float64]] = {}
    for seconds, runs in of_length.items():
        together = Counts(np.stack([run.requests for run in runs]), np.stack([run.exceedances for run in runs]))
        for block_s in _block_lengths(seconds):
            sums[block_s] = sums.get(block_s, np.zeros(2)) + [each.sum() for each in _deviation(*_blocks(together, block_s))]
    return max((float(observed / expected) for observed, expected in sums.values() if expected > 0), default=1.0)


def _block_lengths(seconds: int) -> list[int]:
    """Whole-second block lengths of which the run holds at least LEAST_BLOCKS."""
    lengths = {*_BLOCK_S, *(seconds // parts for parts in _PARTS)}
    return sorted(length for length in lengths if length and seconds // length >= LEAST_BLOCKS)


def _blocks(counts: Counts, block_s: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Requests and exceedances per block; of one run, or of several as rows of their own."""
    starts = np.arange(0, counts.requests.shape[-1], block_s)
    return np.add.reduceat(counts.requests, starts, axis=-1), np.add.reduceat(counts.exceedances, starts, axis=-1)


def _deviation(requests: NDArray[np.float64], exceedances: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Squared deviations of the blocks' exceedances from their share: as observed, and as independence expects.

    requests, exceedances: shapes (…, blocks) → (…). Given their total, independent exceedances fall into the blocks by
    the multivariate hypergeometric law, of which the expectation is p(1 − p)(N² − Σn²)/(N − 1): exact for blocks of
    unequal and of no requests, and 1 exceedance alone is never taken for a burst. Both are 0 below two requests.
    """
    total = requests.sum(axis=-1)
    share = exceedances.sum(axis=-1) / np.maximum(total, 1)
    observed = np.square(exceedances - share[..., None] * requests).sum(axis=-1)
    return observed, share * (1 - share) * (total**2 - np.square(requests).sum(axis=-1)) / np.maximum(total - 1, 1)
