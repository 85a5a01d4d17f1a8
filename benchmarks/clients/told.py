"""What the Locust clients share: their pace, and how their statistics get out at the end."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from locust import constant, constant_throughput, events
from locust.runners import WorkerRunner

PAYLOAD = Path(os.environ["BENCH_PAYLOAD"]).read_bytes()
PATH = os.environ["BENCH_PATH"]
CA = os.environ["BENCH_CA"]
HEADERS = {"Content-Type": "application/json"}


def pace() -> Callable[[Any], float]:
    """Each user's share of the rate, as Locust's page on wait times has it; without a rate, as fast as it can."""
    each = float(os.environ["BENCH_RATE_EACH"])
    return constant_throughput(each) if each else constant(0)


@events.quitting.add_listener
def _tell(environment: Any, **_: object) -> None:
    """The figures of the summary that Locust prints, from the same functions."""
    if isinstance(environment.runner, WorkerRunner):
        return
    total = environment.stats.total
    told = {
        "requests": total.num_requests,
        "failures": total.num_failures,
        "rate_per_s": total.total_rps,
        "p50_s": total.get_response_time_percentile(0.5) / 1e3,
        "p99_s": total.get_response_time_percentile(0.99) / 1e3,
    }
    Path(os.environ["BENCH_TOLD"]).write_text(json.dumps(told), encoding="utf-8")
