"""Custody: what a session answers for until it is gone: the ledger, and the reaper that takes over if the session dies."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import RLock

from tailgate.aws.custody.ledger import Entry, Ledger
from tailgate.aws.custody.reaper import AS_USUAL, DONE, Orders, Reaping, until
from tailgate.aws.custody.removal import NOT_YET, Thing, connect, remove_all
from tailgate.aws.custody.resources import KINDS
from tailgate.aws.waiting import Patience
from tailgate.child import Child
from tailgate.errors import LeftBehindError, TargetError

_MODULE = "tailgate.aws.custody.reaper"
_READY_S, _LEAVING_S = 60.0, 10.0
_LAST_TRY, _MOST_REFUSALS = Patience(interval_s=1.0, timeout_s=15.0), 3

# By these, runners of CI find what a job started, and kill it when the job ends: when there may be most to delete.
_LEASHES = ("RUNNER_TRACKING_ID", "JENKINS_NODE_COOKIE", "JENKINS_SERVER_COOKIE", "BUILD_ID")


class Custody:
    """A ledger that begins with the first creation, and a reaper that lives from then on. A Book; thread-safe.

    folder: where ledgers lie. session: its id, with which all is tagged. account: whose credentials they are; it is in the ledger
    only. expiry: when what is created now will have expired; what is still there then, the reaper deletes although this process
    lives: it may be suspended. To be ended by `end`. If this process ends without, the reaper does what is left to do.
    """

    def __init__(
        self,
        folder: Path,
        session: str,
        region: str,
        account: str | None = None,
        reaping: Reaping = AS_USUAL,
        expiry: Callable[[], datetime] | None = None,
    ) -> None:
        self._folder, self._session, self._region, self._account = folder, session, region, account
        self._reaping, self._expiry = reaping, expiry
        self._lock = RLock()
        self._ledger: Ledger | None = None
        self._reaper: Child | None = None
        self._spare: Child | None = None

    def stand_by(self) -> None:
        """Begin to start a reaper, which takes a moment, before there is anything to note. Raises TargetError where it cannot be."""
        with self._lock:
            if self._reaper is None and self._spare is None:
                self._spare = _spawned()

    def about_to_create(self, kind: str, name: str) -> None:
        """Note it on disk, once somebody stands by to delete it. Raises TargetError where either fails: then nothing is created."""
        with self._lock:
            if self._ledger is None:
                self._ledger = Ledger.begin(self._folder, self._session, self._region, self._account)
            if self._reaper is None or self._reaper.how_it_ended() is not None:
                self._reaper = self._start(self._ledger)
            if self._expiry is not None:
                self._reaper.tell(until(self._expiry()))
            self._ledger.about_to_create(kind, name)

    def gone(self, kind: str, name: str) -> None:
        """Note that it is gone, or never was ours. Raises nothing."""
        with self._lock:
            if self._ledger is not None:
                self._ledger.gone(kind, name)

    def left(self) -> tuple[Entry, ...]:
        """What may still be there, in the order of creation. Raises TargetError."""
        with self._lock:
            return () if self._ledger is None else self._ledger.left()

    def end(self) -> None:
        """Let go: where all is gone, no process and no file stays; else, after a last try, the reaper goes on. May be called again.

        Raises LeftBehindError naming what is left and what removes it.
        """
        with self._lock:
            ledger, self._ledger = self._ledger, None
            reaper, self._reaper = self._reaper, None
            spare, self._spare = self._spare, None
        if spare is not None:
            spare.end(_LEAVING_S)  # it was told nothing, so it does nothing
        if ledger is None:
            return
        with ledger:
            try:
                reasons = self._try_again(ledger)
            except BaseException:
                _leave(reaper)
                raise
            left = ledger.left()
            if left:
                _leave(reaper)
                raise LeftBehindError(self._told(left, reasons))
            if reaper is not None:
                _dismiss(reaper)
            ledger.discard_if_settled()

    def _try_again(self, ledger: Ledger) -> list[str]:
        """Delete what is left, if it can be done soon; why not, where not. Nobody who interrupts waits for it."""
        left = ledger.left()
        if not left or isinstance(sys.exception(), KeyboardInterrupt):
            return []
        removed = remove_all(
            [Thing(entry.kind, entry.name, self._session) for entry in left],
            lambda: connect(self._region),
            _LAST_TRY,
            on_settled=lambda thing: ledger.gone(thing.kind, thing.name),
            most_refusals=_MOST_REFUSALS,
        )
        return list(dict.fromkeys(why for why in removed.left.values() if why != NOT_YET))

    def _start(self, ledger: Ledger) -> Child:
        """Start the reaper and wait until it stands by. Raises TargetError."""
        spare, self._spare = self._spare, None
        reaper = spare if spare is not None and spare.how_it_ended() is None else _spawned()
        try:
            reaper.tell(Orders(str(ledger.path.resolve()), self._region, self._reaping).fields())
            reaper.ready(_READY_S)
        except BaseException:
            reaper.end(_LEAVING_S)
            raise
        return reaper

    def _told(self, left: Iterable[Entry], reasons: Sequence[str]) -> str:
        titles = {word: kind.title for word, kind in KINDS.items()}
        things = ", ".join(f"{titles.get(entry.kind, entry.kind)} {entry.name}" for entry in left)
        command = f"tailgate sweep --region {self._region} --run {self._session} --delete"
        why = f"{'; '.join(reasons)}. " if reasons else ""
        return (
            f"left behind in {self._region}: {things}; it may cost money until it is gone. {why}A process goes "
            f"on trying for {self._reaping.patience_s / 3600:.2g} h; to see to it yourself: {command}"
        )


def _leave(reaper: Child | None) -> None:
    if reaper is not None:
        reaper.leave()


def _spawned() -> Child:
    environment = {key: value for key, value in os.environ.items() if key not in _LEASHES}
    return Child("reaper", _MODULE, part_of=", without which nothing is created,", environment=environment)


def _dismiss(reaper: Child) -> None:
    """Tell the reaper that all is gone, and wait for its end."""
    with suppress(TargetError):  # it is dead already
        reaper.tell(DONE)
    reaper.end(_LEAVING_S)
