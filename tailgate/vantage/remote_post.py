"""Remote post: a host of the session's as seen from here. What is asked of it goes by letter, and so does its silence show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import count
from queue import Empty, SimpleQueue
from threading import Lock
from types import MappingProxyType
from typing import Any

from tailgate.aws.instance_metadata import Instance
from tailgate.errors import GeneratorError, TargetError
from tailgate.generator.followed import Generator
from tailgate.generator.order import Order
from tailgate.generator.workers.admission import Entrance
from tailgate.targets import Address, Endpoint
from tailgate.vantage.correspondence import Correspondence, Pace
from tailgate.vantage.letters import Letter
from tailgate.vantage.mailbox import Mailbox
from tailgate.vantage.remote import RemoteGenerator
from tailgate.vantage.remote_workers import RemoteWorkers

SILENT_S = 10.0
"""A host that has given no sign of life for so long is dead, as far as we are concerned."""

_ANSWER_S = 40.0  # a name that DNS does not know takes a resolver this long to give up
_STEP_S = 0.2
_LEAVES_S = 2.0
_NOTHING: Mapping[str, object] = MappingProxyType({})
_PACE = Pace(look_s=0.2, sign_s=1.0, beat_s=5.0)


class RemotePost:
    """One host. name: what makes runs comparable. host: how people know it. known: facts of it, for the record.

    To be closed, whereupon its agent ends.
    """

    def __init__(self, mailbox: Mailbox, name: str, host: str, *, on_this_host: bool, known: Mapping[str, object] = _NOTHING) -> None:
        self.name, self.host, self.on_this_host, self._known = name, host, on_this_host, known
        self._mail = Correspondence(mailbox, self._received, pace=_PACE)
        self._orders, self._asking = count(1), Lock()
        self._answers: dict[int, SimpleQueue[Letter]] = {}
        self._ready: Mapping[str, Any] | None = None
        self._broke: str | None = None
        self._current: tuple[int, RemoteGenerator | RemoteWorkers] | None = None
        self._mail.begin()

    @property
    def facts(self) -> Mapping[str, object]:
        """What is known of it, and what its agent said."""
        ready = self._ready or {}
        return {**self._known} | {name: ready[name] for name in ("host", "versions") if name in ready}

    @property
    def trouble(self) -> str | None:
        """Why it can be asked nothing any more, in a sentence; None while all is well."""
        if self._broke is not None:
            return f"{self.host}: {self._broke}"
        if self._mail.trouble is not None:
            return f"{self.host}: {self._mail.trouble}"
        if self._mail.silent_s > SILENT_S and self._mail.heard:
            seen = f"{self.host} has given no sign of life for {self._mail.silent_s:.0f} s"
            heard = f"; S3 said here: {self._mail.complaint}" if self._mail.complaint is not None else ""
            return f"{seen}: it, the agent on it, or the network between died{heard}"
        return None

    @property
    def ready(self) -> bool:
        """Whether its agent has said that it is there."""
        return self._ready is not None

    @property
    def complaint(self) -> str | None:
        """What S3 said when it was asked for letters last, where that was no answer."""
        return self._mail.complaint

    def start(self, order: Order, environment: Mapping[str, str]) -> Generator:
        """A generator there. Raises GeneratorError where the host is lost."""
        if (trouble := self.trouble) is not None:
            raise GeneratorError(trouble)
        number = next(self._orders)
        generator = RemoteGenerator(self.host, number, order.samples, self._mail.send, lambda: self.trouble)
        self._current = number, generator
        self._mail.send("drive", order=number, told=order.to_json(), environment=dict(environment))
        return generator

    def join(self, entrance: Entrance, workers: int, environment: Mapping[str, str]) -> RemoteWorkers:
        """So many workers there, for a master on another host."""
        number = next(self._orders)
        joined = RemoteWorkers(self.host, number, self._mail.send, lambda: self.trouble)
        self._current = number, joined
        self._mail.send("join", order=number, entrance=asdict(entrance), workers=workers, environment=dict(environment))
        return joined

    def addresses_of(self, host: str) -> Sequence[str]:
        """What a name resolves to there. Raises TargetError."""
        return [str(address) for address in self.ask("addresses", host=host)["addresses"]]

    def instance(self) -> Instance | None:
        """What its metadata said when its agent began."""
        told = (self._ready or {}).get("instance")
        return None if told is None else Instance(**{**told, "cidrs": tuple(told["cidrs"])})

    @contextmanager
    def null(self, *, region: str, tls: bool, signed: bool) -> Iterator[Endpoint]:
        """A responder there, in a process beside the generator's. Raises TargetError."""
        told = self.ask("open null", region=region, tls=tls, signed=signed)
        addresses = {path: Address(**fields) for path, fields in told["addresses"].items()}
        try:
            yield Endpoint("floor", addresses, True, told["provenance"], environment=told["environment"])
        finally:
            self._mail.send("ask", question="close null")

    def ask(self, question: str, **fields: Any) -> Mapping[str, Any]:
        """The answer's fields. Raises TargetError where there is none."""
        answer: SimpleQueue[Letter] = SimpleQueue()
        with self._asking:  # or the answer might be here before it is awaited
            number = self._mail.send("ask", question=question, **fields)
            self._answers[number] = answer
        try:
            for _ in range(int(_ANSWER_S / _STEP_S)):
                if (trouble := self.trouble) is not None:
                    raise TargetError(trouble)
                try:
                    told = answer.get(timeout=_STEP_S).fields
                except Empty:
                    continue
                if "error" in told:
                    raise TargetError(f"{self.host}: {told['error']}")
                return told
        finally:
            del self._answers[number]
        raise TargetError(f"{self.host} did not answer within {_ANSWER_S:.0f} s ({question}); its agent is busy or stuck: look at its log")

    def close(self) -> None:
        """Dismiss its agent, as far as it hears that; raises nothing."""
        self._mail.send("leave")
        self._mail.close(linger_s=_LEAVES_S)

    def _received(self, letter: Letter) -> None:
        """Give a letter to whom it is for; in the thread that reads them."""
        match letter.about:
            case "ready":
                self._ready = letter.fields
            case "broke":
                self._broke = str(letter.fields.get("why"))
            case "answer":
                with self._asking:
                    asked = self._answers.get(letter.fields["to"])
                if asked is not None:
                    asked.put(letter)
            case "course":
                current = self._current
                if current is not None and current[0] == letter.fields["order"]:
                    current[1].receive(letter)
