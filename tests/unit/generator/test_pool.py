"""The pool, on scripted connections."""

from __future__ import annotations

import errno
import time
from array import array

import pytest

from tailgate.generator import pool as pools
from tests.unit.generator.scripted import Rig


def _due_now(rig: Rig, count: int) -> None:
    rig.dispatcher.begin(array("d", [time.monotonic()] * count))
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
        rig.dispatcher.begin(array("d", [time.monotonic()] * 200))
        rig.dispatcher.dispatch()
    assert len(rig.opening) == pools.MOST_OPENING


@pytest.mark.parametrize("served", [True, False])
def test_a_lost_connection_is_replaced_if_it_ever_served(served):
    """A server that closes each new connection at once would otherwise be dialled for ever."""
    rig = Rig(size=1)
    rig.warm()
    if served:
        _due_now(rig, 1)
        rig.answer(rig.busy[0])
    rig.lose(rig.made[0])
    assert len(rig.opening) == served
    assert rig.pool.idle == []


def test_a_connection_that_carries_no_further_request_is_closed_and_replaced():
    """`Connection: close`: the next request should find an open one all the same."""
    rig = Rig(size=1)
    rig.warm()
    _due_now(rig, 1)
    connection = rig.busy[0]
    connection.reusable = False
    rig.answer(connection)
    assert connection.closed
    assert len(rig.opening) == 1


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
