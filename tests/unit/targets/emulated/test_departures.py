"""When answers leave, on the kernel's timer and on the event loop's."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from tailgate import clock
from tailgate.targets.emulated.departures import Departures

KINDS = [pytest.param(True, marks=pytest.mark.skipif(not clock.AVAILABLE, reason="the kernel has no timerfd")), False]


@pytest.fixture(params=KINDS, ids=["alarm", "event loop"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Both timers."""
    monkeypatch.setattr(clock, "AVAILABLE", request.param)
    return bool(request.param)


def within_seconds(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 10.0))


@pytest.mark.usefixtures("kind")
def test_nobody_leaves_early_and_all_leave_in_order() -> None:
    """Two hundred departures, given in a muddle: each at or after its time, in the order of their times."""

    async def depart() -> None:
        departures, left = Departures(), []
        begin_s = time.monotonic()
        due = [begin_s + 0.01 + 0.0005 * ((7 * number) % 200) for number in range(200)]
        for at_s in due:
            departures.at(at_s, lambda at_s=at_s: left.append((at_s, time.monotonic())))
        while len(left) < len(due):
            await asyncio.sleep(0.01)
        departures.close()
        assert [at_s for at_s, _ in left] == sorted(due)
        assert all(left_s >= at_s for at_s, left_s in left)

    within_seconds(depart())


@pytest.mark.usefixtures("kind")
def test_equal_times_leave_in_the_order_in_which_they_were_given() -> None:
    """And callables need not be comparable."""

    async def depart() -> None:
        departures, left, done = Departures(), [], asyncio.Event()
        at_s = time.monotonic() + 0.01
        for number in range(20):
            departures.at(at_s, functools.partial(left.append, number))
        departures.at(at_s, done.set)
        await done.wait()
        departures.close()
        assert left == list(range(20))

    within_seconds(depart())


@pytest.mark.usefixtures("kind")
def test_a_time_that_is_past_and_one_given_while_others_leave_are_served() -> None:
    """An earlier departure, given later, does not wait for the one that the timer was set to."""

    async def depart() -> None:
        departures, left, done = Departures(), [], asyncio.Event()
        now_s = time.monotonic()
        departures.at(now_s + 0.03, done.set)
        departures.at(now_s + 0.02, lambda: departures.at(now_s + 0.001, functools.partial(left.append, "nested")))
        departures.at(now_s - 1, functools.partial(left.append, "past"))
        await done.wait()
        departures.close()
        assert left == ["past", "nested"]

    within_seconds(depart())


@pytest.mark.usefixtures("kind")
def test_after_closing_nobody_leaves() -> None:
    """What has not departed never will."""

    async def depart() -> None:
        departures, left = Departures(), []
        departures.at(time.monotonic() + 0.01, functools.partial(left.append, 1))
        departures.close()
        await asyncio.sleep(0.03)
        assert left == []

    within_seconds(depart())
