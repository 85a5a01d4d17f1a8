"""What the generator reports is what the server itself saw, request by request, on the same host's clock."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tailgate.generator.drive import drive
from tailgate.plan.load import ConstantRate, Poisson
from tailgate.samples import Samples
from tests.unit.generator.serving import Served, rows_once_each, serving

pytestmark = pytest.mark.alone


@pytest.fixture(params=["tls", "plain"])
def server(request, tmp_path):
    """A server over TLS, then one over plain HTTP."""
    with serving(tmp_path, tls=request.param == "tls") as served:
        yield served


def _done_s(samples: Samples) -> np.ndarray:
    """When responses were complete, on the host's monotonic clock, ascending."""
    return np.sort(samples.records["due_s"] + samples.records["done_after_s"] + samples.header.origin_monotonic_s)


def _true_response_s(samples: Samples, server: Served) -> np.ndarray:
    """Response times by the server's departures. Its service is in order of arrival, so the two orders agree."""
    return np.sort(server.truth()["departed"]) - np.sort(samples.due_s) - samples.header.origin_monotonic_s


def test_completions_are_those_that_the_server_saw(server: Served):
    """The median of completion minus departure is the loopback's delay: far below what is measured."""
    samples = drive(server.order(Poisson(200, 3, 0), ms=5))
    assert samples.faults == ()
    error_s = _done_s(samples) - np.sort(server.truth()["departed"])
    assert abs(np.median(error_s)) < 0.0005


def test_a_clock_that_is_wrong_by_two_milliseconds_is_found_out(server: Served):
    """The same comparison, with receive stamps perturbed: it fails by those two milliseconds."""
    samples = drive(server.order(Poisson(200, 3, 0), ms=5), environment={"TAILGATE_PERTURB_CLOCK_S": "0.002"})
    error_s = _done_s(samples) - np.sort(server.truth()["departed"])
    assert np.median(error_s) == pytest.approx(0.002, abs=0.0005)


@pytest.mark.parametrize("rate", [200, 1000])
def test_percentiles_are_those_of_the_server(server: Served, rate):
    """p50 and p99 within .5 ms or 3 % of the response times by the server's own departures."""
    samples = drive(server.order(ConstantRate(rate, 3, 0), ms=5, connections=32))
    true_s = _true_response_s(samples, server)
    for share in (0.5, 0.99):
        true, found = np.quantile(true_s, share), np.quantile(samples.response_s, share)
        assert found == pytest.approx(true, rel=0.03, abs=0.0005)


@pytest.mark.parametrize("connections", [4, 150])
def test_a_stall_of_a_second_shows_in_full(server: Served, connections):
    """Every request that was due while the server stood still waited for it, however few connections there are.

    A closed loop, or a pool that does not grow, sees one slow request where a hundred were due.
    """
    samples = drive(server.order(ConstantRate(100, 3, 0), ms=5, act="stall", every=100, connections=connections))
    true_s = _true_response_s(samples, server)
    response_s = samples.response_s
    for share in (0.5, 0.7, 0.9):
        assert np.quantile(response_s, share) == pytest.approx(np.quantile(true_s, share), rel=0.05, abs=0.02)
    assert np.sum(response_s > 0.5) == pytest.approx(np.sum(true_s > 0.5), abs=5)
    assert np.sum(response_s > 0.5) >= 90


def test_a_wait_for_a_connection_is_marked_as_such(tmp_path):
    """A stalled server opens no TLS connection: requests lag for want of one, which is no fault of the generator's."""
    with serving(tmp_path) as server:
        samples = drive(server.order(ConstantRate(100, 2, 0), ms=5, act="stall", every=50, connections=4))
    late = samples.send_lag_s > 0.2
    assert late.sum() >= 50
    assert samples.records["waited"][late].mean() > 0.9


def test_the_offered_rate_is_kept(server: Served):
    """A request in every millisecond, though the server takes five: none is skipped, and the last is sent in time."""
    order = server.order(ConstantRate(1000, 3, 0), ms=5, connections=32)
    samples = drive(order)
    assert rows_once_each(samples, order)
    sent_s = np.sort(samples.due_s + samples.send_lag_s)
    assert len(samples) / (sent_s[-1] - sent_s[0]) == pytest.approx(1000, rel=0.01)


def test_a_slower_server_is_seen_to_be_slower_by_as_much(server: Served):
    """Two milliseconds more of service are two milliseconds more of response: the instrument's floor cancels.

    The median of three differences, each of two loads one after the other: a host's mood may change between two.
    """

    def median_s(ms: int, attempt: int) -> float:
        order = dataclasses.replace(server.order(ConstantRate(200, 2, 0), ms=ms), samples=server.folder / f"{ms}-{attempt}.samples")
        return float(np.median(drive(order).response_s))

    differences_s = [median_s(7, attempt) - median_s(5, attempt) for attempt in range(3)]
    assert np.median(differences_s) == pytest.approx(0.002, abs=0.0007), differences_s
