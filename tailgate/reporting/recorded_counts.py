"""Recorded counts: how many requests of a recorded run exceed any bound, as closely as its record can tell.

Against a recorded bound, the record has the counts of each second. Against another it has histograms: of the whole run,
whose classes are .1 % wide, and of blocks of 10 s, whose classes are 1 % wide. What lies in the bound's own class
is counted both ways. Within a block the counts are divided among its seconds, between those of the recorded bounds on
either side, so that bursts stay bursts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis.metrics import metric_of
from tailgate.errors import RecordError
from tailgate.exceedances import FAILED, FIRST_BYTE, RESPONSE, THROTTLED, Counted
from tailgate.plan.vocabulary import is_metric
from tailgate.reporting.histogram import above, classes
from tailgate.reporting.per_second import counts_in, kind_in, requests_in
from tailgate.reporting.plain import Plain
from tailgate.reporting.run_file import Run

_Seconds = NDArray[np.int64]


class Between(NamedTuple):
    """Exceedances per second, shapes (seconds,): at least, and at most. Equal where the record tells them exactly."""

    least: _Seconds
    most: _Seconds

    @property
    def exact(self) -> bool:
        """Whether the record leaves nothing open."""
        return bool((self.least == self.most).all())


class RecordedCounts:
    """The counts of one recorded run. requests: per second, shape (seconds,). Raises RecordError where they are damaged."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.requests = requests_in(run.per_second)
        self._blocks, self._block_s = _texts(run.blocks.get("encoded")), _block_s(run)
        if len(self._blocks) != -(-len(self.requests) // self._block_s) or int(self.requests.sum()) != run.requests.get("judged"):
            raise _damaged("its blocks, its seconds and its number of requests do not fit")
        self._answered = np.array([classes(text)[2].sum() for text in self._blocks], dtype=np.int64)
        self._known = list(_known(run, len(self.requests)))
        self.failed = self._failures()

    def exceeding(self, counted: Counted) -> Between:
        """How many requests exceed, for any bound and metric."""
        known = _KINDS.get(counted.what)
        return self._as_recorded(counted) if known is None else known(self, counted.bound_s if counted.bound_s is not None else np.inf)

    def _as_recorded(self, counted: Counted) -> Between:
        """Of what has neither histogram nor kind: what the run's own limits counted, and else nothing is known."""
        for recorded, counts in self._known:
            if recorded == counted:
                return Between(counts, counts)
        return Between(np.zeros_like(self.requests), self.requests)

    def _responses(self, bound_s: float) -> Between:
        least, most = self._enclosed(RESPONSE, bound_s)
        if (least == most).all():
            return Between(least, most)
        within = np.array([above(text, bound_s) for text in self._blocks], dtype=np.int64) + self._of_blocks(self.failed)[:, np.newaxis]
        floor, ceiling = np.maximum(within[:, 0], self._of_blocks(least)), np.minimum(within[:, 1], self._of_blocks(most))
        whole = np.array(above(str(self._run.histogram.get("encoded")), bound_s)) + int(self.failed.sum())
        return Between(*(self._of_seconds(_divided(int(total), floor, ceiling), least, most) for total in whole))

    def _first_bytes(self, bound_s: float) -> Between:
        """There is no histogram of them; but no first byte comes after the last, nor from a request that failed."""
        least, most = self._enclosed(FIRST_BYTE, bound_s)
        answered_late = self._responses(bound_s).most
        total = min(int(most.sum()), int(answered_late.sum()))
        return Between(least, _divided(total, np.clip(answered_late, least, most), most))

    def _failing(self, _bound: float) -> Between:
        return Between(self.failed, self.failed)

    def _throttled(self, _bound: float) -> Between:
        told = kind_in(self._run.per_second, THROTTLED)
        if told is not None:
            return Between(told, told)
        kinds = self._run.requests.get("failed")
        total = kinds.get("throttled", 0) if isinstance(kinds, dict) else 0
        divided = _divided(int(total) if isinstance(total, int) else 0, np.zeros_like(self.failed), self.failed)
        return Between(divided, divided)

    def _failures(self) -> _Seconds:
        """How many failed in each second: what blocks know, divided among their seconds, where the record says no more."""
        told = kind_in(self._run.per_second, FAILED)
        if told is None:
            told = next((counts for counted, counts in self._known if counted.what == FAILED), None)
        if told is not None:
            return _fitting(told, len(self.requests))
        least, most = np.zeros_like(self.requests), self.requests
        for counted, counts in self._known:
            most = np.minimum(most, counts) if counted.what == RESPONSE else most
        return self._of_seconds(self._of_blocks(self.requests) - self._answered, least, most)

    def _enclosed(self, what: str, bound_s: float) -> Between:
        """What recorded bounds on either side, and the failures, say of a bound between them."""
        least, most = self.failed, self.requests
        for counted, counts in self._known:
            if counted.what == what and counted.bound_s is not None:
                least = np.maximum(least, counts) if counted.bound_s >= bound_s else least
                most = np.minimum(most, counts) if counted.bound_s <= bound_s else most
        return Between(least, most)

    def _of_blocks(self, seconds: _Seconds) -> _Seconds:
        starts = np.arange(0, len(seconds), self._block_s)
        return np.add.reduceat(seconds, starts) if len(seconds) else seconds

    def _of_seconds(self, blocks: _Seconds, least: _Seconds, most: _Seconds) -> _Seconds:
        parts = [slice(start, start + self._block_s) for start in range(0, len(least), self._block_s)]
        divided = [_divided(int(total), least[part], most[part]) for total, part in zip(blocks, parts, strict=True)]
        return np.concatenate(divided) if divided else least


_KINDS: dict[str, Callable[[RecordedCounts, float], Between]] = {
    RESPONSE: RecordedCounts._responses,
    FIRST_BYTE: RecordedCounts._first_bytes,
    FAILED: RecordedCounts._failing,
    THROTTLED: RecordedCounts._throttled,
}


def _divided(total: int, least: _Seconds, most: _Seconds) -> _Seconds:
    """A total in parts, each between its least and its most, the rest in proportion to the room: largest remainders first."""
    room = np.maximum(most - least, 0)
    rest = min(max(total - int(least.sum()), 0), int(room.sum()))
    if not rest:
        return least.copy()
    shares = room * (rest / room.sum())
    parts = np.minimum(np.floor(shares).astype(np.int64), room)
    order = np.argsort(parts - shares, kind="stable")
    open_ = order[parts[order] < room[order]][: rest - int(parts.sum())]
    parts[open_] += 1
    return np.asarray(least + parts)


def _known(run: Run, seconds: int) -> list[tuple[Counted, _Seconds]]:
    """What was counted of the run's own limits, and the counts."""
    found = []
    checks = run.verdict.get("checks")
    for check in checks if isinstance(checks, list) else ():
        match check:
            case {"limit": {"metric": str(metric), "bound": float() | int() as bound, "source": str(source)}} if is_metric(metric):
                counted, counts = metric_of(metric).counted, counts_in(run.per_second, source)
                if counted is not None and counts is not None:
                    found.append((counted(float(bound)), _fitting(counts[1], seconds)))
    return found


def _fitting(counts: _Seconds, seconds: int) -> _Seconds:
    if len(counts) != seconds:
        raise _damaged("its counts are of different numbers of seconds")
    return counts


def _texts(encoded: Plain) -> list[str]:
    if not isinstance(encoded, list) or not all(isinstance(text, str) for text in encoded):
        raise _damaged("its blocks are no list of histograms")
    return [str(text) for text in encoded]


def _block_s(run: Run) -> int:
    seconds = run.blocks.get("seconds")
    if not isinstance(seconds, int) or seconds < 1:
        raise _damaged("the length of its blocks is missing")
    return seconds


def _damaged(what: str) -> RecordError:
    return RecordError(f"the run's counts are damaged: {what}; judge the samples file beside it again")
