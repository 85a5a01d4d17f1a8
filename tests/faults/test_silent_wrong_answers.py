"""Where other tools report a wrong percentile and exit with 0, a run is right, or says that it cannot be trusted.

The cases are those of benchmarks/wrong_answers.py, on the same server, whose own record is the truth.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.asking import KEYS, PAYLOAD
from benchmarks.serving import Server
from tailgate import Budget, Case, ConstantRate, EndpointSpec
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.verdict import Verdict, judge
from tailgate.generator.drive import drive
from tailgate.generator.order import Order
from tailgate.samples import Samples
from tailgate.targets import Address

SERVICE_S = 0.005


@pytest.fixture
def server():
    """A server that takes 5 ms for each request."""
    with Server() as running:
        running.service(SERVICE_S)
        yield running


def driven(server: Server, folder: Path, load: ConstantRate, connections: int, timeout_s: float = 2.0) -> tuple[Samples, Verdict]:
    """What was measured, and what it means for a budget that the server keeps when nothing is amiss."""
    address = Address(url=server.url, region="us-east-1", network_path="public", timeout_s=timeout_s)
    samples = drive(Order(address, load, (PAYLOAD,), folder / "run.samples", connections=connections), environment=KEYS)
    case = Case(EndpointSpec("known-times"), payload=PAYLOAD, load=load, budget=Budget.of("p90 <= 400ms"))
    return samples, judge(case, samples.after_warmup(), target_kind="process")


@pytest.mark.parametrize("connections", [4, 64])
def test_a_stall_is_seen_in_full_however_small_the_pool(server: Server, tmp_path: Path, connections: int) -> None:
    """A second in which the server does nothing: the p99 is that of callers who come all the same, within a tenth."""
    server.stall(0.7, 1.0)
    samples, verdict = driven(server, tmp_path, ConstantRate(200, 3, 0), connections)
    true_s = server.truth().open_loop(200, 3, SERVICE_S)
    assert np.quantile(true_s, 0.99) > 100 * SERVICE_S
    assert np.quantile(samples.response_s, 0.99) == pytest.approx(np.quantile(true_s, 0.99), rel=0.1)
    assert verdict.outcome is Outcome.FAIL


def test_a_server_that_freezes_at_the_end_fails_the_run(server: Server, tmp_path: Path) -> None:
    """What was in flight when the load ended is counted, as exceedances: a third of the requests never came back."""
    server.freeze(1.0)
    samples, verdict = driven(server, tmp_path, ConstantRate(200, 1.5, 0), connections=32, timeout_s=1.0)
    assert len(samples) == 300
    assert int(samples.failed.sum()) == len(samples) - len(server.truth().rows)
    assert samples.failed.mean() == pytest.approx(1 / 3, rel=0.2)
    assert verdict.outcome is Outcome.FAIL


def test_a_generator_that_cannot_keep_the_rate_says_so(server: Server, tmp_path: Path) -> None:
    """Ten microseconds for each request are not enough for anybody's Python: no percentile of that run is a verdict."""
    samples, verdict = driven(server, tmp_path, ConstantRate(100_000, 0.5, 0), connections=64, timeout_s=0.5)
    assert len(samples) == samples.header.scheduled
    assert samples.faults == ()
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert any("send lag" in reason or "scheduled requests were sent" in reason for reason in verdict.reasons)


def test_the_servers_own_truth_is_what_it_was_told_to_do(server: Server, tmp_path: Path) -> None:
    """Service times are never shorter than asked for, cycled in their order, and each answer has its row."""
    server.service(0.004, 0.012)
    samples, _ = driven(server, tmp_path, ConstantRate(50, 1, 0), connections=8)
    rows = np.sort(server.truth().rows, order="read_s")
    took_s = rows["written_s"] - rows["read_s"]
    assert len(rows) == len(samples) == 50
    assert (took_s[::2] >= 0.004).all()
    assert (took_s[1::2] >= 0.012).all()
    assert (rows["arrived_s"] <= rows["read_s"]).all()
    assert np.median(took_s[1::2]) / np.median(took_s[::2]) == pytest.approx(3, rel=0.2)
