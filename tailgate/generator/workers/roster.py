"""Roster: what a master knows of each of its workers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tailgate.generator.workers.admission import Member
from tailgate.units import format_ms


@dataclass(slots=True)
class Hand:
    """One worker: as whom it was admitted, what it last reported, and how it ended (done, or lost)."""

    sender: str
    member: Member
    heard_s: float = math.inf
    clock: str = ""
    accuracy_s: float = 0.0
    prepared: bool = False
    sent: int = 0
    in_flight: int = 0
    waiting: int = 0
    done: Mapping[str, Any] | None = None
    lost: bool = False


class Roster:
    """The workers of a run, by the name of their connection."""

    def __init__(self) -> None:
        self.hands: dict[str, Hand] = {}

    def enlist(self, members: Mapping[str, Member]) -> None:
        """All workers are there."""
        in_order = sorted(members.items(), key=lambda item: item[1].place)
        self.hands = {sender: Hand(sender, member) for sender, member in in_order}

    def listen_from(self, now_s: float) -> None:
        """The load begins: from now on silence counts."""
        for hand in self.hands.values():
            hand.heard_s = now_s

    def at_work(self) -> list[Hand]:
        """Those that have neither ended nor been lost."""
        return [hand for hand in self.hands.values() if hand.done is None and not hand.lost]

    @property
    def prepared(self) -> bool:
        """Whether all are ready to begin."""
        return all(hand.prepared for hand in self.hands.values())

    @property
    def sent(self) -> int:
        """Requests that all of them sent so far, as they last reported."""
        return sum(hand.sent for hand in self.hands.values())

    @property
    def done(self) -> list[Mapping[str, Any]]:
        """What each that came to its end told of it."""
        return [hand.done for hand in self.hands.values() if hand.done is not None]

    @property
    def clock(self) -> str:
        """Which instruments stamp the times, and how well the clocks of other hosts are known to agree with this one's."""
        kinds = " and ".join(sorted({hand.clock for hand in self.hands.values()}))
        elsewhere = [hand for hand in self.hands.values() if not hand.member.local]
        return "; ".join([kinds, *(f"worker {hand.member.place + 1} within {format_ms(hand.accuracy_s)}" for hand in elsewhere)])

    def faults(self, rows_of: Sequence[int], counted: tuple[int, int], failed: int) -> list[str]:
        """What workers found amiss, and sums that do not add up: rows that arrived, rows sent, Locust's own totals."""
        found = []
        for hand in self.hands.values():
            name, arrived, done = hand.member.name, rows_of[hand.member.place], hand.done
            if done is None:
                continue
            found += [f"{name}: {fault}" for fault in done["faults"]]
            if arrived != done["rows"]:
                found.append(f"{name} told of {done['rows']} requests, {arrived} arrived; this is an error in tailgate, please report it")
        rows = sum(rows_of)
        if counted != (rows, failed) and all(hand.done is not None for hand in self.hands.values()):
            found.append(f"Locust counted {counted[0]} requests and {counted[1]} failures, the samples hold {rows} and {failed}")
        return found
