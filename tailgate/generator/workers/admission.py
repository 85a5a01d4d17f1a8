"""Admission: who may work for a master. Pure: messages in, messages out; the wire is Locust's.

A worker says `join` with a nonce. The master answers with `challenge`: a nonce of its own, and the proof that it knows
the run's token. The worker answers with `proof` of the same. The token itself is never sent, and neither side works for
one that does not know it. Nothing else that a stranger says is listened to.
"""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tailgate
from tailgate.errors import GeneratorError

JOIN, CHALLENGE, PROOF, WELCOME, REFUSED = "tailgate-join", "tailgate-challenge", "tailgate-proof", "tailgate-welcome", "tailgate-refused"

TOKEN = "TAILGATE_TOKEN"  # noqa: S105 - the name of an environment variable
"""Environment variable in which a master, and workers on other hosts, are given the token."""

LEAST_TOKEN = 16
_MOST_STRANGERS = 64
_MOST_CHARACTERS = 128

Reply = tuple[str, dict[str, object]]


class RefusedError(GeneratorError):
    """A worker and a master do not work with each other, neither now nor later: another token, another version."""


def new_token() -> str:
    """A token for one session: 128 random bits, in letters that survive a shell."""
    return secrets.token_hex(16)


def token_for(joining: int, master_bind: str | None, environment: Mapping[str, str]) -> str:
    """The token of a run. Workers from other hosts are given theirs by people, who have to know it; otherwise nobody has to.

    Raises GeneratorError when others are awaited and could not join.
    """
    if not joining:
        return new_token()
    token = environment.get(TOKEN, "")
    if len(token) < LEAST_TOKEN or master_bind is None:
        raise GeneratorError(
            f"workers from other hosts are awaited: name the address they join at (HOST:PORT), and put a token of {LEAST_TOKEN} "
            f"characters or more into {TOKEN}"
        )
    return token


def listening_at(master_bind: str | None) -> tuple[str, int]:
    """Where a master listens: on loopback at whichever port is free, unless an address was named. Raises GeneratorError."""
    if master_bind is None:
        return "127.0.0.1", 0
    host, _, port = master_bind.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise GeneratorError(f"the master's address is '{master_bind}'; write HOST:PORT, such as 10.0.0.5:5557")
    return host, int(port)


@dataclass(frozen=True, slots=True)
class Entrance:
    """What a worker needs to find its master: where it listens, the token, and its place (None: whichever is free).

    called: as what its host is known there, where not by its own name.
    """

    host: str
    port: int
    token: str
    place: int | None = None
    called: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A worker that was admitted. place: from 0; its share of the load."""

    place: int
    pid: int
    host: str
    local: bool

    @property
    def name(self) -> str:
        """How people know it: `worker 2 (pid 123)`, or with its host, when that is another."""
        return f"worker {self.place + 1} (pid {self.pid})" if self.local else f"worker {self.place + 1} (pid {self.pid} on {self.host})"


class Applicant:
    """A worker's side of admission. Raises RefusedError when the master is not the one that it was sent to."""

    def __init__(self, entrance: Entrance, pid: int, host: str) -> None:
        self._entrance, self._pid, self._host = entrance, pid, host
        self._nonce = secrets.token_hex(16)

    def join(self) -> Reply:
        """The first message."""
        return JOIN, {"nonce": self._nonce, "place": self._entrance.place, "pid": self._pid, "host": self._host}

    def answer(self, challenge: Mapping[str, Any]) -> Reply:
        """What to say to a challenge."""
        nonce, token = _word(challenge, "nonce"), self._entrance.token
        if not hmac.compare_digest(_word(challenge, "proof"), _proof(token, "master", self._nonce, nonce)):
            raise RefusedError(
                f"the master at {self._entrance.host}:{self._entrance.port} was given another token; "
                f"copy the one that was printed where the measurement was started into {TOKEN}"
            )
        return PROOF, {"proof": _proof(token, "worker", self._nonce, nonce), "version": tailgate.__version__}


class Door:
    """A master's side of admission: `local` places for workers it starts itself, `joining` for those from elsewhere.

    members: those admitted, by the name of their connection. refusals: a sentence for each worker that was refused.
    """

    def __init__(self, token: str, local: int, joining: int) -> None:
        self.members: dict[str, Member] = {}
        self.refusals: list[str] = []
        self._token, self._local, self._places = token, local, local + joining
        self._strangers: OrderedDict[str, tuple[dict[str, Any], str]] = OrderedDict()

    @property
    def complete(self) -> bool:
        """Whether every place is taken."""
        return len(self.members) == self._places

    def hear(self, stranger: str, kind: str, said: object) -> Reply | None:
        """What to answer to one who is not a member; None: nothing."""
        if not isinstance(said, dict):
            return None
        if kind == JOIN:
            return self._challenge(stranger, said)
        if kind == PROOF and stranger in self._strangers:
            return self._judge(stranger, said)
        return None

    def _challenge(self, stranger: str, said: dict[str, Any]) -> Reply:
        nonce = secrets.token_hex(16)
        self._strangers[stranger] = said, nonce
        if len(self._strangers) > _MOST_STRANGERS:
            self._strangers.popitem(last=False)
        return CHALLENGE, {"nonce": nonce, "proof": _proof(self._token, "master", _word(said, "nonce"), nonce)}

    def _judge(self, stranger: str, said: dict[str, Any]) -> Reply:
        asked, nonce = self._strangers.pop(stranger)
        pid, host, version = asked.get("pid"), _word(asked, "host"), _word(said, "version")
        who = f"a worker (pid {pid if isinstance(pid, int) else '?'} on {host!r})"
        if not hmac.compare_digest(_word(said, "proof"), _proof(self._token, "worker", _word(asked, "nonce"), nonce)):
            return self._refuse(f"{who} gave a wrong token; give it the one that was printed where the measurement was started")
        if version != tailgate.__version__:
            return self._refuse(f"{who} is of tailgate {version}, the master of {tailgate.__version__}; install the same on both")
        place = self._place(asked.get("place"))
        if place is None:
            return self._refuse(f"{who} came when all {self._places} places were taken; ask for more workers", full=True)
        self.members[stranger] = Member(place, int(pid or 0), host, place < self._local)
        return WELCOME, {"place": place}

    def _refuse(self, why: str, *, full: bool = False) -> Reply:
        if len(self.refusals) < _MOST_STRANGERS:
            self.refusals.append(why)
        return REFUSED, {"why": why, "full": full}

    def _place(self, wanted: object) -> int | None:
        """A worker that the master started knows its place; others take the first free one that is for them."""
        places = range(self._local, self._places) if wanted is None else [place for place in range(self._local) if place == wanted]
        taken = {member.place for member in self.members.values()}
        return next((place for place in places if place not in taken), None)


def _proof(token: str, role: str, worker_nonce: str, master_nonce: str) -> str:
    return hmac.digest(token.encode(), f"{role} {worker_nonce} {master_nonce}".encode(), "sha256").hex()


def _word(said: Mapping[str, Any], key: str) -> str:
    """A short text from somewhere unknown; plain ASCII, which is all that constant-time comparison takes."""
    word = said.get(key, "")
    return word[:_MOST_CHARACTERS].encode("ascii", "replace").decode() if isinstance(word, str) else ""
