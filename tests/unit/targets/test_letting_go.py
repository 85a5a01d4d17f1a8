"""Endpoints that cost money go as soon as nobody needs them; scripted as in test_prefetch.py: events, no clocks."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tailgate.errors import TargetError
from tailgate.targets.prefetch import Prefetched
from tests.unit.targets.test_prefetch import LONG_S, SPECS, Scripted

ONE, TWO = SPECS[:2]


class Costly(Scripted):
    """One whose endpoints are paid for by time."""

    def spent(self) -> Mapping[str, Mapping[str, object]]:
        """Nobody asks."""
        return {}


def test_what_is_let_go_is_deleted_in_the_background_and_deployed_anew_once_it_is_gone() -> None:
    """Two of one name side by side would be refused, or worse: the second deleted for the first."""
    target = Costly()
    target.let_all_go()
    target.deletions_wait = True
    with Prefetched(target) as prefetched:
        with prefetched.open(ONE):
            pass
        prefetched.let_go(ONE)
        assert target.deleting[ONE.name].wait(LONG_S)
        target.begun[ONE.name].clear()
        prefetched.prefetch([ONE])
        assert not target.begun[ONE.name].wait(0.5)
        target.delete_go[ONE.name].set()
        with prefetched.open(ONE):
            pass
    assert [line for line in target.diary if line != f"begin {TWO.name}"] == [
        "begin e0",
        "up e0",
        "gone e0",
        "begin e0",
        "up e0",
        "gone e0",
    ]


def test_what_costs_nothing_by_time_stays_until_the_end() -> None:
    """An emulated endpoint's deletion would only disturb the next measurement."""
    target = Scripted()
    target.let_all_go()
    with Prefetched(target) as prefetched:
        with prefetched.open(ONE):
            pass
        prefetched.let_go(ONE)
        with prefetched.open(ONE):
            pass
        assert target.diary == ["begin e0", "up e0"]


def test_what_cannot_be_deleted_is_told_at_the_end() -> None:
    """Whenever it was let go."""
    target = Costly(deletion_errors={ONE.name: TargetError("it stays")})
    target.let_all_go()
    prefetched = Prefetched(target)
    with prefetched.open(ONE):
        pass
    prefetched.let_go(ONE)
    with pytest.raises(TargetError, match="it stays"):
        prefetched.close()


def test_what_waits_for_its_turn_and_is_let_go_is_never_begun() -> None:
    """Its test was skipped, for instance."""
    target = Costly()
    with Prefetched(target, at_once=1) as prefetched:
        prefetched.prefetch([ONE, TWO])
        assert target.begun[ONE.name].wait(LONG_S)
        prefetched.let_go(TWO)
        target.let_all_go()
    assert target.diary == ["begin e0", "up e0", "gone e0"]
