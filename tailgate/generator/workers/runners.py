"""Runners: Locust's own master and worker, and what tailgate asks of them beyond: admission, clocks, and a shorter beat."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from typing import Any, NoReturn

import gevent
import locust.runners
from gevent.event import AsyncResult
from gevent.queue import Empty, Queue
from locust.env import Environment
from locust.rpc import Message
from locust.runners import MasterRunner, WorkerRunner

from tailgate.errors import GeneratorError
from tailgate.generator.engine import Engine
from tailgate.generator.workers.admission import CHALLENGE, REFUSED, WELCOME, Applicant, Door, Entrance, RefusedError

REPORT_S = 0.25
"""Between two reports of a worker; Locust's three seconds would make a lost worker, and the last rows, come late."""

_LOOKS = 16
_ANSWER_S = 5.0
_PREFIX = "tailgate-"
_ANYWHERE = {"*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - the user's own word

Said = dict[str, Any]


class Chief(MasterRunner):
    """A master that listens to members only. Raises GeneratorError when it cannot listen at this address."""

    def __init__(self, environment: Environment, host: str, port: int, door: Door) -> None:
        self._door = door
        try:
            super().__init__(environment, host, port)
        except (SystemExit, Exception) as error:  # Locust exits when the port is taken, ZeroMQ has errors of its own
            raise GeneratorError(
                f"the master cannot listen at {host}:{port} ({error}); is the port in use, the address this host's?"
            ) from None

    @property
    def near(self) -> str:
        """The host by which workers on this host reach it."""
        return _ANYWHERE.get(host := str(self.master_bind_host), host)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server.port)

    def on(self, kind: str, heard: Callable[[str, Said], None]) -> None:
        """Have a function called with the sender and the content of each message of a kind."""
        self.register_message(_PREFIX + kind, lambda environment, msg: heard(msg.node_id, msg.data))  # noqa: ARG005 - Locust's names

    def tell(self, member: str, kind: str, **said: object) -> None:
        """Tell one worker."""
        self.send_message(_PREFIX + kind, said, member)

    def client_listener(self) -> NoReturn:
        """Hear everybody; what cannot be understood comes from a stranger, and is not answered."""
        while True:
            try:
                sender, message = self.server.recv_from_client()  # type: ignore[no-untyped-call]  # Locust's
            except Exception:
                gevent.sleep(0.01)
                continue
            self.handle_message(sender, message)

    def handle_message(self, client_id: str, msg: Message) -> None:
        """Locust's own for members who speak for themselves; others are heard at the door only."""
        if client_id not in self._door.members:
            reply = self._door.hear(client_id, msg.type, msg.data)
            if reply is not None:
                self.server.send_to_client(Message(*reply, client_id))  # type: ignore[no-untyped-call]  # Locust's
        elif msg.node_id == client_id:
            super().handle_message(client_id, msg)


class Recruit(WorkerRunner):
    """A worker that is admitted first. Raises RefusedError when it is not; waits for a master that is not there yet.

    part: the order and the share of it, once all workers are there. accuracy_s: how well this host's clock is known to
    agree with the master's, after `compare_clocks`; 0 on the master's own host, where both read the same clock.
    """

    def __init__(self, environment: Environment, entrance: Entrance) -> None:
        locust.runners.WORKER_REPORT_INTERVAL = REPORT_S
        self._entrance = entrance
        self._applicant = Applicant(entrance, os.getpid(), entrance.called or socket.gethostname())
        self._admitted: AsyncResult = AsyncResult()
        self._pongs: Queue = Queue()
        self.part: AsyncResult = AsyncResult()
        self.accuracy_s = self._ahead_s = 0.0
        super().__init__(environment, entrance.host, entrance.port)

    def connect_to_master(self) -> None:
        """Be admitted, and then be a worker of Locust's, which calls this again when an acknowledgement is late."""
        if not self._admitted.ready():
            self._be_admitted()
        super().connect_to_master()  # type: ignore[no-untyped-call]  # Locust's

    def _be_admitted(self) -> None:
        self.register_message(CHALLENGE, lambda environment, msg: self._answer(msg.data))  # noqa: ARG005 - Locust's names
        self.register_message(WELCOME, lambda environment, msg: self._admitted.set(msg.data))  # noqa: ARG005
        self.register_message(REFUSED, lambda environment, msg: self._refused(msg.data))  # noqa: ARG005
        self.on("part", self.part.set)
        self.on("pong", lambda said: self._pongs.put(said["now_s"]))
        self.send_message(*self._applicant.join())
        self._admitted.get()

    def on(self, kind: str, heard: Callable[[Said], None]) -> None:
        """Have a function called with the content of each message of a kind."""
        self.register_message(_PREFIX + kind, lambda environment, msg: heard(msg.data))  # noqa: ARG005 - Locust's names

    def tell(self, kind: str, **said: object) -> None:
        """Tell the master."""
        self.send_message(_PREFIX + kind, said)

    def compare_clocks(self) -> None:
        """Find out how far the master's monotonic clock is ahead of this host's, to half of the shortest round trip.

        That is some .1 ms within a data centre, a few ms between regions; afterwards two hosts' clocks drift apart by up to
        50 µs a second, unless time daemons hold them. Response times are taken from this host's clock alone, so neither
        touches them: only how exactly the shares interleave depends on it.
        """
        if self._entrance.place is not None:
            return
        looks = []
        for _ in range(_LOOKS):
            asked_s = time.monotonic()
            self.tell("ping")
            try:
                there_s = self._pongs.get(timeout=_ANSWER_S)
            except Empty:
                raise GeneratorError(f"the master did not answer within {_ANSWER_S:g} s; look at the network between the hosts") from None
            now_s = time.monotonic()
            looks.append((now_s - asked_s, there_s - (asked_s + now_s) / 2))
        round_trip_s, self._ahead_s = min(looks)
        self.accuracy_s = round_trip_s / 2

    def serve(self, engine: Engine) -> None:
        """Begin and end the engine's load when the master says so."""

        def begin(said: Said) -> None:
            engine.begin_s = said["begin_s"] - self._ahead_s

        self.on("begin", begin)
        self.on("halt", lambda said: gevent.spawn(engine.stop_at, said["at_s"]))

    def _refused(self, said: Said) -> None:
        self._admitted.set_exception((GeneratorError if said["full"] else RefusedError)(said["why"]))

    def _answer(self, challenge: Said) -> None:
        try:
            self.send_message(*self._applicant.answer(challenge))
        except RefusedError as error:
            self._admitted.set_exception(error)
