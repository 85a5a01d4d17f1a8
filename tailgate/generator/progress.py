"""Progress: what the samples say so far, from rows as they are written: quantiles for people, and what each second came to."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tailgate.exceedances import Counted
from tailgate.generator.seconds import Seconds, Settled
from tailgate.plan.load import Load
from tailgate.samples import RECORD, Error

_PER_DECADE = 232
"""Buckets per factor of ten: each is 1 % wide."""
_LEAST_S = 1e-6
_BUCKETS = 10 * _PER_DECADE  # from 1 µs to 10 000 s


_ANSWERED_BACK = (Error.THROTTLED, Error.NOT_READY, Error.MODEL_ERROR, Error.SERVER_ERROR)
_PUSHED_BACK = (*_ANSWERED_BACK, Error.CONNECT_FAILED, Error.CONNECTION_LOST, Error.TIMEOUT)
"""What an endpoint does that is asked too much; a request that is itself wrong is no sign of it."""


class Progress:
    """Counts and quantiles over the judged rows, those due at or after the end of the warm-up.

    judged: how many. pushed_back: of all rows, how many the endpoint throttled, failed or did not answer. Quantiles come from a
    histogram, to 1 %.
    """

    def __init__(self, load: Load, counted: Sequence[Counted]) -> None:
        self.judged = self.pushed_back = 0
        self._warmup_s, self._seconds = load.warmup_s, Seconds(load.warmup_s, load.for_s, counted)
        self._histogram: NDArray[np.int64] = np.zeros(_BUCKETS, dtype=np.int64)

    def add(self, rows: bytes) -> None:
        """Count rows as they stand in a samples file."""
        records = np.frombuffer(rows, dtype=RECORD)
        self.pushed_back += int(np.count_nonzero(np.isin(records["error"], _PUSHED_BACK)))
        records = records[records["due_s"] >= self._warmup_s]
        answered = records["done_after_s"][records["error"] == Error.NONE]
        self.judged += len(records)
        self._seconds.add(records)
        buckets = np.log10(np.maximum(answered, _LEAST_S) / _LEAST_S) * _PER_DECADE
        self._histogram += np.bincount(np.minimum(buckets.astype(np.int64), _BUCKETS - 1), minlength=_BUCKETS)

    def told(self) -> dict[str, object]:
        """What a tick says of it."""
        return {"p50_s": self.quantile(0.5), "p99_s": self.quantile(0.99), "judged": self.judged, "pushed_back": self.pushed_back}

    def settled(self, now_s: float, open_due_s: NDArray[np.float64]) -> Settled:
        """The seconds that are newly settled: see `Seconds.settled`."""
        return self._seconds.settled(now_s, open_due_s)

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
