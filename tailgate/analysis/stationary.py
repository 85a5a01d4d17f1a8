"""Stationary: whether an endpoint that is asked gently answers evenly by now, or is still getting faster.

A fresh endpoint's first answers are slow: code and weights are loaded when they are first needed, by each instance for itself.
What is compared are short windows of a gentle load: median and ninth decile of the last against those of the first of the
latest three. It tells that warming up is over, not that nothing will ever change: a drift slower than a tenth in three windows
passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from tailgate.samples import Samples

WINDOWS = 3
"""The latest that are compared: two would be a coin's toss, many would wait long."""

FALLS, LEAST_S = {"p50_s": 0.10, "p90_s": 0.25}, 0.001
"""By how much less the last window may take: a share of what the first took, and never less than a millisecond."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a load. from_s: since its beginning. p50_s, p90_s: response times of those answered, None where none was."""

    from_s: float
    n: int
    failed: int
    p50_s: float | None
    p90_s: float | None

    def fields(self) -> dict[str, float | int | None]:
        """The plain form, for the record."""
        return asdict(self)


def windows_of(samples: Samples, due_s: NDArray[np.float64], window_s: float) -> list[Window]:
    """A load's windows, by when requests were due, up to the first in which one has no outcome yet. due_s: of all, shape (n,)."""
    response_s, failed, expected = samples.response_s, samples.failed, np.bincount(_number_of(due_s, window_s))
    number_of = _number_of(samples.due_s, window_s)
    found: list[Window] = []
    for number, due in enumerate(expected):
        within = number_of == number
        if int(within.sum()) < due:
            break
        answered = response_s[within & ~failed]
        p50_s, p90_s = (float(value) for value in np.quantile(answered, (0.5, 0.9))) if len(answered) else (None, None)
        found.append(Window(number * window_s, int(within.sum()), int((within & failed).sum()), p50_s, p90_s))
    return found


def is_stationary(windows: Sequence[Window]) -> bool:
    """Whether the latest windows show no warming up: nothing failed, nothing was unanswered, and the last is hardly faster."""
    latest = windows[-WINDOWS:]
    if len(latest) < WINDOWS or any(window.failed or not window.n for window in latest):
        return False
    return all(_settled(getattr(latest[0], name), getattr(latest[-1], name), falls) for name, falls in FALLS.items())


def _number_of(due_s: NDArray[np.float64], window_s: float) -> NDArray[np.int64]:
    """The window of each; what is due at a window's end but for rounding is the next one's."""
    return np.floor(due_s / window_s + 1e-6).astype(np.int64)


def _settled(first_s: float | None, last_s: float | None, falls: float) -> bool:
    return first_s is not None and last_s is not None and first_s - last_s <= max(LEAST_S, falls * first_s)
