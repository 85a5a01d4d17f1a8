"""Loads as a server sees them: real children, a real server, its own times."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

from tailgate import ClosedLoop, ConnectionProfile, ConstantRate, Gaps, Poisson, Ramp, Replay
from tailgate.generator.drive import drive
from tailgate.samples import Samples
from tests.unit.generator.serving import Served, rows_once_each, serving

_SEED = 25  # no beginning of its choice, of 20 to 6000 requests, is off by chi-square: a closed loop decides how many are drawn
_SLACK_S = 0.05  # until a server on a busy host has read what was sent


@pytest.fixture
def server(tmp_path):
    """A server over plain HTTP."""
    with serving(tmp_path, tls=False) as served:
        yield served


def _arrived_s(server: Served, samples: Samples) -> np.ndarray:
    """When the server read each request, seconds from the run's start, ascending."""
    return np.sort(server.truth()["arrived"]) - samples.header.origin_monotonic_s


def _most_in_flight(server: Served) -> int:
    """The most requests that the server held at once."""
    truth = server.truth()
    steps = sorted([(at_s, 1) for at_s in truth["arrived"]] + [(at_s, -1) for at_s in truth["departed"]])
    return int(np.max(np.cumsum([step for _, step in steps])))


def test_recorded_arrivals_come_again_at_their_times(server: Served, tmp_path):
    """The server sees each where the record has it, late by its send lag and the way there."""
    record = tmp_path / "arrivals.txt"
    record.write_text("\n".join(f"{at_s:.6f}" for at_s in np.sort(np.random.default_rng(3).beta(0.4, 0.8, 200) * 1.5)))
    order = server.order(Replay(record))
    samples = drive(order)
    assert samples.faults == ()
    assert rows_once_each(samples, order)
    late_s = _arrived_s(server, samples) - np.loadtxt(record)
    assert (late_s >= -1e-4).all()
    assert np.median(late_s - samples.send_lag_s) < _SLACK_S


def test_a_run_is_replayed_from_its_own_samples(server: Served):
    """What one run sent another sends again, request by request."""
    first = server.order(Poisson(150, 0.8, 0, seed=4))
    drive(first)
    second = dataclasses.replace(server.order(Replay(first.samples)), samples=server.folder / "again.samples")
    assert np.allclose(drive(second).due_s, first.load.due_times(), atol=1e-6)


def test_a_ramp_arrives_as_the_integral_of_its_rate(server: Served):
    """Before any moment as many as the area below the ramp."""
    load = Ramp(20, 380, for_s=1.5, warmup_s=0, spacing="even")
    samples = drive(server.order(load, connections=16))
    arrived_s = _arrived_s(server, samples)
    for at_s in (0.3, 0.6, 0.9, 1.2, 1.5):
        expected = load.curve.arrivals_before(at_s)
        assert np.count_nonzero(arrived_s < at_s) <= expected + 1
        assert np.count_nonzero(arrived_s < at_s + _SLACK_S) >= 0.9 * expected - 1


def test_nothing_arrives_in_a_gap(server: Served):
    """Silence of .4 s after each .3 s of load: 30 requests, then none before the gap is over, and so on."""
    samples = drive(server.order(ConstantRate(100, 1.6, 0, gaps=Gaps(0.3, 0.4))))
    assert len(samples) == 80
    arrived_s = _arrived_s(server, samples)
    assert (arrived_s[[30, 60]] >= [0.7 - 1e-4, 1.4 - 1e-4]).all()
    assert np.median(arrived_s - samples.due_s - samples.send_lag_s) < _SLACK_S


def test_callers_never_have_more_in_flight_than_there_are_of_them(server: Served):
    """As the server counts; and all of them ask, whatever the answers say."""
    samples = drive(server.order(ClosedLoop(5, for_s=1.2, warmup_s=0.2), ms=8, tour="status:200,status:429,status:500"))
    assert samples.faults == ()
    assert samples.header.scheduled is None
    assert _most_in_flight(server) == 5
    assert set(samples.errors()) == {"throttled", "server error"}
    assert len(samples) == len(server.truth()["arrived"])
    assert 5 * 1.4 / 0.008 > len(samples) > 50


def test_a_caller_asks_again_when_it_has_its_answer_and_has_thought(server: Served):
    """Due is the end of the last answer and the thinking, to the microsecond; what is sent later than that is send lag."""
    samples = drive(server.order(ClosedLoop(1, for_s=1.0, warmup_s=0, think_s=0.02), ms=5))
    done_s = samples.due_s + samples.records["done_after_s"]
    assert np.allclose(samples.due_s[1:], done_s[:-1] + 0.02, atol=1e-5)
    assert (samples.send_lag_s >= 0).all()
    assert np.allclose(samples.response_s, samples.service_s + samples.send_lag_s, atol=1e-5)
    assert samples.due_s[-1] < 1.0


def test_errors_and_time_outs_set_callers_free(server: Served):
    """A reset, a silence, a closed connection: each is one row, and its caller goes on."""
    order = server.order(
        ClosedLoop(3, for_s=1.5, warmup_s=0), ms=5, tour="act:answer,act:reset,act:silent,act:close,act:answer", timeout_s=0.2
    )
    samples = drive(order)
    assert samples.faults == ()
    assert {"connection lost", "timeout"} <= set(samples.errors())
    assert samples.due_s[-1] > 1.2
    lost_s = samples.due_s[samples.failed]
    assert len(lost_s) > 6


def test_a_server_that_is_gone_ends_neither_the_callers_nor_the_run(server: Served):
    """Refused connections are errors like others: one row each, until the load is over."""
    samples = drive(server.order(ClosedLoop(2, for_s=1.0, warmup_s=0, think_s=0.01), ms=2, act="die", every=20))
    assert set(samples.errors()) == {"connection lost", "connect failed"}
    assert 20 < len(samples) < 2 * 1.0 / 0.01 + 2
    assert samples.due_s[-1] > 0.9


def test_a_closed_loop_may_reconnect_each_time(server: Served):
    """Connections obey the load's profile whoever decides when requests are due."""
    samples = drive(server.order(ClosedLoop(3, for_s=0.5, warmup_s=0, connections=ConnectionProfile(2)), ms=5, connections=3))
    assert samples.errors() == {}
    assert samples.records["request"].max() == 1
    assert server.truth()["connections"] >= len(samples) / 2


@pytest.mark.parametrize("load", [ConstantRate(400, 1.0, 0), ClosedLoop(4, for_s=1.0, warmup_s=0)])
def test_payloads_arrive_as_often_as_their_weights_say(server: Served, load):
    """By chi-square with a fixed seed, and each sample knows which it was."""
    bodies, weights = (b'{"a":1}', b'{"b":[2,2]}', b"[]"), (5, 3, 2)
    order = dataclasses.replace(server.order(load, ms=2), payloads=bodies, payload_weights=weights, payload_seed=_SEED)
    samples = drive(order)
    assert samples.errors() == {}
    assert samples.records["payload"].tobytes() == order.payload_choice().draw(len(samples)) or not load.open_loop
    counted = np.bincount(samples.records["payload"], minlength=3)
    arrived = server.truth()["bodies"]
    assert [arrived[body.decode()] for body in bodies] == counted.tolist()
    assert stats.chisquare(counted, np.array(weights) / 10 * len(samples)).pvalue > 0.01


def test_callers_and_payloads_are_shared_among_workers(server: Served):
    """Two processes with five callers between them: never more in flight, each sample with the payload that was sent."""
    order = dataclasses.replace(
        server.order(ClosedLoop(5, for_s=1.0, warmup_s=0), ms=10), payloads=(b"[1]", b"[2]"), payload_weights=(3, 1), workers=2
    )
    samples = drive(order)
    assert samples.faults == ()
    assert _most_in_flight(server) == 5
    truth = server.truth()
    assert len(samples) == len(truth["arrived"])
    assert np.bincount(samples.records["payload"]).tolist() == [truth["bodies"]["[1]"], truth["bodies"]["[2]"]]


def test_a_schedule_is_kept_by_workers_with_its_payloads(server: Served):
    """What each request carries does not depend on how many processes send them."""
    order = dataclasses.replace(
        server.order(Poisson(200, 1.0, 0)), payloads=(b"[1]", b"[2]", b"[3]"), payload_weights=(5, 3, 1), payload_seed=9, workers=2
    )
    samples = drive(order)
    assert rows_once_each(samples, order)
    assert samples.records["payload"].tobytes() == order.payload_choice().draw(len(samples))
