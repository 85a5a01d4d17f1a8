"""Scripted parts for tests of the dispatcher and the pool: connections, a recorder and an alarm that do as they are told."""

from __future__ import annotations

import time
from array import array
from types import SimpleNamespace

from tailgate.generator.dispatcher import Dispatcher
from tailgate.generator.pool import Pool
from tailgate.generator.wiring import Opening
from tailgate.samples import Error


class ScriptedConnection:
    """What a dispatcher knows of a connection; `dead` ones fail when something is sent on them."""

    def __init__(self, number: int, began_s: float) -> None:
        self.number, self.requests, self.request = number, 0, -1
        self.open = self.closed = self.dead = self.waited = False
        self.reusable = True
        self.began_s = self.sent_s = began_s
        self.first_byte_s: float | None = None
        self.response = SimpleNamespace(status=200, length=0, body=b"", throttled=False)
        self.opening = Opening("127.0.0.1")
        self.owner: Dispatcher | None = None

    def send(self, request: int, _: bytes) -> None:
        """As a connection does."""
        assert self.request < 0
        assert self.open
        assert not self.closed
        if self.dead:
            raise BrokenPipeError
        self.request, self.sent_s = request, time.monotonic()
        self.requests += 1

    def close(self) -> None:
        """As a connection does."""
        self.open, self.closed = False, True

    def give_up(self, why: str) -> None:
        """As a connection does."""
        self.close()
        self.owner.refused(self, TimeoutError(why))


class ScriptedRecorder:
    """Remembers which request got which outcome."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[float, Error]] = []
        self.waited: list[bool] = []
        self.payloads: list[int] = []
        self.opened_numbers: list[int] = []

    def opened(self, connection: ScriptedConnection) -> None:
        """As a recorder does."""
        self.opened_numbers.append(connection.number)

    def outcome(self, due_s: float, connection: ScriptedConnection, _: float | None, error: Error, payload: int) -> None:
        """As a recorder does."""
        self.outcomes.append((due_s, error))
        self.payloads.append(payload)
        self.waited.append(connection.waited)

    def unsent(self, due_s: float, waited: bool, error: Error, payload: int) -> None:
        """As a recorder does."""
        self.outcomes.append((due_s, error))
        self.payloads.append(payload)
        self.waited.append(waited)


class ScriptedAlarm:
    """Remembers when it is to ring."""

    at_s: float | None = None

    def set(self, at_s: float) -> None:
        """As an alarm does."""
        self.at_s = at_s

    def clear(self) -> None:
        """As an alarm does."""
        self.at_s = None


class Rig:
    """A dispatcher on scripted connections. exhausted: what opening another one raises, None while it works."""

    def __init__(self, size: int = 2, requests_each: int | None = None) -> None:
        self.made: list[ScriptedConnection] = []
        self.exhausted: OSError | None = None
        self.recorder, self.alarm = ScriptedRecorder(), ScriptedAlarm()
        self.pool = Pool(size, self._connect, [(2, ("127.0.0.1", 1)), (2, ("127.0.0.2", 1))], requests_each)
        renderer = SimpleNamespace(render=lambda _: b"request")
        self.dispatcher = Dispatcher(self.pool, renderer, self.recorder, self.alarm, None)

    def _connect(self, number, address, owner) -> ScriptedConnection:
        if self.exhausted is not None:
            raise self.exhausted
        connection = ScriptedConnection(number, time.monotonic())
        connection.owner, connection.address = owner, address
        self.made.append(connection)
        return connection

    @property
    def opening(self) -> list[ScriptedConnection]:
        """Connections on their way."""
        return [one for one in self.made if not one.open and not one.closed]

    @property
    def busy(self) -> list[ScriptedConnection]:
        """Connections with a request in flight."""
        return [one for one in self.made if one.open and one.request >= 0]

    def begin(self, due: array[float]) -> None:
        """Start an open loop whose requests all carry the first payload."""
        self.dispatcher.begin(due, bytes(len(due)))

    def play(self, step: str, which: int) -> None:
        """Let one thing happen, to one of the connections to which it can."""
        if step == "dispatch":
            self.dispatcher.dispatch()
        elif step == "expire":
            self.dispatcher.expire(time.monotonic(), time.monotonic())
        elif step in ("open", "refuse"):
            for connection in self.opening[which : which + 1]:
                (self.open if step == "open" else self.refuse)(connection)
        elif step == "kill idle":
            for connection in self.pool.idle[which : which + 1]:
                connection.dead = True
        else:
            for connection in self.busy[which : which + 1]:
                connection.reusable = step != "spend"
                (self.lose if step == "lose" else self.answer)(connection)

    def open(self, connection: ScriptedConnection) -> None:
        """Let a connection open."""
        connection.open = True
        self.dispatcher.opened(connection)

    def warm(self) -> None:
        """Open the pool's first connections."""
        self.pool.warm(self.dispatcher)
        for connection in self.opening:
            self.open(connection)

    def answer(self, connection: ScriptedConnection) -> None:
        """Let an answer come."""
        self.dispatcher.answered(connection, time.monotonic())

    def lose(self, connection: ScriptedConnection) -> None:
        """Let a connection break."""
        connection.close()
        self.dispatcher.lost(connection, Error.CONNECTION_LOST)

    def refuse(self, connection: ScriptedConnection) -> None:
        """Let an opening fail."""
        connection.close()
        self.dispatcher.refused(connection, ConnectionRefusedError())
