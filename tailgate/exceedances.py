"""Exceedances: which requests exceed a limit, told from records alone, so that it can be counted while the load runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tailgate.samples import Error

_Columns = NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Counted:
    """What is counted of each second beside its requests. what: a key of EXCEEDS. bound_s: beyond which; None for a yes or no."""

    what: str
    bound_s: float | None = None

    def of(self, records: NDArray[np.void]) -> NDArray[np.bool_]:
        """Whether each request exceeds, shape (n,), from records with dtype RECORD."""
        return EXCEEDS[self.what](records, math.inf if self.bound_s is None else self.bound_s)

    @property
    def certain_s(self) -> float:
        """After so many seconds a request without an outcome exceeds, whatever its outcome will be; infinite where that decides."""
        return self.bound_s if self.what == RESPONSE and self.bound_s is not None else math.inf


def _slow(records: _Columns, bound_s: float) -> NDArray[np.bool_]:
    """Slower than the bound, counted from when it was due, or failed."""
    in_time = records["done_after_s"].astype(np.float64) <= bound_s  # not of one that never was done
    return np.asarray(~in_time | (records["error"] != Error.NONE))


def _failed(records: _Columns, _bound_s: float) -> NDArray[np.bool_]:
    return np.asarray(records["error"] != Error.NONE)


def _slow_to_begin(records: _Columns, bound_s: float) -> NDArray[np.bool_]:
    """The first byte later than the bound, counted from when the request was due, or failed."""
    in_time = records["first_byte_after_s"].astype(np.float64) <= bound_s
    return np.asarray(~in_time | (records["error"] != Error.NONE))


def _throttled(records: _Columns, _bound_s: float) -> NDArray[np.bool_]:
    return np.asarray(records["error"] == Error.THROTTLED)


RESPONSE, FIRST_BYTE, FAILED, THROTTLED = "response", "first_byte", "failed", "throttled"
EXCEEDS: dict[str, Callable[[_Columns, float], NDArray[np.bool_]]] = {
    RESPONSE: _slow,
    FIRST_BYTE: _slow_to_begin,
    FAILED: _failed,
    THROTTLED: _throttled,
}
"""By name, what can be counted."""
