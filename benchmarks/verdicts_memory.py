"""What a history is worth: false PASS of one run at its budget, by how long earlier runs were, how many, and how good.

By `gate.sequential`, which stops a run early by PASS where its history allows, at the budget, where each PASS is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.figures import Settings, Table
from benchmarks.series import MODELS, PER_S, SIX
from benchmarks.verdicts_one_run import ALLOWED, draw
from tailgate.analysis.gate import sequential
from tailgate.analysis.outcome import Outcome

COLUMNS = {
    "run": ("a run of", "text"),
    "history": ("after earlier runs", "text"),
    "before": ("of × budget", "text"),
    **{model: (MODELS[model].title, "rate") for model in SIX},
    "seconds": ("mean s, all", "count"),
}
CONDITIONS = (
    (600, 0, 0, 0.0),
    (600, 5, 60, 0.5),
    (600, 20, 60, 0.5),
    (600, 5, 600, 0.2),
    (600, 5, 600, 0.5),
    (600, 5, 600, 1.0),
    (600, 20, 600, 0.5),
    (60, 0, 0, 0.0),
    (60, 5, 60, 0.5),
    (60, 20, 60, 0.5),
)
"""Seconds of the run, earlier runs, seconds of each, and their true exceedance fraction as a multiple of the budget's."""


def measure(settings: Settings) -> Sequence[Table]:
    """How often a run at its budget passes, for each history."""
    runs = 20 if settings.quick else 400
    table = Table("memory", "What a history is worth: false PASS at the budget", COLUMNS)
    for run_s, earlier, earlier_s, times in CONDITIONS[:: 4 if settings.quick else 1]:
        figures, seconds = {}, []
        for model in SIX:
            passed, after_s = passes(model, runs, run_s, earlier, earlier_s, times * ALLOWED)
            figures[model] = float(np.mean(passed))
            seconds += after_s
        labels = {
            "run": f"{run_s} s",
            "history": f"{earlier} × {earlier_s} s" if earlier else "none",
            "before": f"{times:g}" if earlier else "–",
        }
        table.add(labels, [{**figures, "seconds": float(np.mean(seconds))}])
    table.notes = [
        f"{runs} runs each: a share of 5 % has a standard error of {100 * (0.05 * 0.95 / runs) ** 0.5:.1f} points.",
        "A PASS without history, or with one that is shorter than twice the run, is provisional.",
    ]
    return [table]


def passes(model: str, runs: int, run_s: int, earlier: int, earlier_s: int, before: float) -> tuple[list[bool], list[int]]:
    """Whether each of so many runs at the budget passed, and after how many seconds it was decided."""
    random = np.random.default_rng([8, run_s, earlier, earlier_s, *model.encode()])
    counts = draw(model, random, runs, ALLOWED, run_s, each=100).exceedances
    known = draw(model, random, runs * earlier, before, earlier_s, each=100).exceedances if earlier else np.empty((0, 1), int)
    requests, requests_before = np.full(run_s, PER_S), np.full(earlier_s, PER_S)
    decisions = [
        sequential(
            requests,
            counts[run],
            allowed=ALLOWED,
            longest_s=run_s,
            history=[(requests_before, known[run * earlier + one]) for one in range(earlier)],
        )
        for run in range(runs)
    ]
    return [one.outcome is Outcome.PASS for one in decisions], [one.after_s or 0 for one in decisions]
