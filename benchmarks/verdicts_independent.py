"""Independent requests, at most 5 000 of them: the exact sequential test beside a fixed number of requests and beside peeking."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Settings, Table
from tailgate.analysis.gate import lower_bound, sequential, upper_bound
from tailgate.analysis.outcome import Outcome

ALLOWED, MOST, STEP = 0.01, 5000, 50
TIMES_BUDGET = (0.2, 0.5, 1.0, 1.05, 2.0, 5.0)
REQUESTS = np.full(MOST // STEP, STEP)
COLUMNS = {
    "times": ("× budget", "text"),
    "passed": ("PASS", "rate2"),
    "failed": ("FAIL", "rate2"),
    "requests": ("mean requests", "count"),
    "fixed_pass": ("fixed 5 000: PASS", "rate2"),
    "fixed_fail": ("FAIL", "rate2"),
    "peek_pass": ("peeking each 50: PASS", "rate2"),
    "peek_fail": ("FAIL", "rate2"),
    "point_pass": ("point estimate of 1 000: PASS", "rate2"),
}


def measure(settings: Settings) -> Sequence[Table]:
    """How often each says what, and the requests that it takes."""
    runs = 500 if settings.quick else 100_000
    table = Table("independent", "Independent requests, at most 5 000: an exact sequential test", COLUMNS)
    for times in TIMES_BUDGET:
        table.add({"times": f"{times:g}"}, [replicated(times * ALLOWED, runs)])
    table.notes = [f"{runs} replications each; a share of 5 % has a standard error of {100 * (0.05 * 0.95 / runs) ** 0.5:.2f} points."]
    return [table]


def replicated(fraction: float, runs: int, seed: int = 9) -> dict[str, float]:
    """Shares of outcomes, and mean requests of the sequential test, at a true exceedance fraction."""
    counts = np.random.default_rng(seed).binomial(STEP, fraction, (runs, len(REQUESTS)))
    decisions = [sequential(REQUESTS, one, allowed=ALLOWED, most_requests=MOST) for one in counts]
    seen = counts.cumsum(axis=1)
    most, least = _thresholds()
    good, bad = seen <= most, seen >= least
    # Whoever peeks stops at the first verdict that an uncorrected interval gives; without one the two argmax agree.
    first_good, first_bad = (np.where(said.any(axis=1), said.argmax(axis=1), len(REQUESTS)) for said in (good, bad))
    return {
        "passed": float(np.mean([one.outcome is Outcome.PASS for one in decisions])),
        "failed": float(np.mean([one.outcome is Outcome.FAIL for one in decisions])),
        "requests": float(np.mean([STEP * (one.after_s or 0) for one in decisions])),
        "fixed_pass": float(good[:, -1].mean()),
        "fixed_fail": float(bad[:, -1].mean()),
        "peek_pass": float((first_good < first_bad).mean()),
        "peek_fail": float((first_bad < first_good).mean()),
        "point_pass": float((seen[:, 1000 // STEP - 1] <= 1000 * ALLOWED).mean()),
    }


def _thresholds() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Per look, the most exceedances at which Clopper–Pearson passes at 95 % and the least at which it fails."""
    most, least = [], []
    for size in REQUESTS.cumsum():
        most.append(next((k - 1 for k in range(size + 1) if upper_bound(k / size, size, 0.95) > ALLOWED), size))
        least.append(next((k for k in range(size + 1) if lower_bound(k / size, size, 0.95) > ALLOWED), size + 1))
    return np.array(most), np.array(least)
