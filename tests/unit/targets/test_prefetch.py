"""Prefetching against a scripted target whose deployments end when the test says so: events, no clocks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tailgate.errors import CapacityError, TargetError
from tailgate.plan.case import EndpointSpec
from tailgate.targets import Endpoint, Target
from tailgate.targets.prefetch import Prefetched

LONG_S = 30.0
"""Longer than anything here takes: a test that hangs fails instead."""

SPECS = [EndpointSpec(f"e{number}") for number in range(12)]


class Scripted:
    """A target that waits in `open` until the test lets it go on, and keeps a diary."""

    kind = "scripted"

    def __init__(self, *, errors: dict[str, BaseException] | None = None, deletion_errors: dict[str, BaseException] | None = None) -> None:
        self.diary: list[str] = []
        self.go: dict[str, Event] = defaultdict(Event)
        self.begun: dict[str, Event] = {spec.name: Event() for spec in SPECS}
        self.delete_go: dict[str, Event] = defaultdict(Event)
        self.deleting: dict[str, Event] = {spec.name: Event() for spec in SPECS}
        self.deletions_wait = False
        self._errors, self._deletion_errors = errors or {}, deletion_errors or {}
        self._lock = threading.Lock()

    @contextmanager
    def open(self, spec: EndpointSpec) -> Iterator[Endpoint]:
        """Begin, wait for the test, come up or fail; on leaving the same for deletion."""
        self.note(f"begin {spec.name}")
        self.begun[spec.name].set()
        self.wait(self.go[spec.name])
        if spec.name in self._errors:
            raise self._errors[spec.name]
        self.note(f"up {spec.name}")
        yield Endpoint(spec.name, addresses={}, deployed_by_us=True, provenance={})
        self.deleting[spec.name].set()
        if self.deletions_wait:
            self.wait(self.delete_go[spec.name])
        self.note(f"gone {spec.name}")
        if spec.name in self._deletion_errors:
            raise self._deletion_errors[spec.name]

    def wait(self, event: Event) -> None:
        """Wait for the test, but not for ever."""
        assert event.wait(LONG_S)

    def note(self, line: str) -> None:
        """Write into the diary."""
        with self._lock:
            self.diary.append(line)

    def let_all_go(self) -> None:
        """Nothing waits for the test any more."""
        for spec in SPECS:
            self.go[spec.name].set()


class ScriptedAndAttended(Scripted):
    """One that can also be watched, interrupted and closed, as the emulated target can."""

    def watch(self, on_progress: Callable[[EndpointSpec, str, float], None]) -> None:
        """Keep whom to tell."""
        self.tell = on_progress

    def interrupt(self) -> None:
        """Deployments under way fail."""
        self.note("interrupt")
        for spec in SPECS:
            self._errors[spec.name] = TargetError(f"{spec.name} interrupted")
        self.let_all_go()

    def close(self) -> None:
        """Write it down."""
        self.note("close")


def wait_all(events: list[Event]) -> None:
    for event in events:
        assert event.wait(LONG_S)


def in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


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


def test_everything_is_deleted_side_by_side() -> None:
    """All ten deletions have begun before the first ends."""
    target = Scripted()
    target.deletions_wait = True
    target.let_all_go()
    prefetched = Prefetched(target)
    prefetched.prefetch(SPECS[:10])
    for spec in SPECS[:10]:
        with prefetched.open(spec):
            pass
    closing = in_thread(prefetched.close)
    wait_all([target.deleting[spec.name] for spec in SPECS[:10]])
    assert not any(line.startswith("gone") for line in target.diary)
    for spec in SPECS[:10]:
        target.delete_go[spec.name].set()
    closing.join(LONG_S)
    assert sum(line.startswith("gone") for line in target.diary) == 10


def test_one_that_cannot_be_deleted_is_raised_as_it_is_after_all_were_tried() -> None:
    """The others are gone, and the error is the target's own."""
    own = TargetError("e1 is still there")
    target = Scripted(deletion_errors={"e1": own})
    target.let_all_go()
    prefetched = Prefetched(target)
    prefetched.prefetch(SPECS[:3])
    for spec in SPECS[:3]:
        with prefetched.open(spec):
            pass
    with pytest.raises(TargetError) as raised:
        prefetched.close()
    assert raised.value is own
    assert {line for line in target.diary if line.startswith("gone")} == {"gone e0", "gone e1", "gone e2"}


def test_several_that_cannot_be_deleted_are_told_in_one_error_each_sentence_once() -> None:
    """Ten endpoints lost to one dead process are one sentence; their errors are the cause."""
    errors: dict[str, BaseException] = {"e0": TargetError("moto died"), "e1": TargetError("moto died"), "e2": TargetError("denied")}
    target = Scripted(deletion_errors=errors)
    target.let_all_go()
    prefetched = Prefetched(target)
    for spec in SPECS[:3]:
        with prefetched.open(spec):
            pass
    with pytest.raises(TargetError, match=r"^3 endpoints could not be deleted: moto died; denied$") as raised:
        prefetched.close()
    assert isinstance(raised.value.__cause__, BaseExceptionGroup)
    assert len(raised.value.__cause__.exceptions) == 3


def test_closing_interrupts_what_is_under_way_and_never_begins_the_rest() -> None:
    """Interrupted deployments end with the target's error, queued ones were never begun, finished ones are deleted."""
    target = ScriptedAndAttended()
    prefetched = Prefetched(target, at_once=2)
    target.go["e0"].set()
    prefetched.prefetch(SPECS[:5])
    with prefetched.open(SPECS[0]):
        wait_all([target.begun["e1"], target.begun["e2"]])
    prefetched.close()
    assert target.diary[-1] == "close"
    assert set(target.diary) == {"begin e0", "up e0", "begin e1", "begin e2", "interrupt", "gone e0", "close"}


def test_a_target_that_cannot_be_interrupted_is_waited_for_and_what_it_made_deleted() -> None:
    """A deployment that comes up while closing is deleted: nothing is left behind."""
    target = Scripted()
    prefetched = Prefetched(target, at_once=1)
    prefetched.prefetch(SPECS[:2])
    wait_all([target.begun["e0"]])
    closing = in_thread(prefetched.close)
    assert not target.deleting["e0"].wait(0.05)
    target.let_all_go()
    closing.join(LONG_S)
    assert target.diary == ["begin e0", "up e0", "gone e0"]


def test_nothing_is_interrupted_when_all_is_up() -> None:
    """An orderly end is not an interruption."""
    target = ScriptedAndAttended()
    target.let_all_go()
    with Prefetched(target) as prefetched, prefetched.open(SPECS[0]):
        pass
    assert target.diary == ["begin e0", "up e0", "gone e0", "close"]


def test_after_closing_nothing_opens_and_closing_again_is_nothing() -> None:
    """The sentence says why; a second close deletes nothing twice."""
    target = Scripted()
    target.let_all_go()
    prefetched = Prefetched(target)
    with prefetched.open(SPECS[0]):
        pass
    prefetched.close()
    prefetched.close()
    with pytest.raises(TargetError, match="the session is ending"), prefetched.open(SPECS[0]):
        pytest.fail("there is no endpoint")
    assert target.diary.count("gone e0") == 1


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


SCRIPT = """
import sys, threading
from contextlib import contextmanager
from tailgate.plan.case import EndpointSpec
from tailgate.targets.prefetch import Prefetched

class Stuck:
    kind = "stuck"
    @contextmanager
    def open(self, spec):
        print("begun", flush=True)
        threading.Event().wait()
        yield

prefetched = Prefetched(Stuck())
try:
    with prefetched.open(EndpointSpec("e")):
        pass
except KeyboardInterrupt:
    pass
try:
    print("first", flush=True)
    prefetched.close()
except KeyboardInterrupt:
    print("second", flush=True)
"""


def test_ctrl_c_is_heard_while_opening_and_while_closing_and_no_thread_keeps_the_interpreter() -> None:
    """A target that hangs for ever: the first Ctrl-C ends the wait in open, the second that in close, and the process exits."""
    root = str(Path(__file__).resolve().parents[3])
    environment = {**os.environ, "PYTHONPATH": root}
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True, env=environment) as process:
        lines: Any = process.stdout
        assert lines.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        assert lines.readline() == "first\n"
        process.send_signal(signal.SIGINT)
        assert lines.readline() == "second\n"
        assert process.wait(LONG_S) == 0


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
