"""Master: a load that is divided among workers. It drives nothing itself: it agrees on the start, and merges what was seen."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable

import gevent

from tailgate.errors import GeneratorError
from tailgate.generator.events import Events, ParentGoneError
from tailgate.generator.host import together
from tailgate.generator.order import Order
from tailgate.generator.swarm import Swarm
from tailgate.generator.workers.admission import Door, Entrance, listening_at, token_for
from tailgate.generator.workers.crew import Crew
from tailgate.generator.workers.merging import Merge
from tailgate.generator.workers.roster import Hand, Roster
from tailgate.generator.workers.runners import Chief, Said
from tailgate.samples import Header

_LEAD_S = 1.0  # from the decision to start to the first due time: word has to get to all workers
_HALT_S = 0.1  # the same for the end of the load before its time
_STEP_S = 0.05
_TICK_S = 1.0
_JOIN_S = 60.0  # for imports on a slow or busy host
_JOIN_FROM_ELSEWHERE_S = 300.0
_PREPARE_S = 60.0
_SILENCE_S = 3.0  # workers report four times a second
_LINGER_MS = 500


class Master:
    """Locust's master for one order. Raises GeneratorError from its creation and `prepare` when the load cannot begin."""

    def __init__(self, order: Order, events: Events) -> None:
        self._order, self._events = order, events
        self._faults: list[str] = []
        self._failure: str | None = None
        self._stopped_s: float | None = None
        self._origin_s = self._deadline_s = math.inf
        self._cpu_s = 0.0
        self._crew: Crew | None = None
        self._token = token_for(order.joining, order.master_bind, os.environ)
        self._door = Door(self._token, order.workers, order.joining)
        self._roster = Roster()
        self._swarm = Swarm(order.address.url, lambda environment: Chief(environment, *listening_at(order.master_bind), self._door))
        self._chief: Chief = self._swarm.runner
        self._listen()

    @property
    def clock(self) -> str:
        """Which instruments stamp the times."""
        return self._roster.clock

    def prepare(self) -> None:
        """Start the workers, wait for all of them, and have each prepare its share."""
        order, members = self._order, self._door.members
        workers = order.workers + order.joining
        self._scheduled = len(order.load.due_times()) if order.load.open_loop else None
        self._merge = Merge(order.samples, workers, order.load, len(order.counted))
        self._crew = Crew(Entrance(self._chief.near, self._chief.port, self._token), order.workers, os.environ)
        self._await(lambda: self._door.complete, _JOIN_FROM_ELSEWHERE_S if order.joining else _JOIN_S, "join")
        self._roster.enlist(members)
        for sender, member in members.items():
            self._chief.tell(sender, "part", order=order.to_json(), place=member.place, workers=workers)
        self._await(lambda: self._roster.prepared, _PREPARE_S + order.connect_timeout_s, "get ready")

    def run(self) -> dict[str, object]:
        """The whole load; what it came to, as the event `done` tells it."""
        load, urls = self._order.load, [address.url for address in self._order.addresses]
        self._origin_s = origin_s = time.monotonic() + _LEAD_S
        unix_s = time.time() + origin_s - time.monotonic()
        self._deadline_s = origin_s + load.warmup_s + load.for_s + self._order.timeout_s + _PREPARE_S
        self._merge.begin(Header(self._scheduled, load.warmup_s, load.for_s, origin_s, unix_s, self.clock, *urls))
        for sender in self._door.members:
            self._chief.tell(sender, "begin", begin_s=origin_s)
        gevent.spawn(self._chief.start, len(self._door.members), len(self._door.members))
        self._roster.listen_from(time.monotonic())
        cpu_s = time.process_time()
        self._follow()
        self._cpu_s = time.process_time() - cpu_s
        return self._totals()

    def stop(self) -> None:
        """End the load before its time, with its record: all workers at the same moment."""
        if self._stopped_s is not None or math.isinf(self._origin_s):
            return
        self._stopped_s = max(0.0, time.monotonic() + _HALT_S - self._origin_s)
        for hand in self._roster.at_work():
            self._chief.tell(hand.sender, "halt", at_s=self._stopped_s)

    def close(self) -> None:
        """Let Locust end its workers; those on this host end in any case."""
        self._chief.quit()
        if self._crew is not None:
            self._crew.end()
        self._chief.server.close(linger=_LINGER_MS)  # type: ignore[no-untyped-call]  # Locust's

    def break_off(self, error: BaseException) -> None:
        """Something failed that never should; the run ends, and says so."""
        self._fail(f"the generator broke ({type(error).__name__}: {error}); this is an error in tailgate, please report it")

    def abandon(self) -> None:
        """Nobody waits for this run any more: the rows so far are on disk, and the workers end with this process."""
        os._exit(1)

    def _listen(self) -> None:
        self._chief.on("ping", lambda sender, _: self._chief.tell(sender, "pong", now_s=time.monotonic()))
        for kind, heard in (("prepared", self._prepared), ("failed", self._refused), ("done", self._done)):
            self._chief.on(kind, self._guarded(heard))
        report = self._guarded(self._reported)
        self._swarm.events.worker_report.add_listener(lambda client_id, data: report(client_id, data))

    def _guarded(self, heard: Callable[[Hand, Said], None]) -> Callable[[str, Said], None]:
        """Locust would log what a listener raises, and go on."""

        def listener(sender: str, said: Said) -> None:
            hand = self._roster.hands.get(sender)
            if hand is None or hand.lost:
                return
            hand.heard_s = time.monotonic()
            try:
                heard(hand, said)
            except GeneratorError as error:
                self._fail(str(error))
            except Exception as error:
                self.break_off(error)

        return listener

    def _prepared(self, hand: Hand, said: Said) -> None:
        hand.clock, hand.accuracy_s, hand.prepared = said["clock"], said["accuracy_s"], True

    def _refused(self, hand: Hand, said: Said) -> None:
        """A worker's load cannot begin; on another host, that host is the reason."""
        self._failure = self._failure or (said["message"] if hand.member.local else f"{hand.member.name}: {said['message']}")

    def _reported(self, hand: Hand, said: Said) -> None:
        ours = said.get("tailgate")
        if ours is not None:
            hand.sent, hand.in_flight, hand.waiting = ours["sent"], ours["in_flight"], ours["waiting"]
            self._merge.add(hand.member.place, ours["rows"], ours["connections"], ours["settled"])

    def _done(self, hand: Hand, said: Said) -> None:
        hand.done = said
        if said["faults"] or said["stopped_s"] is not None:
            self.stop()

    def _await(self, holds: Callable[[], bool], within_s: float, what: str) -> None:
        began_s, told_s = time.monotonic(), -math.inf
        while not holds():
            now = time.monotonic()
            dead = list(self._crew.obituaries().values()) if self._crew is not None else []
            if self._failure is not None or dead:
                raise GeneratorError(self._failure or "; ".join(dead))
            if now > began_s + within_s:
                raise GeneratorError(self._incomplete(what, within_s))
            if now > told_s + _TICK_S:
                told_s = now
                self._events.tell("waiting", joined=len(self._door.members), expected=self._order.workers + self._order.joining)
            gevent.sleep(_STEP_S)

    def _incomplete(self, what: str, within_s: float) -> str:
        there = len(self._door.members) if what == "join" else sum(hand.prepared for hand in self._roster.hands.values())
        reasons = "; ".join(self._door.refusals) or "start the others, or ask for fewer"
        return f"{there} of {self._order.workers + self._order.joining} workers did {what} within {within_s:.0f} s; {reasons}"

    def _follow(self) -> None:
        ticked_s, sent = self._origin_s, 0
        while self._roster.at_work():
            gevent.sleep(_STEP_S)
            now = time.monotonic()
            self._look_for_the_lost(now)
            if now >= ticked_s + _TICK_S:
                self._tick(now, (self._roster.sent - sent) / (now - ticked_s))
                ticked_s, sent = now, self._roster.sent
        try:
            self._merge.close()
        except GeneratorError as error:
            self._faults.append(str(error))

    def _look_for_the_lost(self, now: float) -> None:
        """A worker that is gone, or that has said nothing, makes the run worthless: the others end."""
        obituaries = self._crew.obituaries() if self._crew is not None else {}
        for hand in self._roster.at_work():
            why, silent_s = obituaries.get(hand.member.place), now - hand.heard_s
            if why is None and silent_s > _SILENCE_S:
                why = f"{hand.member.name} died or hung: it said nothing for {silent_s:.0f} s; look at its host, and at the network between"
            if why is None and now > self._deadline_s:
                why = f"{hand.member.name} did not come to an end; its host is too slow for this load"
            if why is not None:
                hand.lost = True
                self._fail(why)
                if self._crew is not None:
                    self._crew.kill(hand.member.place)

    def _fail(self, why: str) -> None:
        self._faults.append(why)
        self._failure = self._failure or why
        self.stop()

    def _tick(self, now: float, rate_per_s: float) -> None:
        recorder, roster = self._merge.recorder, self._roster
        try:
            self._events.tell(
                "tick",
                t_s=round(now - self._origin_s, 3),
                sent=roster.sent,
                done=recorder.rows,
                failed=recorder.failed,
                in_flight=sum(hand.in_flight for hand in roster.at_work()),
                waiting=sum(hand.waiting for hand in roster.at_work()),
                rate_per_s=round(rate_per_s, 3),
                settled=self._merge.seconds.settled(),
                **self._merge.progress.told(),
            )
        except ParentGoneError:
            self.abandon()

    def _totals(self) -> dict[str, object]:
        done = self._roster.done
        swarm, recorder = self._swarm, self._merge.recorder
        return {
            "sent": sum(one["sent"] for one in done),
            "rows": recorder.rows,
            "failed": recorder.failed,
            "locust_requests": swarm.requests,
            "locust_failures": swarm.failures,
            "cpu_s": sum((one["cpu_s"] for one in done), self._cpu_s),
            "clock": self.clock,
            "stopped_s": self._stopped_s,
            "host": together(one["host"] for one in done),
            "faults": [*self._faults, *self._roster.faults(self._merge.rows_of, (swarm.requests, swarm.failures), recorder.failed)],
        }
