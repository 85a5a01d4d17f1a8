"""Phases, places and connection profiles, as real loads on real servers leave them in the samples."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tailgate.analysis.phases import PHASES, phases
from tailgate.analysis.wire import wire_lines, wire_of
from tailgate.connection_table import connections_path
from tailgate.generator.child import Child
from tailgate.generator.drive import drive
from tailgate.plan.connections import FRESH, ConnectionProfile
from tailgate.plan.gaps import Gaps
from tailgate.plan.load import ConstantRate
from tailgate.samples import read_samples
from tests.unit.generator.serving import NO_KEYS, Served, rows_once_each, serving

RESOLVER = """
import _socket, time
ask = _socket.getaddrinfo
def slowly(host, port, *rest, **named):
    if host not in ("two.tailgate.test", b"two.tailgate.test"):
        return ask(host, port, *rest, **named)
    time.sleep(0.05)
    return [answer for address in ("127.0.0.1", "127.0.0.2") for answer in ask(address, port, *rest, **named)]
_socket.getaddrinfo = slowly
"""


@pytest.fixture(params=["tls", pytest.param("plain", marks=pytest.mark.thorough)])
def either(request, tmp_path):
    """A server over TLS, then one over plain HTTP."""
    with serving(tmp_path, tls=request.param == "tls") as served:
        yield served


def test_the_phases_of_a_request_add_up_to_its_response_time(either: Served):
    """Lag, send, wait and receive are the whole of it; what the server took is in the wait, a body that came late in receive."""
    samples = drive(either.order(act="slow", ms=10))
    assert samples.errors() == {}
    found = phases(samples)
    assert samples.response_s == pytest.approx(samples.send_lag_s + found["send"] + found["wait"] + found["receive"], abs=2e-6)
    assert (found["send"] + found["wait"]).min() >= 0.0095
    assert found["receive"].min() >= 0.049
    assert np.median(found["send"]) < 0.005
    assert np.isnan(found["tcp"])[samples.records["request"] > 0].all()


def test_connections_opened_ahead_are_in_the_table_with_what_they_took(either: Served):
    """Before the run's start, from no resolution, to the address that was dialled; each sample finds its own and its age."""
    samples = drive(either.order(connections=3))
    table = samples.connections[samples.connections["opened_s"] < 0]  # on a busy host more are opened later, for requests that overlap
    assert table["number"].tolist() == [0, 1, 2]
    assert (table["dns_s"] == 0).all()
    assert (table["tcp_s"] > 0).all()
    assert ((table["tls_s"] > 0) == either.tls).all()
    assert [remote.address for remote in wire_of(samples).remotes] == ["127.0.0.1"]
    assert (samples.connection_age_s > 0).all()
    assert list(wire_lines(samples)) == [] or len(samples.connections) > 3


def test_fresh_connections_are_opened_when_a_request_is_due_and_within_its_response_time(either: Served):
    """One connection each, none of them ahead; what opening took is part of what the caller waited."""
    order = either.order(ConstantRate(100, 0.5, 0, connections=FRESH), ms=3)
    samples = drive(order)
    assert samples.errors() == {}
    assert samples.faults == ()
    assert rows_once_each(samples, order)
    assert len(set(samples.records["connection"])) == len(samples)
    assert either.truth()["connections"] == len(samples) + 2  # one to see whether it answers, and one for the truth
    found = phases(samples)
    # on a busy host two open at once, and who waits first takes the first to open: it may have connected before he was due
    assert np.median(found["tcp"]) > 0
    assert (found["tcp"] >= 0).all()
    assert ((found["tls"] > 0) == either.tls).all()
    opening_s = found["tcp"] + found["tls"]
    assert (samples.response_s >= opening_s + 0.003).all()
    assert (samples.send_lag_s >= opening_s - 1e-6).all()
    wire = wire_of(samples)
    assert (wire.first_requests.first.requests, wire.first_requests.kept_alive.requests) == (50, 0)
    assert wire.first_requests.opening.requests == 50
    assert next(wire_lines(samples)).startswith("50 requests first on their connection: p50 ")


def test_connections_of_a_profile_carry_so_many_requests_each(either: Served):
    """Then they are closed by us; those that are first wait for their connection, the others do not."""
    order = either.order(ConstantRate(50, 1, 0, connections=ConnectionProfile(requests_each=5)))
    samples = drive(order)
    assert samples.errors() == {}
    assert rows_once_each(samples, order)
    carried = np.bincount(samples.records["connection"])
    assert carried.max() == 5
    found = wire_of(samples).first_requests
    assert found.first.requests == np.count_nonzero(carried)
    assert found.kept_alive.requests == 50 - found.first.requests
    assert 10 <= found.first.requests <= 20


def test_a_killed_generator_leaves_no_request_whose_connection_is_unknown(either: Served):
    """Connections go to disk before the requests they carried, so whatever was written can be told by address and phase."""
    order = either.order(ConstantRate(200, 20, 0, connections=ConnectionProfile(requests_each=3)))
    ticks = 0
    with Child(order.to_json(), NO_KEYS) as child:
        while ticks < 2:
            assert child.running
            ticks += sum(event["event"] == "tick" for event in child.events(0.2))
        child.kill()
    samples = read_samples(order.samples)
    assert len(samples) > 20, "two seconds of them, or what a busy host makes of two seconds"
    assert (samples.connection_rows >= 0).all()
    assert wire_of(samples).remotes[0].share.requests == len(samples)


def test_after_a_gap_callers_pay_for_the_connections_that_were_dropped(either: Served):
    """What the server dropped in the silence is opened again when a request needs it, within that request's response time."""
    order = either.order(ConstantRate(50, 2.0, 0, gaps=Gaps(every_s=0.5, gap_s=0.5)), act="impatient", connections=1)
    samples = drive(order)
    assert samples.errors() == {}
    after = np.abs(samples.due_s - 1.0) < 0.001
    assert after.sum() == 1
    assert (samples.records["request"][after] == 0).all()
    assert (phases(samples)["tcp"][after] > 0).all()
    assert wire_of(samples).first_requests.opening.requests >= 1
    assert wire_of(samples).first_requests.kept_alive.requests > 25


def test_a_name_is_resolved_for_connections_and_leads_to_all_its_addresses(tmp_path):
    """The resolution's time is that of the connection that used it first; percentiles are told by address, the slowest first."""
    (tmp_path / "sitecustomize.py").write_text(RESOLVER)
    with serving(tmp_path, tls=False, at="127.0.0.1,127.0.0.2") as served:
        url = f"http://two.tailgate.test:{served.port}/x"
        order = served.order(address=dataclasses.replace(served.address(), url=url, dial=None), connections=4)
        samples = drive(order, environment={"PYTHONPATH": str(tmp_path), **NO_KEYS})
    assert samples.errors() == {}
    dns_s = samples.connections["dns_s"]
    assert dns_s.max() >= 0.05
    assert np.count_nonzero(dns_s) == 1
    addresses = {row.tobytes()[-4:] for row in samples.connections["remote"]}
    assert addresses == {bytes([127, 0, 0, 1]), bytes([127, 0, 0, 2])}


def test_samples_without_their_connections_are_read_all_the_same(either: Served):
    """As earlier versions wrote them: nothing is known of connections, and nothing is made up."""
    order = either.order()
    drive(order)
    connections_path(order.samples).unlink()
    samples = read_samples(order.samples)
    assert len(samples) == 50
    assert np.isnan(samples.connection_age_s).all()
    found = wire_of(samples)
    assert found.remotes == ()
    assert found.phases["tcp"].requests == 0
    assert found.phases["wait"].requests == 50
    assert set(found.phases) == set(PHASES)
