"""Duty: the agent's life, from its first letter to its last. Whoever it works for is told of everything, and missed when silent."""

from __future__ import annotations

import time
from pathlib import Path
from queue import Empty, SimpleQueue

from tailgate.vantage.agent.answers import Answers, facts
from tailgate.vantage.agent.joined import Joined
from tailgate.vantage.agent.work import Work
from tailgate.vantage.correspondence import Correspondence, Pace
from tailgate.vantage.letters import Letter
from tailgate.vantage.mailbox import Mailbox
from tailgate.vantage.starting import AT_WORK

ALONE_AFTER_S = 60.0
"""Without a sign of life of the session's: then nobody will ever speak to this host again."""

FIRST_SIGN_S = 600.0
"""The same until the first: other hosts of a fleet may still be coming up."""

DISMISSED, BROKE, ALONE = 0, 1, 3

_STEP_S = 0.1
_STUCK_S = 30.0  # without a step of ours we are not alive
_LAST_LETTER_S = 10.0
_PACE = Pace(look_s=0.25, sign_s=1.0, beat_s=2.0)


class Duty:
    """For one session. alone_after_s: how long it may be silent. Raises nothing of ours."""

    def __init__(self, mailbox: Mailbox, scratch: Path, *, alone_after_s: float = ALONE_AFTER_S) -> None:
        self._inbox: SimpleQueue[Letter] = SimpleQueue()
        self._mail = Correspondence(mailbox, self._received, pace=_PACE, alive=self._moving)
        self._scratch, self._alone_after_s = scratch, alone_after_s
        self._answers = Answers()
        self._work: Work | Joined | None = None
        self._moved_s = time.monotonic()
        self._addressed = self._dismissed = self._told = False

    def serve(self) -> int:
        """Do what letters ask until one dismisses us, or nobody is there any more: DISMISSED, BROKE or ALONE."""
        self._mail.begin()
        self._mail.send("ready", **facts())
        try:
            return self._serve()
        except Exception as error:
            self._mail.send(
                "broke", why=f"the agent broke ({type(error).__name__}: {error}); this is an error in tailgate, please report it"
            )
            raise
        finally:
            if self._work is not None:
                self._work.end()
            self._answers.close()
            self._mail.close(linger_s=_LAST_LETTER_S)

    def _serve(self) -> int:
        while not self._dismissed:
            self._moved_s = time.monotonic()
            if self._mail.signed and not self._told:
                print(AT_WORK, flush=True)
                self._told = True
            if self._mail.trouble is not None:
                self._mail.send("broke", why=self._mail.trouble)
                return BROKE
            if self._mail.silent_s > (self._alone_after_s if self._addressed else max(FIRST_SIGN_S, self._alone_after_s)):
                print(f"nobody has spoken to this host for {self._mail.silent_s:.0f} s; it ends", flush=True)
                return ALONE
            self._step()
        return DISMISSED

    def _step(self) -> None:
        try:
            letter = self._inbox.get(timeout=0.0 if self._work is not None else _STEP_S)
        except Empty:
            pass
        else:
            self._heed(letter)
        if self._work is not None:
            self._work.step(_STEP_S)
            self._work = None if self._work.over else self._work

    def _heed(self, letter: Letter) -> None:
        fields = letter.fields
        match letter.about:
            case "drive" | "join":
                if self._work is not None:
                    self._work.end()
                self._work = self._begun(letter)
            case "stop" if self._work is not None:
                self._work.stop()
            case "end" if self._work is not None:
                self._work.end()
                self._work = None
            case "ask":
                self._answers.to(fields["question"], fields, lambda told: self._mail.send("answer", to=letter.number, **told))
            case "leave":
                self._dismissed = True

    def _begun(self, letter: Letter) -> Work | Joined:
        number, environment = letter.fields["order"], letter.fields["environment"]
        if letter.about == "join":
            return Joined(number, letter.fields["entrance"], letter.fields["workers"], environment, self._mail)
        return Work(number, letter.fields["told"], environment, self._scratch, self._mail)

    def _received(self, letter: Letter) -> None:
        self._addressed = True
        self._inbox.put(letter)

    def _moving(self) -> bool:
        return time.monotonic() < self._moved_s + _STUCK_S
