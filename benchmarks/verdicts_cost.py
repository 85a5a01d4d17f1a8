"""What a verdict costs to reach: processor time of the gate's functions on 600 s of counts, with and without a history."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from benchmarks.figures import Settings, Table, measured
from benchmarks.series import PER_S
from benchmarks.verdicts_one_run import ALLOWED, BEFORE, LONGEST_S, REQUESTS, draw
from tailgate.analysis.gate import decide, sequential

COLUMNS = {"what": ("", "text"), "earlier": ("earlier runs of 600 s", "count"), "took_s": ("processor time, ms", "ms")}


def measure(settings: Settings) -> Sequence[Table]:
    """Median processor times at the budget, where all looks are taken."""
    return [measured(_measure, Settings(11 if settings.quick else 101))]


def _measure(settings: Settings) -> Table:
    table = Table("cost", f"What it takes to judge {LONGEST_S} s at {PER_S}/s, bursts, at the budget", COLUMNS)
    random = np.random.default_rng(2)
    counts = draw("bursts", random, 1, ALLOWED).exceedances[0]
    known = [(REQUESTS, earlier) for earlier in draw("bursts", random, 20, BEFORE).exceedances]
    for earlier in (0, 5, 20):
        asked = {"allowed": ALLOWED, "history": known[:earlier]}
        every = partial(sequential, REQUESTS, counts, longest_s=LONGEST_S, **asked)
        for what, judge in {"decide": partial(decide, REQUESTS, counts, **asked), "sequential, all looks": every}.items():
            table.add({"what": what, "earlier": earlier}, [{"took_s": _took_s(judge)} for _ in range(settings.repeats)])
    return table


def _took_s(judge: Callable[[], object]) -> float:
    began_s = time.process_time()
    judge()
    return time.process_time() - began_s
