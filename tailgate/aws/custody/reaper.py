"""The reaper: deletes what a session left, when the session dies. `python -m tailgate.aws.custody.reaper`

It reads one line of JSON from stdin (`Orders`), prints one line `{"ready": true}` and waits. The line `{"done": true}` means that
all is gone: it ends. The end of stdin without it means that the session died, however: it deletes each name that the ledger does
not call gone, and writes there what is. So it does when everything has expired and the session has not ended, which may be
suspended: lines `{"until": seconds since 1970}` say when that is, the latest counts. It is in a session of its own and ignores
SIGINT, SIGTERM and SIGHUP, which are meant for others. What is left when its patience ends stays in the ledger, for `tailgate
sweep`. It says nothing.
"""

from __future__ import annotations

import json
import math
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from tailgate.aws.custody.kinds import Services
from tailgate.aws.custody.ledger import SESSION, Entry, Ledger, read_ledger
from tailgate.aws.custody.removal import Thing, connect, remove_all
from tailgate.aws.waiting import Patience
from tailgate.errors import TargetError


@dataclass(frozen=True, slots=True)
class Reaping:
    """How a reaper goes about it: every so often (oftener at first), as long as that at most, and when absence counts. In seconds.

    settle_s: for so long after the session's death a create that it sent may still come about, so what is not there yet is looked
    for again. patience_s: longer than an endpoint takes to come up, for until then it cannot be deleted; and longer than it takes
    somebody to renew credentials.
    """

    interval_s: float = 30.0
    patience_s: float = 2 * 3600.0
    settle_s: float = 15.0


AS_USUAL = Reaping()
DONE = {"done": True}
_LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Orders:
    """What a reaper is told; no secret is in it. ledger: the file's path."""

    ledger: str
    region: str
    reaping: Reaping

    def fields(self) -> dict[str, object]:
        """As they cross to the reaper's process."""
        return asdict(self)

    @classmethod
    def from_json(cls, line: str) -> Orders:
        """The inverse of `fields`, as one line."""
        fields = json.loads(line)
        return cls(fields["ledger"], fields["region"], Reaping(**fields["reaping"]))


def until(expires_at: datetime) -> dict[str, float]:
    """What tells a reaper that there will be something until then."""
    return {"until": expires_at.timestamp()}


def reap(ledger: Ledger, reaping: Reaping, connecting: Callable[[], Services]) -> bool:
    """Delete what the ledger calls left; whether nothing is. Then the ledger is removed. Raises TargetError for one that cannot be read.

    What the ledger came to name meanwhile is deleted too: a session that is slow, and not dead, goes on after its expiry.
    """
    tried: frozenset[Entry] = frozenset()
    while True:
        account = read_ledger(ledger.path)
        ledger.gone(SESSION, account.session)  # so that a sweep need not wait for us
        remove_all(
            [Thing(entry.kind, entry.name, account.session) for entry in account.left],
            connecting,
            Patience(reaping.interval_s, reaping.patience_s, share=0.1),
            on_settled=lambda thing: ledger.gone(thing.kind, thing.name),
            settle_s=reaping.settle_s,
        )
        tried |= frozenset(account.left)
        if tried.issuperset(ledger.left()):
            return ledger.discard_if_settled()


def main() -> int:
    """Wait for the session's word or its death."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    line = sys.stdin.readline()
    if not line:
        return 1  # the session is dead already, and has created nothing: it waits until we are ready
    orders = Orders.from_json(line)
    with Ledger.resume(Path(orders.ledger)) as ledger:
        session_pid = os.getppid()
        print(json.dumps({"ready": True}), flush=True)
        _fall_silent()
        if _dismissed(session_pid):
            return 0
        with suppress(TargetError):
            return 0 if reap(ledger, orders.reaping, lambda: connect(orders.region)) else 1
    return 1


def _dismissed(session_pid: int) -> bool:
    """Wait for the session's word, for its death, or until everything has expired.

    Dead it is at the end of its pipe, or with another parent where something still holds the pipe open.
    """
    heard, until_s = b"", math.inf
    while time.time() < until_s:
        if not select.select([0], [], [], _LOOK_EVERY_S)[0]:
            if os.getppid() != session_pid:
                return False
            continue
        heard += (said := os.read(0, 4096))
        *lines, heard = heard.split(b"\n")
        for line in map(json.loads, lines):
            if line == DONE:
                return True
            until_s = max(line["until"], until_s if math.isfinite(until_s) else 0.0)
        if not said:
            return False
    return False


def _fall_silent() -> None:
    """Nobody may read our output any more, and a pipe that we keep open would keep its readers waiting."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


if __name__ == "__main__":
    sys.exit(main())
