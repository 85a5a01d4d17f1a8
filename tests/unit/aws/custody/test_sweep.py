"""What of ours is due to go: by expiry, age, session, and never what is in use on this host."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.aws.custody.kinds import Found
from tailgate.aws.custody.sweep import LIVES, Wish, judged
from tailgate.aws.names import EXPIRY_TAG, OWNER_TAG, RUN_TAG, ownership_tags

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
HOURS = st.integers(-500, 500).map(lambda hours: timedelta(hours=hours))
RUNS = st.sampled_from(["a", "b", "c"])
WISHES = st.builds(Wish, st.none() | st.integers(0, 10**6).map(float), st.none() | RUNS, st.none())


def found(run: str = "a", age: timedelta = timedelta(0), lasts: timedelta = timedelta(hours=4), **tags: str) -> Found:
    return Found("endpoint", "tailgate-x", NOW - age, ownership_tags(run, "ann", NOW + lasts) | tags)


@given(run=RUNS, age=HOURS, lasts=HOURS, wish=WISHES, living=st.sets(RUNS), dead=st.sets(RUNS))
def test_what_is_due_is_what_expired_or_was_asked_for_and_nobody_uses(
    run: str, age: timedelta, lasts: timedelta, wish: Wish, living: set[str], dead: set[str]
) -> None:
    """The rule as one expression; and there is always a reason to show."""
    due, why = judged(found(run, age, lasts), wish, NOW, living, dead)
    old = wish.older_than_s is not None and age.total_seconds() >= wish.older_than_s
    assert due == (run not in living and (wish.run == run or run in dead or lasts <= timedelta(0) or old))
    assert why
    assert (why == LIVES) == (run in living)


@given(run=RUNS, age=HOURS, lasts=HOURS, wish=WISHES, living=st.sets(RUNS), later=st.integers(0, 1000))
def test_what_is_due_stays_due(run: str, age: timedelta, lasts: timedelta, wish: Wish, living: set[str], later: int) -> None:
    """As time goes on nothing becomes less due."""
    one = found(run, age, lasts)
    if judged(one, wish, NOW, living, set())[0]:
        assert judged(one, wish, NOW + timedelta(hours=later), living, set())[0]


@pytest.mark.parametrize("expiry", ["soon", "2026-11-26", "2026-11-26 12:00:00"])
def test_an_expiry_that_is_no_time_of_ours_expires_never(expiry: str) -> None:
    """Somebody edited the tag: it goes only where somebody asks for it."""
    one = found(age=timedelta(days=9), **{EXPIRY_TAG: expiry})
    assert judged(one, Wish(), NOW, set(), set()) == (False, "its expiry cannot be read: --older-than or --run")
    assert judged(one, Wish(run="a"), NOW, set(), set())[0]
    assert judged(one, Wish(older_than_s=60.0), NOW, set(), set()) == (True, "9 d old")


@given(missing=st.sampled_from([RUN_TAG, OWNER_TAG, EXPIRY_TAG]), empty=st.booleans())
def test_ours_is_what_carries_all_three_tags(missing: str, empty: bool) -> None:
    """Two are somebody else's; so is an empty one."""
    tags = dict(found().tags)
    assert found().is_ours
    tags[missing] = ""
    if not empty:
        del tags[missing]
    assert not Found("endpoint", "tailgate-x", NOW, tags).is_ours


@pytest.mark.parametrize(("lasts", "said"), [(90, "expired 90 min ago"), (60 * 5, "expired 5 h ago"), (60 * 24 * 3, "expired 3 d ago")])
def test_times_are_told_as_people_say_them(lasts: int, said: str) -> None:
    """Minutes, hours, days."""
    assert judged(found(lasts=-timedelta(minutes=lasts)), Wish(), NOW, set(), set()) == (True, said)
