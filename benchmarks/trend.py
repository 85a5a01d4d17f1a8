"""Trends of a thousand run files in a folder, as the command reads them and writes their lines."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.asking import PAYLOAD
from benchmarks.figures import Settings, Table, main, median_of
from tailgate import Budget, Case, ConstantRate, EndpointSpec
from tailgate.analysis.estimates import estimates
from tailgate.analysis.verdict import judge
from tailgate.reporting.run_file import Run, run_of, write_run
from tailgate.samples import RECORD, Header, Samples

FILES = 1_000
CASES = (1, 20)
RATE_PER_S, LASTED_S = 100.0, 60.0
COLUMNS = {
    "files": ("run files", "count"),
    "cases": ("cases", "count"),
    "files_kb": ("their size kB", "count"),
    "trend_s": ("`tailgate trend`, the process ms", "ms"),
    "trend_cpu_s": ("its processor time ms", "ms"),
}


def measure(settings: Settings) -> Table:
    """Made-up runs of 6 000 requests, of which each has a level of its own."""
    table = Table("trend", "A trend of a thousand runs", COLUMNS)
    files = 50 if settings.quick else FILES
    for cases in CASES:
        with tempfile.TemporaryDirectory() as folder:
            size = sum(_written(number, cases, Path(folder)) for number in range(files))
            labels = {"files": float(files), "cases": float(cases), "files_kb": size / 1e3}
            table.add(labels, median_of(settings, lambda folder=folder: _once(folder)))
    table.notes.append("The process is all of it, the interpreter's start included; of each case the newest fifty runs are shown.")
    return table


def _once(folder: str) -> dict[str, float]:
    began_s, began_cpu_s = time.perf_counter(), _children_s()
    subprocess.run([sys.executable, "-m", "tailgate", "trend", folder], check=True, capture_output=True)
    return {"trend_s": time.perf_counter() - began_s, "trend_cpu_s": _children_s() - began_cpu_s}


def _children_s() -> float:
    """Processor time of the processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _written(number: int, cases: int, folder: Path) -> int:
    """One run on disk; its size in bytes."""
    path = folder / f"{number:04}.json"
    write_run(_run(number, f"ranker-{number % cases}"), path)
    return path.stat().st_size


def _run(number: int, name: str) -> Run:
    case = Case(
        EndpointSpec(name),
        payload=PAYLOAD,
        load=ConstantRate(per_s=RATE_PER_S, for_s=LASTED_S, warmup_s=0),
        budget=Budget.of("p50 <= 50ms", "p99 <= 100ms", "error_rate <= 1%"),
    )
    samples = _samples(case, np.random.default_rng(number))
    started_at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
    provenance = {"target": "process", "vantage": "local", "started_at": started_at.isoformat(timespec="milliseconds")}
    made = run_of(case, judge(case, samples, target_kind="process"), estimates(samples), samples, provenance, samples_file="r.samples")
    return replace(made, provenance=made.provenance | {"session": str(number), "commit": f"{number:040x}"})


def _samples(case: Case, random: np.random.Generator) -> Samples:
    """Log-normal times at a level that varies by 3 % from run to run."""
    due_s = case.load.due_times()
    records = np.zeros(len(due_s), dtype=RECORD)
    records["due_s"], records["status"], records["bytes"], records["sent_after_s"] = due_s, 200, 16, 5e-5
    times_s = 0.02 * np.exp(0.03 * random.standard_normal() + 0.3 * random.standard_normal(len(due_s)))
    records["done_after_s"], records["first_byte_after_s"] = times_s, times_s - 1e-5
    return Samples(Header(len(due_s), 0.0, case.load.for_s, 1000.0, 1795340172.0, "synthetic", "http://127.0.0.1/ranker"), records)


if __name__ == "__main__":
    main(measure)
