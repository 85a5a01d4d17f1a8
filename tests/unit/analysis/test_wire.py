"""Phases, first requests and remote addresses of runs built by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tailgate.analysis.estimates import estimates
from tailgate.analysis.phases import phases, summary
from tailgate.analysis.verdict import judge
from tailgate.analysis.wire import wire_lines, wire_of
from tailgate.connection_table import CONNECTION, pack_address
from tailgate.samples import Error, Samples


def on_connections(samples: Samples, number: np.ndarray, opened_s: np.ndarray, addresses: tuple[str, ...] = ("10.0.0.1",)) -> Samples:
    """The samples as they were on these connections: 2 ms DNS, 4 ms TCP, 8 ms TLS, addresses in turn."""
    records = samples.records.copy()
    records["connection"] = number
    for connection in np.unique(number):
        records["request"][number == connection] = np.arange(np.count_nonzero(number == connection))
    table = np.zeros(len(opened_s), CONNECTION)
    table["number"], table["opened_s"] = np.arange(len(opened_s)), opened_s
    table["dns_s"], table["tcp_s"], table["tls_s"] = 0.002, 0.004, 0.008
    packed = [np.frombuffer(pack_address(address), np.uint8) for address in addresses]
    table["remote"] = [packed[index % len(packed)] for index in range(len(opened_s))]
    return replace(samples, records=records, connections=table)


@pytest.fixture
def case(new_case):
    """3 000 requests, 50 a second."""
    return new_case("p99 <= 60ms")


def test_first_requests_and_the_others_are_never_pooled(case, new_samples) -> None:
    """Each population has its own count and percentiles; both are in what the gate judges."""
    index = np.arange(3000)
    first = index % 10 == 0
    samples = new_samples(case, 0.010, lag_s=np.where(first, 0.020, 0.0))
    samples = on_connections(samples, index // 10, samples.due_s[first] + 0.015)
    found = wire_of(samples).first_requests
    assert (found.first.requests, found.kept_alive.requests) == (300, 2700)
    assert found.first.p50.value == pytest.approx(0.030)
    assert found.first.p99.value == pytest.approx(0.030)
    assert found.kept_alive.p99.value == pytest.approx(0.010)
    assert found.opening.requests == 300
    assert found.opening.p50_s == pytest.approx(0.014)
    verdict = judge(case, samples, target_kind="sagemaker")
    assert verdict.checks[0].estimate.value == pytest.approx(0.030)
    line = "300 requests first on their connection: p50 30.0 ms, p99 30.0 ms (DNS, TCP and TLS p50 14.0 ms for 300 of them)"
    assert f"{line}; on connections kept alive p50 10.0 ms, p99 10.0 ms" in verdict.explain()


def test_only_the_part_of_an_opening_that_a_request_waited_for_is_its_phase(case, new_samples) -> None:
    """A connection that was on its way already when the request became due: 6 of the 8 ms of TLS, and nothing of TCP."""
    samples = new_samples(case, 0.010, lag_s=0.007)
    index = np.arange(3000)
    ahead_s, late_s = np.full(1500, -1.0), samples.due_s[1500:] + 0.006
    found = phases(on_connections(samples, index, np.concatenate([ahead_s, late_s])))
    for name, expected_s in (("dns", 0.002), ("tcp", 0.0), ("tls", 0.006)):
        assert np.isnan(found[name][:1500]).all()
        assert found[name][1500:] == pytest.approx(expected_s, abs=1e-6)


def test_the_send_lag_is_what_is_left_of_a_wait_whose_opening_is_known(case, new_samples) -> None:
    """Where each request opens its own connection, the generator's lag is told all the same; a wait for others' is not."""
    index = np.arange(3000)
    samples = new_samples(case, 0.010, lag_s=0.0125, waited=1)
    fresh = on_connections(samples, index, samples.due_s + 0.0125)
    assert {e.metric: e.value for e in estimates(fresh)}["send_lag_p99"] == pytest.approx(0.0005, abs=1e-6)
    fresh.records["waited"][::10], fresh.records["sent_after_s"][::10] = 0, 0.0325
    late = on_connections(fresh, index, fresh.due_s + fresh.records["sent_after_s"])
    assert {e.metric: e.value for e in estimates(late)}["send_lag_p99"] == pytest.approx(0.0205, abs=1e-6)
    saturated = on_connections(samples, index, samples.due_s + 0.0125)
    saturated.records["sent_after_s"] = 1.0
    assert "send_lag_p99" not in {e.metric for e in estimates(saturated)}


def test_phases_are_summed_up_over_answered_requests_that_went_through_them(case, new_samples) -> None:
    """A failed one has no place in them, nor has one that never was sent; a phase that nobody went through has no numbers."""
    samples = new_samples(case, 0.010, lag_s=0.001, error=np.where(np.arange(3000) < 10, Error.TIMEOUT, 0))
    samples.records["send_s"], samples.records["first_byte_after_s"] = 0.0005, 0.006
    samples.records["first_byte_after_s"][:10] = samples.records["send_s"][:10] = math.nan
    found = summary(samples)
    assert (found["tcp"].requests, found["tcp"].p50_s) == (0, None)
    assert found["wait"].requests == found["send"].requests == 2990
    assert found["wait"].p50_s == pytest.approx(0.0045, abs=1e-5)
    assert found["receive"].p99_s == pytest.approx(0.005, abs=1e-5)


def test_addresses_are_told_apart_the_slowest_first(case, new_samples) -> None:
    """One slow zone is found by its address, with its failures; one address alone is not worth a line."""
    index = np.arange(3000)
    slow = index % 3 == 0
    samples = new_samples(case, np.where(slow, 0.050, 0.010), error=np.where(index < 3, Error.TIMEOUT, 0))
    several = on_connections(samples, index % 3, np.full(3, -1.0), ("10.0.0.7", "2001:db8::8"))
    found = wire_of(several)
    assert [(remote.address, remote.share.requests, remote.failed) for remote in found.remotes] == [
        ("10.0.0.7", 2000, 2),
        ("2001:db8::8", 1000, 1),
    ]
    assert found.remotes[0].share.p99.value == pytest.approx(0.0501)
    (line,) = wire_lines(several)
    assert line.startswith("by address: 10.0.0.7 p50 50.1 ms, p99 50.1 ms (2 000 requests, 2 failed); 2001:db8::8 p50 10.1 ms")
    assert list(wire_lines(on_connections(samples, index % 3, np.full(3, -1.0)))) == []


def test_requests_on_no_known_connection_belong_to_no_address(case, new_samples) -> None:
    """One that never was sent has connection 0 in its row, and was on none."""
    samples = new_samples(case, 0.010)
    samples.records["sent_after_s"][:5], samples.records["error"][:5] = math.nan, Error.UNSENT
    samples = on_connections(samples, np.arange(3000) % 2, np.full(1, -1.0))
    assert [remote.share.requests for remote in wire_of(samples).remotes] == [1497]
    ages_s = samples.connection_age_s
    assert np.isnan(ages_s[:5]).all()
    assert ages_s[6] == pytest.approx(samples.due_s[6] + 1.0001)
    assert np.isnan(ages_s[7])
