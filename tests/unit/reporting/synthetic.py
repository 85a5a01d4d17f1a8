"""Samples, runs and session folders made up for tests of what is written about them."""

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from tailgate import Budget, Case, ConstantRate, EndpointSpec
from tailgate.analysis.estimates import estimates
from tailgate.analysis.verdict import judge
from tailgate.reporting.run_file import Run, run_of, write_run
from tailgate.samples import RECORD, Error, Header, Samples, write_header

STARTED_AT = "2026-11-22T09:36:12.000+00:00"


def case_of(name: str = "ranker", per_s: float = 100, for_s: float = 20, warmup_s: float = 2, *limits: str) -> Case:
    """A case with a budget of three limits, unless told otherwise."""
    budget = Budget.of(*(limits or ("p50 <= 60ms", "p99 <= 120ms", "error_rate <= 5%")))
    return Case(EndpointSpec(name), payload=b"[]", load=ConstantRate(per_s, for_s, warmup_s), budget=budget)


def samples_of(case: Case, seed: int = 1, *, median_s: float = 0.02, failed: ArrayLike = ()) -> Samples:
    """A sample for each request of the case's load: response times log-normal, send lags of 50 µs.

    failed: which of the requests after the warm-up were lost on their connection, by number.
    """
    due_s = case.load.due_times()
    random = np.random.default_rng(seed)
    records = np.zeros(len(due_s), dtype=RECORD)
    records["due_s"] = due_s
    records["sent_after_s"] = 5e-5
    records["done_after_s"] = median_s * np.exp(0.3 * random.standard_normal(len(due_s)))
    records["first_byte_after_s"] = records["done_after_s"] - 1e-5
    records["bytes"], records["status"] = 16, 200
    records["connection"], records["request"] = np.arange(len(due_s)) % 4, np.arange(len(due_s)) // 4
    lost = np.flatnonzero(due_s >= case.load.warmup_s)[np.asarray(failed, dtype=np.int64)]
    records["error"][lost], records["status"][lost] = Error.CONNECTION_LOST, 0
    records["done_after_s"][lost] = records["first_byte_after_s"][lost] = np.nan
    header = Header(len(due_s), case.load.warmup_s, case.load.for_s, 1000.0, 1795340172.0, "synthetic", "http://127.0.0.1/ranker")
    return Samples(header, records)


def run_from(case: Case, samples: Samples, *, target: str = "emulated", test: str | None = None, started_at: str = STARTED_AT) -> Run:
    """The record of made-up samples, judged as real ones are."""
    judged = samples.after_warmup()
    provenance = {"target": target, "started_at": started_at, "region": "us-east-1"} | ({"test": test} if test else {})
    verdict = judge(case, judged, target_kind=target)
    return run_of(case, verdict, estimates(judged), samples, provenance, samples_file="ranker.samples")


def write_samples(samples: Samples, path: Path) -> None:
    """A samples file as the generator writes it."""
    with path.open("wb") as file:
        write_header(file, samples.header)
        file.write(samples.records.tobytes())


def written(run: Run, samples: Samples, folder: Path, stem: str = "ranker") -> Run:
    """Run and samples, both on disk."""
    write_samples(samples, folder / run.samples)
    return write_run(run, folder / f"{stem}.json")
