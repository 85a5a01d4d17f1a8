"""Prefetching that is closed: what is up goes, what is under way is interrupted, what has not begun never begins."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tailgate.errors import TargetError
from tailgate.targets.prefetch import Prefetched
from tests.unit.targets.scripted_target import LONG_S, SPECS, Scripted, ScriptedAndAttended, in_thread, wait_all


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
