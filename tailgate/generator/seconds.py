"""Seconds: what each judged second of a load came to, told once, when nothing can change it any more.

A second is settled for a count when each request due in it has its outcome, or has waited so long without one that it
exceeds whatever comes. Counting a second before that would leave out its slowest requests; waiting for every outcome
would wait for the time-out of a server that hangs, long after a percentile's bound has been missed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tailgate.exceedances import Counted

Settled = list[tuple[list[int], list[int]]]
"""For each count, requests and exceedances in the seconds that are newly settled; the next ones follow on."""


class Seconds:
    """Counts the judged rows of one process by the second in which they were due.

    for_s: only whole seconds of the judged part are told; what is due in a last, partial one is not.
    """

    def __init__(self, warmup_s: float, for_s: float, counted: Sequence[Counted]) -> None:
        self._warmup_s, self._counted = warmup_s, counted
        self._seconds = int(for_s)
        self._requests = np.zeros(self._seconds, dtype=np.int64)
        self._exceedances = np.zeros((len(counted), self._seconds), dtype=np.int64)
        self._told = [0] * len(counted)
        self._looked_s = -math.inf

    def add(self, records: NDArray[np.void]) -> None:
        """Count rows, dtype RECORD, each of them once."""
        if not self._counted:
            return
        second = self._second_of(records["due_s"])
        ours = (second >= 0) & (second < self._seconds)
        np.add.at(self._requests, second[ours], 1)
        for index, counted in enumerate(self._counted):
            np.add.at(self._exceedances[index], second[ours & counted.of(records)], 1)

    def settled(self, now_s: float, open_due_s: NDArray[np.float64]) -> Settled:
        """What is settled since it was asked last. open_due_s: when each request was due that is due by now and has no row, shape (n,).

        Both on the run's clock. A request is late for good when it was at the last time it was asked: since then there has
        been time to read an answer that came before.
        """
        looked_s, self._looked_s = self._looked_s, now_s
        told: Settled = []
        for index, counted in enumerate(self._counted):
            late = open_due_s < looked_s - counted.certain_s
            until_s = min(now_s, float(open_due_s[~late].min(initial=math.inf)))
            told.append(self._tell(index, int(self._second_of(until_s)), open_due_s[late]))
        return told

    def _tell(self, index: int, until: int, late_due_s: NDArray[np.float64]) -> tuple[list[int], list[int]]:
        first, last = self._told[index], min(self._seconds, max(self._told[index], until))
        self._told[index] = last
        second = self._second_of(late_due_s) - first
        late = np.bincount(second[(second >= 0) & (second < last - first)], minlength=last - first)
        return (self._requests[first:last] + late).tolist(), (self._exceedances[index, first:last] + late).tolist()

    def _second_of(self, due_s: NDArray[np.float64] | float) -> NDArray[np.int64]:
        """The judged second in which each was due, below 0 in the warm-up; as `Samples.per_second` has it."""
        return np.floor(np.asarray(due_s) - self._warmup_s).astype(np.int64)


class Union:
    """The same over several workers: a second is settled when it is for each of them."""

    def __init__(self, counts: int, workers: int) -> None:
        self._told: list[Settled] = [[([], []) for _ in range(workers)] for _ in range(counts)]

    def add(self, worker: int, settled: Settled) -> None:
        """What one worker told."""
        for told, (requests, exceedances) in zip(self._told, settled, strict=True):
            told[worker][0].extend(requests)
            told[worker][1].extend(exceedances)

    def settled(self) -> Settled:
        """What all of them have told since it was asked last."""
        return [(_summed([one[0] for one in told]), _summed([one[1] for one in told])) for told in self._told]


def _summed(columns: list[list[int]]) -> list[int]:
    """The sums of the seconds that all columns have, which are taken out of them."""
    common = min(map(len, columns))
    sums = [sum(column[second] for column in columns) for second in range(common)]
    for column in columns:
        del column[:common]
    return sums
