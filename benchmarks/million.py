"""A million requests: what they cost on disk, in the parent's memory, and in time to analyse."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from pathlib import Path

from benchmarks.asking import KEYS, PAYLOAD
from benchmarks.figures import Settings, Table, main
from benchmarks.machine import cores
from benchmarks.serving import Server
from tailgate import Budget, Case, ConstantRate, EndpointSpec
from tailgate.analysis.estimates import estimates
from tailgate.analysis.verdict import judge
from tailgate.generator.drive import drive
from tailgate.generator.order import Order
from tailgate.targets import Address

RATE_PER_S, REQUESTS = 12_500.0, 1_000_000
COLUMNS = {
    "requests": ("requests", "count"),
    "file_mb": ("samples file MB", "count"),
    "parent_mb": ("parent's memory MB, peak", "count"),
    "analysis_s": ("analysis ms", "ms"),
    "outcome": ("verdict", "text"),
}


def measure(settings: Settings) -> Table:
    """One long run, driven, read and judged in this very process, whose peak memory is told."""
    table = Table("million", "A million requests in one run", COLUMNS)
    for_s = 2.0 if settings.quick else REQUESTS / RATE_PER_S
    case = Case(
        EndpointSpec("known-times"),
        payload=PAYLOAD,
        load=ConstantRate(per_s=RATE_PER_S, for_s=for_s, warmup_s=0),
        budget=Budget.of("p50 <= 50ms", "p99 <= 100ms", "error_rate <= 1%"),
    )
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        os.sched_setaffinity(0, {cores()[1]})  # inherited by the generator: the server's core stays the server's
        address = Address(url=server.url, region="us-east-1", network_path="public")
        samples = drive(Order(address, case.load, (PAYLOAD,), Path(folder) / "run.samples", connections=128), environment=KEYS)
        began_s = time.perf_counter()
        judged = samples.after_warmup()
        verdict, _ = judge(case, judged, target_kind="process"), estimates(judged)
        analysed_s = time.perf_counter() - began_s
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
    figures = {
        "requests": float(len(samples)),
        "file_mb": size / 1e6,
        "parent_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "analysis_s": analysed_s,
    }
    table.add({"outcome": verdict.outcome.name}, [figures])
    table.notes += verdict.reasons
    table.notes.append("Memory: the parent's own peak, numpy and scipy included.")
    return table


if __name__ == "__main__":
    main(measure)
