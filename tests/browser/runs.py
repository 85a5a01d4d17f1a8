"""Runs made up so that a page of them has every figure, every outcome and every kind of name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tailgate import Case, ConstantRate
from tailgate.connection_table import CONNECTION
from tailgate.reporting.run_file import Run
from tailgate.samples import Error, Samples
from tests.unit.reporting.synthetic import case_of, run_from, samples_of

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "</script><script>alert(3)</script>",
    "\"double\" 'single' `back` & <!-- comment",
    "x" * 300,
    "emoji 😀🇩🇪 漢字",
    "مرحبا بالعالم \u202e and back",
    "{{ 7 * 7 }} ${7 * 7} javascript:alert(4)",
)
TYPES = ("ml.t2.medium", "ml.t2.xlarge", "ml.m5.large", "ml.m5.xlarge", "ml.m5.4xlarge", "ml.m5.24xlarge")
_BASE = case_of("ranker")


def every_figure() -> list[Run]:
    """Instance types, two arms, four rates, a history with a new level, failures, two addresses, and a split of CloudWatch's."""
    return [*_types(), *_rates(), *_history(), *_arms(), _troubled()]


def hostile() -> list[Run]:
    """A run for each name, which it carries wherever a record has one; and one whose answers failed."""
    return [_named(name) for name in HOSTILE]


def _types() -> list[Run]:
    medians_s = (0.031, 0.024, 0.026, 0.021, 0.017, 0.018)
    return [_run(_BASE.on(kind), place, median_s) for place, (kind, median_s) in enumerate(zip(TYPES, medians_s, strict=True))]


def _rates() -> list[Run]:
    cases = [_BASE.under(ConstantRate(per_s, 20, 0)) for per_s in (25, 50, 200, 400)]
    return [_run(case, 20 + place, 0.02 * (1 + place / 3)) for place, case in enumerate(cases)]


def _history() -> list[Run]:
    """Sixteen at one level, eight at another, beyond what the sixteen let expect."""
    case = case_of("search", 100, 10, 0)
    return [_run(case, 100 + place, 0.02 if place < 16 else 0.03, f"2026-11-{2 + place:02}T08:00:00.000+00:00") for place in range(24)]


def _arms() -> list[Run]:
    """Two paths in one run, and what was found of their difference."""
    labels: list[Any] = ["public", "privatelink"]
    medians_s = (0.022, 0.020)
    drawn = [_run(_BASE.on("ml.t2.xlarge").via(path), 60 + arm, medians_s[arm]) for arm, path in enumerate(labels)]
    differences: dict[str, Any] = {
        "p50": {"first_s": 0.022, "second_s": 0.020, "difference_s": -0.002, "low_s": -0.0023, "high_s": -0.0017, "p_value": 1e-7},
        "p99": {"first_s": 0.044, "second_s": 0.0405, "difference_s": -0.0035, "low_s": -0.009, "high_s": 0.0015, "p_value": 0.21},
    }
    cases: list[Any] = [str(run.case["id"]) for run in drawn]
    pairs: list[dict[str, Any]] = [{"arm": arm, "labels": labels, "cases": cases, "differences": differences} for arm in (0, 1)]
    return [replace(run, pair=pair) for run, pair in zip(drawn, pairs, strict=True)]


def _troubled() -> Run:
    """Over budget: a slow address, two kinds of failure, a stall; CloudWatch's split of its service time."""
    case = case_of("detector", 100, 20, 0, "p50 <= 60ms", "p99 <= 45ms", "error_rate <= 1%")
    samples = _with_connections(samples_of(case, failed=range(300, 340)))
    samples.records["error"][1500:1510] = Error.TIMEOUT
    stalled = np.floor(samples.due_s) == 9
    samples.records["done_after_s"][stalled] += 0.4
    split: dict[str, Any] = {"service_s": 0.0205, "network_s": 0.0025, "overhead_s": 0.003, "model_s": 0.015}
    return replace(run_from(case, samples), platform={"time": split})


def _with_connections(samples: Samples) -> Samples:
    """Four connections to two addresses, the second of which is slower."""
    table = np.zeros(4, dtype=CONNECTION)
    table["number"] = np.arange(4)
    first = np.array([int(np.flatnonzero(samples.records["connection"] == number)[0]) for number in range(4)])
    table["opened_s"] = samples.due_s[first] + 0.003
    table["dns_s"], table["tcp_s"], table["tls_s"] = 0.01, 0.001, 0.002
    table["remote"][:, 10:12] = 0xFF
    table["remote"][:, 12] = 10
    table["remote"][2:, 15] = 1
    samples.records["sent_after_s"][first] += 0.003
    samples.records["done_after_s"][samples.records["connection"] >= 2] *= 1.4
    return replace(samples, connections=table)


def _run(case: Case, seed: int, median_s: float, started_at: str = "2026-11-26T09:36:12.000+00:00") -> Run:
    return run_from(case, samples_of(case, seed, median_s=median_s), started_at=started_at)


def _named(name: str) -> Run:
    run = _troubled()
    address: dict[str, Any] = {"address": name, **{key: one for key, one in _first_remote(run).items() if key != "address"}}
    return replace(
        run,
        case={**run.case, "id": name, "name": name, "key": name, "instance_type": name, "network_path": name},
        verdict={**run.verdict, "explanation": name},
        provenance={**run.provenance, "test": name, "commit": name, "branch": name},
        wire={**run.wire, "remotes": [address]},
    )


def _first_remote(run: Run) -> dict[str, Any]:
    remotes = run.wire["remotes"]
    assert isinstance(remotes, list)
    assert isinstance(remotes[0], dict)
    return remotes[0]
