"""Correspondence: one side's letters kept flowing, by threads of its own, so that no slow answer of S3 keeps a load or its watcher.

What S3 does not do is tried again, for as long as the correspondence lasts. How long the other side has been silent is told, and
what that means is for whoever asks to say.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from queue import Empty, Queue
from threading import Event, Lock, Thread
from typing import Any

from tailgate.vantage.letters import Letter, LetterError
from tailgate.vantage.mailbox import Mailbox, MailError, Sign

_AGAIN_S = 0.5
_RESTS_S = 0.7  # after a letter: the next one comes about a second later
_SIGN_AFTER_S = 1.5  # without a letter
_LOST_AFTER_S = 5.0
_ASLEEP_S = 6.0  # longer than a question to S3 takes to come to nothing
_STEP_S = 0.05


@dataclass(frozen=True, slots=True)
class Pace:
    """How often each is done, seconds: asking for the next letter, asking for the other's sign of life, giving one's own."""

    look_s: float = 0.2
    sign_s: float = 1.0
    beat_s: float = 2.0


USUAL = Pace()


class Correspondence:
    """on_letter: told each letter once, in their order, in a thread of this. alive: whether to give signs of life. now: a clock."""

    def __init__(
        self,
        mailbox: Mailbox,
        on_letter: Callable[[Letter], None],
        *,
        pace: Pace = USUAL,
        alive: Callable[[], bool] = lambda: True,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._mailbox, self._on_letter, self._pace, self._alive, self._now = mailbox, on_letter, pace, alive, now
        self.heard = False
        """Whether there ever was anything of the other side's."""
        self.signed = False
        """Whether S3 ever took a sign of life of this side's."""
        self._numbers, self._numbering = count(1), Lock()
        self._outbox: Queue[Letter] = Queue()
        self._next, self._written, self._beats = 1, 0, 0
        self._heard_s = self._letter_s = self._asked_s = self._looked_s = now()
        self._sign: Sign | None = None
        self._missed_since_s: float | None = None
        self._closed = Event()
        self._threads: list[Thread] = []
        self.trouble: str | None = None
        """Why nothing further can be read, in a sentence; None while all is well."""
        self.complaint: str | None = None
        """What S3 said when it was last asked for letters, where that was no answer."""

    def begin(self) -> None:
        """Let letters flow."""
        for name, step in (("writes", self._write), ("reads", self._read), ("beats", self._beat)):
            self._threads.append(Thread(target=self._repeat, args=(step,), name=f"tailgate {name} letters", daemon=True))
            self._threads[-1].start()

    @property
    def silent_s(self) -> float:
        """How long nothing has been heard from the other side, no sign of life either; from the beginning until the first.

        While nobody listens here, since this process was asleep, that is not the other side's silence.
        """
        return min(self._now(), self._looked_s + _ASLEEP_S) - self._heard_s

    @property
    def unwritten(self) -> int:
        """How many letters S3 has not taken yet."""
        return self._outbox.unfinished_tasks

    def send(self, about: str, parts: Mapping[str, bytes] | None = None, **fields: Any) -> int:
        """Write a letter as soon as S3 takes it; its number."""
        with self._numbering:
            letter = Letter(next(self._numbers), about, fields, parts or {})
            self._outbox.put(letter)
        return letter.number

    def close(self, linger_s: float = 0.0) -> None:
        """End it, once all is written, or after so long."""
        until_s = time.monotonic() + linger_s
        while self.unwritten and time.monotonic() < until_s:
            time.sleep(_STEP_S)
        self._closed.set()

    def look(self) -> bool:
        """Ask for the next letter, and where there is none for a sign of life; whether there was a letter. Raises MailError."""
        self._looked_s = self._now()
        if self.trouble is not None:
            return False
        try:
            letter = self._mailbox.get(self._next)
        except LetterError as error:
            self.trouble = str(error)
            return False
        self.complaint = None
        if letter is None:
            self._look_for_a_sign()
            return False
        self._next, self._missed_since_s = self._next + 1, None
        self._heard_s = self._letter_s = self._now()
        self.heard = True
        self._on_letter(letter)
        return True

    def _look_for_a_sign(self) -> None:
        now = self._now()
        if now < max(self._letter_s + _SIGN_AFTER_S, self._asked_s + self._pace.sign_s):
            return
        self._asked_s = now
        sign = self._mailbox.last_sign()
        if sign is None or sign == self._sign:
            return
        self._sign, self._heard_s, self.heard = sign, now, True
        if sign.written < self._next:
            self._missed_since_s = None
        elif self._missed_since_s is None:
            self._missed_since_s = now
        elif now > self._missed_since_s + _LOST_AFTER_S:
            self.trouble = (
                f"letter {self._next} of {sign.written} below s3://{self._mailbox.bucket}/{self._mailbox.prefix} is not there; "
                "somebody deletes what lies there, or a rule of the bucket's does: name another bucket"
            )

    def _read(self) -> float:
        try:
            found = self.look()
        except MailError as error:
            self.complaint = str(error)
            return _AGAIN_S
        return 0.0 if found else max(self._pace.look_s, self._letter_s + _RESTS_S - self._now())

    def _write(self) -> float:
        try:
            letter = self._outbox.get(timeout=self._pace.look_s)
        except Empty:
            return 0.0
        try:
            self._put(letter)
        finally:
            self._outbox.task_done()
        return 0.0

    def _put(self, letter: Letter) -> None:
        while not self._closed.is_set():
            try:
                self._mailbox.put(letter)
            except MailError as error:
                self.complaint = str(error)
                self._closed.wait(_AGAIN_S)
            else:
                self._written = letter.number
                return

    def _beat(self) -> float:
        if self._alive():
            self._beats += 1
            try:
                self._mailbox.beat(Sign(self._beats, self._written))
            except MailError:  # the other side will see; here it is told by what is read
                return _AGAIN_S
            self.signed = True
        return self._pace.beat_s

    def _repeat(self, step: Callable[[], float]) -> None:
        """Until it is closed. A thread that broke would be silence that nobody sees: whoever asks is told."""
        try:
            while not self._closed.is_set():
                self._closed.wait(step())
        except Exception as error:
            if not self._closed.is_set():  # else its client may be closed as well
                self.trouble = (
                    f"letters cannot be followed any more ({type(error).__name__}: {error}); this is an error in tailgate, report it"
                )
