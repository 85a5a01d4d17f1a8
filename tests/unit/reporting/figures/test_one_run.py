"""What is drawn of one run beside its percentiles: over time, phases, errors, remote addresses."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailgate.connection_table import CONNECTION
from tailgate.reporting.figures import errors, heat_map, phases, remotes, send_lag
from tailgate.reporting.run_file import Run, read_run, write_run
from tailgate.samples import Error, Samples
from tests.unit.reporting.synthetic import case_of, run_from, samples_of

CASE = case_of()


def older(run: Run) -> Run:
    """As a version wrote it that knew no columns."""
    return replace(run, over_time={})


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sets(st.integers(0, 1999), max_size=60))
def test_a_heat_map_holds_every_answered_request(seed: int, failed: set[int]) -> None:
    """Of columns as of an older run's blocks: counts and failures add up to what was judged, within edges that cover them."""
    samples = samples_of(CASE, seed, failed=sorted(failed))
    response_s = samples.after_warmup().response_s
    run = run_from(CASE, samples)
    for drawn, column_s in ((heat_map(run), 1), (heat_map(older(run)), 10)):
        assert drawn is not None
        assert drawn.column_s == column_s
        assert sum(map(sum, drawn.counts)) == 2000 - len(failed)
        assert drawn.requests is not None
        assert drawn.failed is not None
        assert [sum(row) for row in drawn.counts] == [of - lost for of, lost in zip(drawn.requests, drawn.failed, strict=True)]
        assert {len(row) for row in drawn.counts} == {len(drawn.edges_s) - 1}
        assert drawn.edges_s[0] * 0.99 <= response_s.min()
        assert response_s[np.isfinite(response_s)].max() <= drawn.edges_s[-1] * 1.01


def test_a_stall_is_seen_where_it_was() -> None:
    """Seven hundred milliseconds in the ninth second: there, in the columns and in no other; in older runs, in its block."""
    samples = samples_of(CASE)
    during = np.floor(samples.due_s - 2) == 9
    samples.records["done_after_s"][during] += 0.7
    run = run_from(CASE, samples)
    drawn, blocks = heat_map(run), heat_map(older(run))
    assert drawn is not None
    assert blocks is not None
    assert [column for column, p50_s in enumerate(drawn.p50_s) if (p50_s or 0) > 0.5] == [9]
    assert [column for column, p99_s in enumerate(blocks.p99_s) if (p99_s or 0) > 0.5] == [0]


def test_failures_reach_into_a_blocks_percentiles() -> None:
    """A hundred of a block's thousand failed: it has no p99, and a p50 all the same."""
    drawn = heat_map(older(run_from(CASE, samples_of(CASE, failed=range(100)))))
    assert drawn is not None
    assert drawn.p99_s[0] is None
    assert drawn.p50_s[0] == pytest.approx(0.02, rel=0.2)
    assert drawn.failed == (100, 0)


def test_the_send_lag_is_told_by_column(run: Run) -> None:
    """The generator's own, of every second; an older run does not tell it."""
    lags = send_lag(run)
    assert lags is not None
    assert lags.column_s == 1
    assert lags.p50_s == lags.max_s == (5e-5,) * 20
    assert send_lag(older(run)) is None


def with_connections(samples: Samples) -> Samples:
    """Four connections to two addresses, each opened for its first request, that takes 1 ms of TCP and 2 ms of TLS."""
    table = np.zeros(4, dtype=CONNECTION)
    table["number"] = np.arange(4)
    first = np.array([int(np.flatnonzero(samples.records["connection"] == number)[0]) for number in range(4)])
    table["opened_s"] = samples.due_s[first] + 0.003
    table["dns_s"], table["tcp_s"], table["tls_s"] = 0.01, 0.001, 0.002
    table["remote"][:, 10:12] = 0xFF
    table["remote"][:, 12] = 10
    table["remote"][2:, 15] = 1
    samples.records["sent_after_s"][first] += 0.003
    return replace(samples, connections=table)


def test_the_mean_phases_add_up_to_the_mean_response_time(tmp_path: Path) -> None:
    """Lag, opening, send, wait and receive are layers of the recorded mean; names are resolved beside the load and are none."""
    case = case_of(warmup_s=0)
    samples = with_connections(samples_of(case, failed=[600]))
    drawn = phases(read_run(write_run(run_from(case, samples), tmp_path / "run.json").path or tmp_path))
    assert drawn is not None
    assert [layer.phase for layer in drawn.layers] == ["send lag", "tcp", "tls", "send", "wait", "receive"]
    assert math.fsum(layer.mean_s for layer in drawn.layers) == pytest.approx(drawn.mean_s, rel=1e-6)
    layers = {layer.phase: layer.mean_s for layer in drawn.layers}
    assert layers["tls"] == pytest.approx(4 * 0.002 / 1999, rel=1e-3)
    assert layers["send lag"] == pytest.approx(5e-5, rel=1e-2)
    assert {row.phase: row.requests for row in drawn.rows} == {"dns": 4, "tcp": 4, "tls": 4, "send": 1999, "wait": 1999, "receive": 1999}


def test_an_older_run_has_its_phases_percentiles_and_no_stack(run: Run) -> None:
    """Percentiles do not add up, so nothing is stacked of them."""
    told = run.wire["phases"]
    assert isinstance(told, dict)
    bare = {name: {key: value for key, value in one.items() if key != "mean_s"} for name, one in told.items() if isinstance(one, dict)}
    drawn = phases(replace(run, wire={**run.wire, "phases": {**bare}}))
    assert drawn is not None
    assert drawn.layers == ()
    assert [row.p99_s for row in drawn.rows if row.phase == "wait"] == [told["wait"]["p99_s"]]


def test_cloudwatchs_split_is_layers_of_the_service_time(run: Run) -> None:
    """Network, overhead and model where all three are known; a negative network is left as it is, as it says something."""
    known = {"service_s": 0.01, "network_s": -0.001, "overhead_s": 0.002, "model_s": 0.009}
    drawn = phases(replace(run, platform={"time": {**known}}))
    assert drawn is not None
    assert [(layer.phase, layer.mean_s) for layer in drawn.platform] == [("network", -0.001), ("overhead", 0.002), ("model", 0.009)]
    partly = phases(replace(run, platform={"time": {"network_s": 0.1}}))
    assert partly is not None
    assert partly.platform == ()


def test_errors_are_told_by_kind_and_second() -> None:
    """The most frequent first, with their share of all judged requests; when they were, to the second."""
    samples = samples_of(CASE, failed=[0, 1, 2, 1999])
    samples.records["error"][samples.records["due_s"] >= 21.9] = Error.TIMEOUT
    drawn = errors(run_from(CASE, samples))
    assert drawn is not None
    assert [(kind.kind, kind.requests, kind.share) for kind in drawn.kinds] == [("timeout", 10, 0.005), ("connection lost", 3, 0.0015)]
    assert drawn.per_second == (3, *(0,) * 18, 10)
    assert (drawn.judged, drawn.failed) == (2000, 13)


def test_each_remote_address_has_its_percentiles() -> None:
    """As recorded, the slowest first, with the failures of each."""
    case = case_of(warmup_s=0)
    samples = with_connections(samples_of(case, failed=[2]))
    slow = samples.records["connection"] >= 2
    samples.records["done_after_s"][slow] *= 2
    rows = remotes(run_from(case, samples))
    assert rows is not None
    assert [(row.address, row.requests, row.failed) for row in rows] == [("10.0.0.1", 1000, 1), ("10.0.0.0", 1000, 0)]
    first, second = (row.p99 for row in rows)
    assert first is not None
    assert second is not None
    assert first.value > 1.5 * second.value
    assert first.low is not None
