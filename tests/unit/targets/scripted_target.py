"""A scripted target, whose deployments end when the test says so: events, no clocks."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

from tailgate.errors import TargetError
from tailgate.plan.case import EndpointSpec
from tailgate.targets import Endpoint

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
