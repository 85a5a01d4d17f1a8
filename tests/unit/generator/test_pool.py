"""The pool, on scripted connections."""

from __future__ import annotations

import errno
import time
from array import array

import pytest

from tailgate.generator import pool as pools
from tests.unit.generator.scripted import Rig


def _due_now(rig: Rig, count: int) -> None:
    rig.begin(array("d", [time.monotonic()] * count))
    rig.dispatcher.dispatch()


def _another_due_now(rig: Rig, before: int) -> None:
    """One more request, after as many as were due before."""
    rig.begin(array("d", [time.monotonic()] * (before + 1)))
    rig.dispatcher.dispatch()


def test_the_warmest_connection_is_taken_first():
    """Last in, first out: the one that answered last has its congestion window still open."""
    rig = Rig(size=3)
    rig.warm()
    _due_now(rig, 3)
    first, second, _ = rig.busy
    rig.answer(second)
    rig.answer(first)
    assert rig.pool.idle[-1] is first


def test_new_connections_go_to_the_hosts_addresses_in_turn():
    """Names of load balancers have several; one slow zone must not be all that is measured, nor be missed."""
    rig = Rig(size=4)
    rig.warm()
    assert [one.address[1][0] for one in rig.made] == ["127.0.0.1", "127.0.0.2"] * 2


def test_the_pool_grows_by_as_many_as_wait_and_not_twice():
    """Requests that wait have a connection on its way each; looking again does not open more for the same ones."""
    rig = Rig(size=1)
    rig.warm()
    _due_now(rig, 4)
    assert len(rig.opening) == 3
    rig.dispatcher.dispatch()
    assert len(rig.opening) == 3


def test_the_pool_opens_only_so_many_at_once():
    """A stalled server must not be met with a thousand handshakes when it wakes up."""
    rig = Rig(size=1)
    rig.warm()
    for _ in range(5):
        rig.begin(array("d", [time.monotonic()] * 200))
        rig.dispatcher.dispatch()
    assert len(rig.opening) == pools.MOST_OPENING


def test_a_connection_that_ended_is_replaced_when_a_request_needs_one_and_not_before():
    """Callers pay for reconnecting, whether the server closed an idle connection or announced its end: so does a request here."""
    for ending in ("lost", "announced"):
        rig = Rig(size=1)
        rig.warm()
        _due_now(rig, 1)
        connection = rig.busy[0]
        connection.reusable = ending != "announced"
        rig.answer(connection)
        if ending == "lost":
            rig.lose(connection)
        assert connection.closed
        assert rig.pool.idle == rig.opening == []
        _another_due_now(rig, before=1)
        assert len(rig.opening) == 1
        assert rig.dispatcher.waiting


@pytest.mark.parametrize("each", [1, 3])
def test_a_connection_carries_as_many_requests_as_the_profile_says(each):
    """Then it is closed; nothing is opened ahead, so one request in `each` waits for its connection."""
    rig = Rig(size=4, requests_each=each)
    rig.warm()
    assert rig.pool.idle == rig.opening == []
    for before in range(2 * each):
        _another_due_now(rig, before)
        for connection in rig.opening:
            rig.open(connection)
        rig.answer(rig.busy[0])
    assert [connection.requests for connection in rig.made] == [each, each]
    assert all(connection.closed for connection in rig.made)


def test_what_was_opened_to_see_whether_the_host_answers_carries_nothing_where_connections_are_fresh():
    """It would spare the first request its opening."""
    rig = Rig(size=4, requests_each=1)
    rig.pool.grow(rig.dispatcher, 1)
    probe = rig.opening[0]
    rig.open(probe)
    rig.warm()
    assert probe.closed
    assert not rig.pool.connections


def test_fresh_connections_do_not_queue_for_their_handshakes():
    """Each caller opens its own: only kept-alive pools bound how many are under way at once."""
    rig = Rig(size=1, requests_each=1)
    rig.begin(array("d", [time.monotonic()] * 180))
    for _ in range(3):
        rig.dispatcher.dispatch()
    assert len(rig.opening) == 180 > pools.MOST_OPENING


def test_the_time_of_a_resolution_is_charged_to_the_first_connection_that_uses_it():
    """The others find the answer known: their time for it is 0."""
    rig = Rig(size=3)
    rig.pool.dns_s = 0.02
    rig.warm()
    assert [one.opening.dns_s for one in rig.made] == [0.02, 0.0, 0.0]


def test_a_host_without_sockets_left_is_named_and_the_requests_wait_on():
    """The generator's own limit is a fault of the run, and no failure of the server's."""
    rig = Rig(size=1)
    rig.warm()
    rig.exhausted = OSError(errno.EMFILE, "Too many open files")
    _due_now(rig, 3)
    assert len(rig.dispatcher.waiting) == 2
    assert rig.recorder.outcomes == []
    assert "Too many open files" in rig.pool.faults[0]
    assert "ulimit -n" in rig.pool.faults[0]
