"""Prefetching against a scripted target whose deployments end when the test says so: events, no clocks."""

from __future__ import annotations

import threading
import traceback
from threading import Event

import pytest

from tailgate.errors import CapacityError
from tailgate.plan.case import EndpointSpec
from tailgate.targets import Target
from tailgate.targets.prefetch import Prefetched
from tests.unit.targets.scripted_target import LONG_S, SPECS, Scripted, ScriptedAndAttended, in_thread, wait_all


def test_it_is_a_target() -> None:
    """Its kind is the target's own, so that records do not change with prefetching."""
    prefetched: Target = Prefetched(Scripted())
    assert prefetched.kind == "scripted"


def test_ten_endpoints_deploy_side_by_side_and_no_eleventh() -> None:
    """Ten have begun before any is up; the eleventh begins when one of them is."""
    target = Scripted()
    with Prefetched(target, at_once=10) as prefetched:
        prefetched.prefetch(SPECS[:11])
        wait_all([target.begun[spec.name] for spec in SPECS[:10]])
        assert not target.begun["e10"].is_set()
        assert not any(line.startswith("up") for line in target.diary)
        target.go["e3"].set()
        wait_all([target.begun["e10"]])
        target.let_all_go()


def test_they_begin_in_the_given_order() -> None:
    """What is needed first is deployed first."""
    target = Scripted()
    target.let_all_go()
    with Prefetched(target, at_once=1) as prefetched:
        prefetched.prefetch([SPECS[2], SPECS[0], SPECS[1]])
        with prefetched.open(SPECS[1]):
            pass
    assert [line for line in target.diary if line.startswith("begin")] == ["begin e2", "begin e0", "begin e1"]


def test_equal_specs_share_one_endpoint() -> None:
    """Prefetched twice and opened three times, also nested: deployed once, and there until the end."""
    target = Scripted()
    target.let_all_go()
    with Prefetched(target) as prefetched:
        prefetched.prefetch([EndpointSpec("e0"), EndpointSpec("e0")])
        with prefetched.open(EndpointSpec("e0")) as first, prefetched.open(EndpointSpec("e0")) as second:
            assert first is second
        with prefetched.open(SPECS[0]) as third:
            assert third is first
        assert target.diary == ["begin e0", "up e0"]
    assert target.diary == ["begin e0", "up e0", "gone e0"]


def test_open_waits_for_what_is_under_way() -> None:
    """It returns when the deployment is up, not before."""
    target = Scripted()
    with Prefetched(target) as prefetched:
        prefetched.prefetch(SPECS[:1])
        wait_all([target.begun["e0"]])
        opened = Event()

        def open_it() -> None:
            with prefetched.open(SPECS[0]):
                opened.set()

        thread = in_thread(open_it)
        assert not opened.wait(0.05)
        target.go["e0"].set()
        wait_all([opened])
        thread.join(LONG_S)


def test_what_was_not_prefetched_is_deployed_next() -> None:
    """Somebody is waiting for it: it goes before those that are only waiting for their turn."""
    target = Scripted()
    with Prefetched(target, at_once=1) as prefetched:
        prefetched.prefetch(SPECS[:3])
        wait_all([target.begun["e0"]])
        thread = in_thread(lambda: prefetched.open(SPECS[9]).__enter__())
        while len(prefetched._deployments) < 4:  # the request is in before anything goes on
            thread.join(0.01)
        target.let_all_go()
        thread.join(LONG_S)
        wait_all([target.begun["e2"]])
    assert [line for line in target.diary if line.startswith("begin")] == ["begin e0", "begin e9", "begin e1", "begin e2"]


def test_a_failed_deployment_is_raised_where_it_is_opened_each_time_and_nowhere_else() -> None:
    """Its own error, of its own kind; the others are up, and closing is no error."""
    target = Scripted(errors={"e1": CapacityError("no instances left")})
    target.let_all_go()
    with Prefetched(target) as prefetched:
        prefetched.prefetch(SPECS[:3])
        for _ in range(2):
            with pytest.raises(CapacityError, match="no instances left") as raised, prefetched.open(SPECS[1]):
                pytest.fail("there is no endpoint")
        frames = [frame.name for frame in traceback.extract_tb(raised.value.__traceback__)]
        assert frames.count("endpoint") == 1, "the traceback grows each time"
        for spec in (SPECS[0], SPECS[2]):
            with prefetched.open(spec) as endpoint:
                assert endpoint.name == spec.name
    assert {line for line in target.diary if line.startswith("gone")} == {"gone e0", "gone e2"}


def test_an_error_that_is_none_of_ours_is_raised_too() -> None:
    """A defect in a target must not make its caller wait for ever."""
    target = Scripted(errors={"e0": ZeroDivisionError("defect")})
    target.let_all_go()
    with Prefetched(target) as prefetched, pytest.raises(ZeroDivisionError), prefetched.open(SPECS[0]):
        pytest.fail("there is no endpoint")


def test_a_released_endpoint_is_gone_and_deployed_anew_when_opened_again() -> None:
    """Costs end when the last case is through; releasing what there is not is nothing."""
    target = Scripted()
    target.let_all_go()
    with Prefetched(target) as prefetched:
        with prefetched.open(SPECS[0]):
            pass
        prefetched.release(SPECS[0])
        assert target.diary == ["begin e0", "up e0", "gone e0"]
        prefetched.release(SPECS[0])
        with prefetched.open(SPECS[0]):
            pass
    assert target.diary == ["begin e0", "up e0", "gone e0"] * 2


def test_progress_is_told_by_whoever_waits() -> None:
    """The callback hears of the spec it waits for, in the waiting thread, with the target's own status and rising seconds."""
    target = ScriptedAndAttended()
    told: list[tuple[EndpointSpec, str, float, str]] = []
    heard_creating = Event()

    def hear(spec: EndpointSpec, status: str, elapsed_s: float) -> None:
        told.append((spec, status, elapsed_s, threading.current_thread().name))
        target.tell(SPECS[0], "Creating", 0.0)
        if status == "Creating":
            heard_creating.set()
            target.let_all_go()

    with Prefetched(target, on_progress=hear) as prefetched, prefetched.open(SPECS[0]):
        assert heard_creating.is_set()
    assert {(spec.name, thread) for spec, _, _, thread in told} == {("e0", threading.current_thread().name)}
    assert told[0][1] == "beginning"
    seconds = [elapsed_s for _, _, elapsed_s, _ in told]
    assert seconds == sorted(seconds)


@pytest.mark.parametrize("here", [True, False])
def test_an_endpoint_is_not_given_out_while_this_host_is_busy_deploying_others(here: bool) -> None:
    """A target that deploys on this very host would disturb a measurement; one elsewhere would not, and is not waited for."""
    target = Scripted()
    target.deploys_on_this_host = here  # type: ignore[attr-defined]  # an attribute that targets may have
    prefetched = Prefetched(target)
    prefetched.prefetch(SPECS[:2])
    target.go["e0"].set()
    opened = Event()

    def use() -> None:
        with prefetched.open(SPECS[0]):
            opened.set()

    thread = in_thread(use)
    assert opened.wait(2 * 0.2 if here else LONG_S) is not here
    target.go["e1"].set()
    assert opened.wait(LONG_S)
    thread.join(LONG_S)
    prefetched.close()
