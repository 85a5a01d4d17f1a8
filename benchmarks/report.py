"""Reports of long runs: a million requests each, from run files to series, and to the whole page as a command writes it."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.asking import PAYLOAD
from benchmarks.figures import Settings, Table, main, median_of
from tailgate import Budget, Case, ConstantRate, EndpointSpec
from tailgate.analysis.estimates import estimates
from tailgate.analysis.verdict import judge
from tailgate.reporting import figures
from tailgate.reporting.run_file import Run, read_run, run_of, write_run
from tailgate.samples import RECORD, Error, Header, Samples

RATE_PER_S, REQUESTS = 1_000.0, 1_000_000
RUNS = (1, 14)
"""One, and as many as the default plan has cases."""

OF_ONE = (
    figures.percentile_curve,
    figures.complementary,
    figures.heat_map,
    figures.send_lag,
    figures.phases,
    figures.errors,
    figures.remotes,
)
ACROSS = (figures.instance_types, figures.path_differences, figures.rate_against_p99, figures.cost_against_p99, figures.history)
TYPES = [f"ml.m5.{size}" for size in ["large", "xlarge", "2xlarge", "4xlarge", "12xlarge", "24xlarge"]] + [
    f"ml.t2.{size}" for size in ["medium", "large", "xlarge", "2xlarge"]
]
COLUMNS = {
    "runs": ("runs of 10⁶ requests", "count"),
    "files_kb": ("run files kB", "count"),
    "series_s": ("read, and all series ms", "ms"),
    "page_s": ("`tailgate report`, the process ms", "ms"),
    "page_cpu_s": ("its processor time ms", "ms"),
    "page_kb": ("page kB", "count"),
}


def measure(settings: Settings) -> Table:
    """Made-up samples with bursts, outliers and failures; the record of them is what is read."""
    table = Table("report", "A report of runs of a million requests", COLUMNS)
    requests = 20_000 if settings.quick else REQUESTS
    with tempfile.TemporaryDirectory() as folder:
        made = _run(requests)
        paths = [_written(made, number, Path(folder)) for number in range(max(RUNS))]
        for many in RUNS:
            some = paths[:many]
            size = sum(path.stat().st_size for path in some)
            table.add({"runs": float(many), "files_kb": size / 1e3}, median_of(settings, lambda some=some: _once(some)))
    table.notes.append("Run files alone are read; the process is all of it, the interpreter's start included.")
    return table


def _once(paths: list[Path]) -> dict[str, float]:
    began_s = time.perf_counter()
    runs = [read_run(path) for path in paths]
    assert all(figure(run) is not None for run in runs for figure in OF_ONE)
    for across in ACROSS:
        across(runs)
    series_s = time.perf_counter() - began_s
    page = paths[0].with_suffix(".html")
    command = [sys.executable, "-m", "tailgate", "report", *map(str, paths), "-o", str(page)]
    began_s, began_cpu_s = time.perf_counter(), _children_s()
    subprocess.run(command, check=True, capture_output=True)
    took_s, cpu_s = time.perf_counter() - began_s, _children_s() - began_cpu_s
    return {"series_s": series_s, "page_s": took_s, "page_cpu_s": cpu_s, "page_kb": page.stat().st_size / 1e3}


def _children_s() -> float:
    """Processor time of the processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _run(requests: int) -> Run:
    """The record of so many requests, as a session makes it."""
    case = Case(
        EndpointSpec("ranker"),
        payload=PAYLOAD,
        load=ConstantRate(per_s=RATE_PER_S, for_s=requests / RATE_PER_S, warmup_s=0),
        budget=Budget.of("p50 <= 50ms", "p99 <= 100ms", "error_rate <= 1%"),
    )
    samples = _samples(case)
    verdict = judge(case, samples, target_kind="process")
    provenance = {"target": "process", "vantage": "local", "region": "us-east-1", "started_at": "2026-11-22T09:36:12.000+00:00"}
    return run_of(case, verdict, estimates(samples), samples, provenance, samples_file="ranker.samples")


def _samples(case: Case) -> Samples:
    """Log-normal times, every 50th second three times as slow, one in 10 000 a second long, one in 5 000 lost."""
    random = np.random.default_rng(7)
    due_s = case.load.due_times()
    records = np.zeros(len(due_s), dtype=RECORD)
    records["due_s"], records["status"], records["bytes"] = due_s, 200, 16
    records["sent_after_s"] = 5e-5 * np.exp(random.standard_normal(len(due_s)))
    times_s = 0.02 * np.exp(0.3 * random.standard_normal(len(due_s))) * np.where(due_s.astype(int) % 50 == 7, 3, 1)
    times_s[::10_000] += 1.0
    records["done_after_s"], records["first_byte_after_s"] = times_s, times_s - 1e-5
    records["error"][::5_000], records["status"][::5_000] = Error.TIMEOUT, 0
    header = Header(len(due_s), 0.0, case.load.for_s, 1000.0, 1795340172.0, "synthetic", "http://127.0.0.1/ranker")
    return Samples(header, records)


def _written(run: Run, number: int, folder: Path) -> Path:
    """The run on disk, on an instance type of its own."""
    kind = TYPES[number % len(TYPES)]
    name = f"ranker-{number}-{kind}"
    case = {**run.case, "id": name, "key": name, "name": f"ranker-{number // len(TYPES)}", "instance_type": kind}
    path = folder / f"{name}.json"
    write_run(replace(run, case=case), path)
    return path


if __name__ == "__main__":
    main(measure)
