"""The dispatcher, on scripted connections: whatever happens, each request has one row."""

from __future__ import annotations

import math
import time
from array import array
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from tailgate.generator.schedule import Callers
from tailgate.plan.closed_loop import ClosedLoop
from tailgate.plan.payload import PayloadChoice
from tailgate.samples import Error
from tests.unit.generator.scripted import Rig

_STEPS = st.lists(
    st.tuples(st.sampled_from(["dispatch", "open", "refuse", "answer", "lose", "kill idle", "spend", "expire"]), st.integers(0, 9)),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(past=st.integers(0, 80), future=st.integers(0, 5), size=st.integers(1, 4), steps=_STEPS, stop=st.booleans())
def test_each_request_of_the_elapsed_time_has_exactly_one_row(past, future, size, steps, stop):
    """Connections open, refuse, answer, break, die while idle and time out in any order; the run ends or is stopped."""
    rig = Rig(size)
    rig.warm()
    now = time.monotonic()
    due = array("d", [now - 1 + index / 1000 for index in range(past)] + [now + 3600 + index for index in range(future)])
    rig.begin(due)
    for step, which in steps:
        rig.play(step, which)
        told = [*(due_s for due_s, _ in rig.recorder.outcomes), *rig.dispatcher.open_due_s(time.monotonic())]
        assert sorted(told) == sorted(due[:past]), "what is due has its row, or is open"
    if stop:
        rig.dispatcher.stop(time.monotonic())
    else:
        rig.dispatcher.dispatch()
        rig.dispatcher.dispatch()
    rig.dispatcher.conclude()
    assert Counter(due_s for due_s, _ in rig.recorder.outcomes) == Counter(due[:past])
    assert all(connection.closed for connection in rig.made)
    assert not rig.pool.connections


def test_arrivals_do_not_wait_for_responses():
    """A server that never answers gets every request all the same, each on a connection of its own."""
    rig = Rig(size=1)
    rig.warm()
    rig.begin(array("d", [time.monotonic()] * 5))
    rig.dispatcher.dispatch()
    for connection in rig.opening:
        rig.open(connection)
    assert len(rig.busy) == rig.dispatcher.sent == 5


def test_requests_that_wait_are_sent_in_the_order_they_were_due():
    """Whichever connection is free first takes the one that has waited longest."""
    rig = Rig(size=1)
    rig.warm()
    rig.begin(array("d", [time.monotonic()] * 3))
    rig.dispatcher.dispatch()
    rig.answer(rig.busy[0])
    assert rig.busy[0].request == 1
    rig.open(rig.opening[0])
    assert [connection.request for connection in rig.busy] == [1, 2]


def test_a_wait_for_a_connection_is_told_from_lateness_of_the_dispatcher():
    """The row says `waited` only where the request was looked at soon enough for its lag not to be the generator's."""
    rig = Rig(size=1)
    rig.warm()
    now = time.monotonic()
    rig.begin(array("d", [now - 0.5, now - 0.5, now + 0.02]))
    rig.dispatcher.dispatch()
    while time.monotonic() < now + 0.02:
        pass
    rig.dispatcher.dispatch()
    time.sleep(0.5)
    rig.dispatcher.conclude()
    waited = dict(zip([due_s for due_s, _ in rig.recorder.outcomes], rig.recorder.waited, strict=True))
    assert not waited[now - 0.5]
    assert waited[now + 0.02]


def test_an_answer_that_does_not_come_in_time_is_a_timeout_and_after_the_schedule_censored():
    """Both are exceedances; the second says that the run ended first."""
    for draining, error in ((False, Error.TIMEOUT), (True, Error.CENSORED)):
        rig = Rig(size=1)
        rig.warm()
        rig.begin(array("d", [time.monotonic()]))
        rig.dispatcher.dispatch()
        if draining:
            rig.dispatcher.drain()
        rig.dispatcher.expire(-math.inf, -math.inf)
        assert rig.recorder.outcomes == []
        rig.dispatcher.expire(math.inf, -math.inf)
        assert [kind for _, kind in rig.recorder.outcomes] == [error]


def test_a_connection_that_does_not_open_fails_the_request_that_waited_longest():
    """A refused connection is the server's failure, and shows at once as one."""
    rig = Rig(size=1)
    rig.warm()
    now = time.monotonic()
    rig.begin(array("d", [now - 0.003, now - 0.002, now - 0.001]))
    rig.dispatcher.dispatch()
    rig.refuse(rig.opening[0])
    assert rig.recorder.outcomes == [(now - 0.002, Error.CONNECT_FAILED)]


def test_a_request_that_never_got_a_connection_failed_by_the_server_and_one_cut_off_was_unsent():
    """At the end of a run the server had all the time there was; a run that is stopped gave it none."""
    for stop, error in ((True, Error.UNSENT), (False, Error.CONNECT_FAILED)):
        rig = Rig(size=1)
        rig.warm()
        rig.begin(array("d", [time.monotonic()] * 2))
        rig.dispatcher.dispatch()
        time.sleep(0.2)
        if stop:
            rig.dispatcher.stop(time.monotonic())
        rig.dispatcher.conclude()
        assert sorted(kind for _, kind in rig.recorder.outcomes) == sorted([error, Error.CENSORED])


def test_the_alarm_is_set_to_the_next_due_time_and_cleared_after_the_last():
    """An alarm that goes on ringing would keep the hub spinning."""
    rig = Rig(size=1)
    rig.warm()
    now = time.monotonic()
    rig.begin(array("d", [now, now + 3600]))
    assert rig.alarm.at_s == now
    rig.dispatcher.dispatch()
    assert rig.alarm.at_s == now + 3600
    rig.dispatcher.stop(time.monotonic())
    rig.dispatcher.dispatch()
    assert rig.alarm.at_s is None


@settings(max_examples=300, deadline=None)
@given(callers=st.integers(1, 6), size=st.integers(1, 4), steps=_STEPS, stop=st.booleans())
def test_each_caller_of_a_closed_loop_has_one_request_at_a_time(callers, size, steps, stop):
    """Waiting, in flight or due: as many as there are callers, whatever becomes of connections; each has one row in the end."""
    rig, now = Rig(size), time.monotonic()
    rig.warm()
    load, choice = ClosedLoop(callers, for_s=3600, warmup_s=0), PayloadChoice((1, 1), 1)
    rig.dispatcher.begin(array("d", [now] * callers), choice.draw(callers), Callers(load, now, choice))
    rig.dispatcher.dispatch()
    for step, which in steps:
        rig.play(step, which)
        assert rig.dispatcher.in_flight + len(rig.dispatcher.waiting) <= callers
    if stop:
        rig.dispatcher.stop(time.monotonic())
    rig.dispatcher.conclude()
    assert rig.dispatcher.over
    due = [due_s for due_s, _ in rig.recorder.outcomes]
    assert len(due) >= callers
    assert all(due_s >= now for due_s in due)
    assert not rig.pool.connections


def test_an_answer_sends_its_callers_next_request_at_once():
    """Due when the answer was complete, sent before anything else happens, on a connection that is free."""
    rig, now = Rig(1), time.monotonic()
    rig.warm()
    choice = PayloadChoice((1,), 1)
    rig.dispatcher.begin(array("d", [now]), bytes(1), Callers(ClosedLoop(1, for_s=60, warmup_s=0), now, choice))
    rig.dispatcher.dispatch()
    rig.answer(rig.busy[0])
    assert [connection.request for connection in rig.busy] == [1]
    rig.dispatcher.stop(time.monotonic())
    rig.answer(rig.busy[0])
    assert rig.busy == []
    assert rig.dispatcher.over
