"""Two arms: the requests of one run, each told by a coin which of two addresses it went to. Checked once, where they come in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tailgate.errors import AnalysisError

_STRATUM, _LEAST_WITHIN = 50, 0.5
_BLOCKS = 40
_SHORTEST_BLOCK_S, _LONGEST_BLOCK_S = 5.0, 10.0
_LEAST_IN_BLOCK = 10


@dataclass(frozen=True, slots=True, eq=False)
class Arms:
    """One run's requests in due order, shapes (n,).

    second: whether a request went to arm 1. response_s: seconds, infinite for a request that failed. block: the stretch
    of the run in which it was due, from 0 up; what disturbs requests in company does so within a block. stratum: fifty
    requests or some more that follow each other, from 0 up; arms are compared within, so that drift and bursts of both
    arms cancel.
    """

    second: NDArray[np.bool_]
    response_s: NDArray[np.float64]
    block: NDArray[np.int64]
    stratum: NDArray[np.int64]

    @classmethod
    def of(cls, arm: ArrayLike, response_s: ArrayLike, due_s: ArrayLike | None) -> Arms:
        """Check the columns of a run. Raises AnalysisError naming the argument."""
        labels, times = _column(arm, "arm", "0 or 1 for each request"), _column(response_s, "response_s", "seconds")
        _same_length(times, "response_s", labels)
        _check(~np.isin(labels, (0, 1)), labels, "arm", "each request is of arm 0 or of arm 1")
        _check(np.isnan(times) | (times < 0), times, "response_s", "a time is a number from 0 up; a request that failed is infinite")
        second = labels == 1
        for which, held in ((0, len(second) - int(second.sum())), (1, int(second.sum()))):
            if not held:
                raise AnalysisError(f"arm holds no {which} among {len(second)} requests; both arms are measured in one run, by a coin")
        if due_s is None:
            return cls(second, times, _blocks_by_count(len(times)), _strata(second))
        due = _due(due_s, labels)
        in_order = np.argsort(due, kind="stable")
        strata = np.empty(len(times), dtype=np.int64)
        strata[in_order] = _strata(second[in_order])
        return cls(second, times, _blocks_by_time(due), strata)

    @property
    def requests(self) -> tuple[int, int]:
        """How many went to arm 0, and how many to arm 1."""
        return len(self.second) - int(self.second.sum()), int(self.second.sum())

    @property
    def blocks(self) -> int:
        """How many blocks the run has, not counting those without requests."""
        return int(self.block.max()) + 1

    def per_block(self, weights: NDArray[np.float64] | NDArray[np.bool_]) -> NDArray[np.float64]:
        """The sum of one weight per request in each block, shape (blocks,)."""
        return np.bincount(self.block, weights, minlength=self.blocks).astype(np.float64)

    def per_stratum(self, which: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many of such requests are in each stratum, shape (strata,)."""
        return np.bincount(self.stratum[which], minlength=int(self.stratum.max()) + 1)


def _strata(second: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Fifty requests or some more each, in due order; one for all where the arms do not alternate as a coin lets them.

    Σn₀n₁/n over strata is what comparisons within them rest on: of a coin's arms all but a fiftieth of the whole run's.
    """
    n = len(second)
    strata = np.arange(n) * max(1, n // _STRATUM) // n
    sizes, ones = np.bincount(strata), np.bincount(strata[second], minlength=int(strata[-1]) + 1)
    within, whole = float((ones * (sizes - ones) / sizes).sum()), float(second.mean() * (n - second.sum()))
    return strata if within > _LEAST_WITHIN * whole else np.zeros(n, dtype=np.int64)


def _due(due_s: ArrayLike, labels: NDArray[np.float64]) -> NDArray[np.float64]:
    due = _column(due_s, "due_s", "seconds")
    _same_length(due, "due_s", labels)
    _check(~np.isfinite(due), due, "due_s", "each request was due at some time")
    return due


def _blocks_by_time(due_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """Blocks of 5 to 10 s, the shorter the shorter the run; in runs below 50 s tenths of it. None is without requests."""
    since_s = due_s - due_s.min()
    lasted_s = float(since_s.max())
    block_s = min(max(lasted_s / _BLOCKS, _SHORTEST_BLOCK_S), _LONGEST_BLOCK_S, lasted_s / _LEAST_IN_BLOCK)
    if block_s <= 0:
        return np.zeros(len(due_s), dtype=np.int64)
    return np.unique(np.floor(since_s / block_s), return_inverse=True)[1].astype(np.int64)


def _blocks_by_count(requests: int) -> NDArray[np.int64]:
    """Up to forty blocks of as many consecutive requests, at least ten in each."""
    blocks = max(1, min(_BLOCKS, requests // _LEAST_IN_BLOCK))
    return np.arange(requests) * blocks // requests


def _column(values: ArrayLike, name: str, what: str) -> NDArray[np.float64]:
    try:
        column = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise AnalysisError(f"{name} is not a sequence of numbers: {what}") from None
    if column.ndim != 1:
        raise AnalysisError(f"{name} has {column.ndim} dimensions; it is one sequence: {what}")
    if not len(column):
        raise AnalysisError(f"{name} is empty; there is nothing to compare")
    return column


def _same_length(column: NDArray[np.float64], name: str, labels: NDArray[np.float64]) -> None:
    if len(column) != len(labels):
        raise AnalysisError(f"{name} has {len(column)} values, arm {len(labels)}; both are of the same requests, in due order")


def _check(wrong: NDArray[np.bool_], column: NDArray[np.float64], name: str, what: str) -> None:
    found = np.flatnonzero(wrong)
    if len(found):
        raise AnalysisError(f"{name}[{found[0]}] is {column[found[0]]:g}; {what}")
