"""Capacity: how many generating processes a rate wants, from what the ones that ran could keep."""

from __future__ import annotations

import math

_BUSY_SHARE = 0.85
"""Of a core: a process that takes more has no time left to be punctual."""

_AIM_SHARE = 0.6
"""Of a core per process: at this share it keeps its schedule, with room for bursts."""


def workers_wanted(per_s: float, cpu_s_each: float, workers: int, cores_used: float) -> int | None:
    """How many processes should share a rate that `workers` of them did not keep; None where it is within their limit.

    cpu_s_each: processor time per request. cores_used: processor time per second, of all of them together: less than the
    rate takes where others used the cores as well.
    """
    if max(cores_used, per_s * cpu_s_each) < _BUSY_SHARE * workers:
        return None
    return max(workers + 1, math.ceil(per_s * cpu_s_each / _AIM_SHARE))
