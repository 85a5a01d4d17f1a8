"""A session's post: opened once beside its endpoints, awaited by whoever needs it, and left at the end, whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

import pytest

from tailgate.aws.waiting import StoppedError
from tailgate.errors import CapacityError, LeftBehindError, TargetError
from tailgate.plan.case import Case
from tailgate.vantage import Post
from tailgate.vantage.local import HERE, LocalPost, LocalVantage
from tailgate.vantage.standing import Standing


@dataclass
class Slow:
    """A vantage that opens when it is let, fails if it is to, and cannot be left if it is to."""

    kind: str = "ec2"
    status: str = "launching"
    error: Exception | None = None
    leaves: Exception | None = None
    let: Event = field(default_factory=Event)
    told: list[str] = field(default_factory=list)

    def examine(self, cases: Sequence[Case]) -> None:
        """All can be had."""
        self.told.append(f"examined {len(cases)}")

    def interrupt(self) -> None:
        """What waits, waits no more."""
        self.let.set()

    @contextmanager
    def open(self) -> Iterator[Post]:
        """A post that is this host."""
        self.told.append("opening")
        self.let.wait(10)
        if self.error is not None:
            raise self.error
        yield LocalPost()
        self.told.append("left")
        if self.leaves is not None:
            raise self.leaves


def later(do: Callable[[], object]) -> None:
    """In a moment, in another thread."""
    Thread(target=lambda: (time.sleep(0.3), do()), daemon=True).start()


def test_this_host_is_there_at_once() -> None:
    """Nothing is launched, and targets look through nothing."""
    standing = Standing(LocalVantage())
    assert standing.post() is HERE
    assert standing.outlook is None
    standing.close()


def test_a_post_is_opened_once_and_awaited() -> None:
    """Begun ahead, or by the first who asks; whoever waits is told what for."""
    vantage, seen = Slow(), list[str]()
    standing = Standing(vantage)
    standing.begin()
    standing.begin()
    assert not standing.there
    later(vantage.let.set)
    first = standing.post(lambda status, waited_s: seen.append(f"{status} {waited_s >= 0}"))
    assert standing.post() is first
    assert standing.there
    assert set(seen) == {"launching True"}
    standing.close()
    assert vantage.told == ["opening", "left"]
    standing.close()


def test_what_goes_wrong_is_told_to_everyone_who_asks() -> None:
    """Want of capacity too, which skips a test and not only the first."""
    vantage = Slow(error=CapacityError("no m5.2xlarge in use1-az6"))
    vantage.let.set()
    standing = Standing(vantage)
    for _ in range(2):
        with pytest.raises(CapacityError, match="no m5"):
            standing.post()
    assert not standing.there
    standing.close()


def test_a_session_that_ends_keeps_nobody_waiting() -> None:
    """Endpoints that are being deployed may be waiting for the host's addresses."""
    vantage = Slow(error=StoppedError("given up, as asked"))
    standing = Standing(vantage)
    later(standing.interrupt)
    with pytest.raises(TargetError):
        standing.post()
    standing.close()
    assert vantage.told == ["opening"]


def test_what_cannot_be_left_is_told_once_at_the_end() -> None:
    """It may go on costing money."""
    vantage = Slow(leaves=LeftBehindError("instance i-1 may still be there"))
    vantage.let.set()
    standing = Standing(vantage)
    standing.post()
    with pytest.raises(LeftBehindError, match="i-1"):
        standing.close()
    standing.close()


def test_an_outlook_waits_for_the_host_and_asks_it() -> None:
    """What names lead to is asked where load comes from."""
    vantage = Slow()
    standing = Standing(vantage)
    outlook = standing.outlook
    assert outlook is not None
    assert not outlook.there
    later(vantage.let.set)
    assert "127.0.0.1" in outlook.addresses_of("localhost")
    assert outlook.there
    standing.close()


def test_cases_are_examined_before_anything_is_launched() -> None:
    """By the vantage, as often as it is asked."""
    vantage = Slow()
    Standing(vantage).examine([])
    assert vantage.told == ["examined 0"]
