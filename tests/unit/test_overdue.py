"""The planned time is over: what bills is deleted, and nothing more begins."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tailgate import Budget, Case, EndpointSpec, Poisson
from tailgate.errors import PlanError, TargetError
from tailgate.overdue import Overdue
from tailgate.plan.ceiling import Terms
from tailgate.plan.prices import price_of
from tailgate.plan.purse import Purse
from tailgate.reporting.progress import RelayBoard
from tailgate.reporting.record import Record
from tailgate.session import Session
from tailgate.targets.registry import Settings

CASE = Case(EndpointSpec("ranker"), payload=b"{}", load=Poisson(per_s=60, for_s=2, seed=1), budget=Budget.of("p90 <= 50ms"))
DEAR = CASE.on("ml.m5.24xlarge")


@pytest.fixture
def purse() -> Purse:
    """Of one dollar, with CASE planned."""
    purse = Purse(Decimal(1), Terms(patience_s=600, deleting_s=60), price_of)
    purse.plan([CASE])
    return purse


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tailgate.overdue.LOOK_EVERY_S", 0.01)


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it comes true within ten seconds."""
    until_s = time.monotonic() + 10.0
    while not (held := holds()) and time.monotonic() < until_s:
        time.sleep(0.01)
    return held


def test_at_the_deadline_everything_is_deleted_once_and_not_before(purse: Purse) -> None:
    """By a scripted clock; that deleting fails is for the session to say."""
    now_s, deleted = [1000.0], []

    def delete() -> None:
        deleted.append(now_s[0])
        raise TargetError("as the test wants it")

    looked = Event()

    def clock() -> float:
        looked.set()
        return now_s[0]

    watch = Overdue(purse, delete, clock)
    purse.opened(CASE.spec, "one", now_s[0])
    assert purse.deadline_s is not None
    now_s[0] = purse.deadline_s - 0.001
    looked.clear()
    assert looked.wait(10)
    assert deleted == []
    now_s[0] = purse.deadline_s
    assert eventually(lambda: bool(deleted))
    watch.stop()
    assert deleted == [purse.deadline_s]


def session(tmp_path: Path, purse: Purse, monkeypatch: pytest.MonkeyPatch) -> tuple[Session, list[str], RelayBoard]:
    """A session of the null target that has a purse, the ids of what it really measures, and its board."""
    measured: list[str] = []

    def measure(case: Case, *_: Any, turn: Any, **__: Any) -> None:
        with turn:
            measured.append(case.id)
        raise TargetError("measured enough")

    monkeypatch.setattr("tailgate.session.measure", measure)
    board = RelayBoard(None)
    return Session(Settings("null", "us-east-1", "", purse=purse), Record(tmp_path), board), measured, board


def test_a_session_measures_what_fits_and_refuses_what_does_not(tmp_path: Path, purse: Purse, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was planned; a case made in a test's body that is too dear is refused before anything is opened for it."""
    measuring, measured, board = session(tmp_path, purse, monkeypatch)
    with closing(board), closing(measuring):
        with pytest.raises(TargetError, match="measured enough"):
            list(measuring.measure(CASE, {}))
        with pytest.raises(
            PlanError, match=r"not planned ahead, it may cost up to .* of --latency-max-usd 1\.00 USD only 0\.97 USD is left"
        ):
            list(measuring.measure(DEAR, {}))
    assert measured == [CASE.id]


def test_after_the_planned_time_a_session_has_deleted_everything_and_begins_nothing(
    tmp_path: Path, purse: Purse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever took the time: no run begins, no endpoint is opened, and what was there is gone without the session's end."""
    measuring, measured, board = session(tmp_path, purse, monkeypatch)
    with closing(board), closing(measuring):
        with measuring.target.open(CASE.spec):
            pass
        purse.opened(CASE.spec, "one", time.time() - 10**6)
        with pytest.raises(TargetError, match=r"of the .* that this session planned"):
            list(measuring.measure(CASE, {}))

        def closed() -> bool:
            try:
                with measuring.target.open(EndpointSpec("other")):
                    return False
            except TargetError as error:
                return "the session is ending" in str(error)

        assert eventually(closed)
    assert measured == []
