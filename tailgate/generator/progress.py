"""Progress: what the samples say so far, from rows as they are written; for ticks, never for verdicts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tailgate.samples import RECORD, Error

_PER_DECADE = 232
"""Buckets per factor of ten: each is 1 % wide."""
_LEAST_S = 1e-6
_BUCKETS = 10 * _PER_DECADE  # from 1 µs to 10 000 s


class Progress:
    """Counts and quantiles over the judged rows, those due at or after the end of the warm-up.

    judged: how many. exceedances: per bound, how many failed or took longer. Quantiles come from a histogram, to 1 %.
    """

    def __init__(self, warmup_s: float, bounds_s: Sequence[float]) -> None:
        self.judged = 0
        self.exceedances = [0] * len(bounds_s)
        self._warmup_s, self._bounds_s = warmup_s, bounds_s
        self._histogram: NDArray[np.int64] = np.zeros(_BUCKETS, dtype=np.int64)

    def add(self, rows: bytes) -> None:
        """Count rows as they stand in a samples file."""
        records = np.frombuffer(rows, dtype=RECORD)
        records = records[records["due_s"] >= self._warmup_s]
        answered = records["done_after_s"][records["error"] == Error.NONE]
        self.judged += len(records)
        for index, bound_s in enumerate(self._bounds_s):
            self.exceedances[index] += len(records) - int(np.count_nonzero(answered <= bound_s))
        buckets = np.log10(np.maximum(answered, _LEAST_S) / _LEAST_S) * _PER_DECADE
        self._histogram += np.bincount(np.minimum(buckets.astype(np.int64), _BUCKETS - 1), minlength=_BUCKETS)

    def told(self) -> dict[str, object]:
        """What a tick says of it."""
        return {"p50_s": self.quantile(0.5), "p99_s": self.quantile(0.99), "judged": self.judged, "exceedances": self.exceedances}

    def quantile(self, share: float) -> float | None:
        """Response time that this share of the judged requests kept, seconds; infinite where it failed, None without any."""
        if not self.judged:
            return None
        rank = math.ceil(share * self.judged)
        cumulated = np.cumsum(self._histogram)
        if rank > cumulated[-1]:
            return math.inf
        bucket = int(np.searchsorted(cumulated, rank))
        return float(_LEAST_S * 10 ** ((bucket + 0.5) / _PER_DECADE))
