"""Runs made up for trends: one a day, p99 as told, commits and versions as told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from tailgate.reporting.run_file import Run
from tests.unit.reporting.synthetic import case_of, run_from, samples_of

PLAIN = run_from(case_of(), samples_of(case_of()))
CASE = "ranker-ml.m5.large-public"


def noisy(seed: int, number: int, level_s: float = 0.04) -> list[float]:
    """Times that vary by 2 %."""
    random = np.random.default_rng(seed)
    return [float(value) for value in level_s * np.exp(0.02 * random.standard_normal(number))]


def commit_of(day: int) -> str:
    """Of the run of a day."""
    return f"{day:04}".ljust(40, "c")


def run_of(day: int, p99_s: float | None, name: str = "ranker", **provenance: Any) -> Run:
    """The run of a day, with a p99 that is known to 2 %; null is infinite."""
    low, high = (None, None) if p99_s is None else (p99_s * 0.98, p99_s * 1.02)
    own: dict[str, Any] = {"metric": "p99", "value": p99_s, "low": low, "high": high}
    estimates: list[Any] = [own if isinstance(one, dict) and one["metric"] == "p99" else one for one in PLAIN.estimates]
    facts = {
        "started_at": (datetime(2026, 9, 1, 9, tzinfo=UTC) + timedelta(days=day)).isoformat(timespec="milliseconds"),
        "vantage": "local",
        "session": f"s{day}",
        "commit": commit_of(day),
        "versions": {"botocore": "1.44.3"},
        "host": {"release": "6.1", "counters": {"cpu_s": day}},
        **provenance,
    }
    case = {**PLAIN.case, "id": str(PLAIN.case["id"]).replace("ranker", name), "key": str(PLAIN.case["key"]).replace("ranker", name)}
    bare = {**PLAIN.verdict, "checks": []}
    return replace(PLAIN, case=case, verdict=bare, estimates=estimates, provenance={**PLAIN.provenance, **facts})


def found(runs: list[Run]) -> list[tuple[Path, Run]]:
    """Each with a file of its own."""
    return [(Path(f"{place}.json"), run) for place, run in enumerate(runs)]
