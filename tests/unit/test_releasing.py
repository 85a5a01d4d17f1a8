"""Which endpoints no test to come needs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tailgate.plan.case import EndpointSpec
from tailgate.releasing import Releases

A, B, C = (EndpointSpec(name) for name in "abc")


def test_an_endpoint_is_released_after_the_last_test_that_is_planned_to_ask_it() -> None:
    """Not before, and once."""
    releases = Releases([("one", [A, B]), ("two", [B]), ("three", [C])])
    assert [releases.after(test) for test in ("one", "two", "two", "three", "unheard-of")] == [[A], [B], [], [C], []]


def test_nothing_is_released_while_a_test_is_to_come_that_makes_its_cases_itself() -> None:
    """It may ask any of them; what became idle meanwhile goes then."""
    releases = Releases([("one", [A]), ("by hand", None), ("two", [B])])
    assert [releases.after(test) for test in ("one", "by hand", "two")] == [[], [A], [B]]


@given(st.lists(st.one_of(st.none(), st.lists(st.sampled_from([A, B, C]), min_size=1)), max_size=8), st.randoms())
def test_in_whatever_order_tests_run_all_is_released_once_and_none_before_its_last(
    needs: list[list[EndpointSpec] | None], random: object
) -> None:
    """Also where a plugin shuffles them."""
    named = {str(number): specs for number, specs in enumerate(needs)}
    order = list(named)
    random.shuffle(order)  # type: ignore[attr-defined]  # hypothesis' Random
    releases, released = Releases(named.items()), []
    for number, test in enumerate(order):
        now = releases.after(test)
        to_come = [named[each] for each in order[number + 1 :]]
        assert not (now and None in to_come)
        assert not {spec for specs in to_come for spec in specs or ()} & set(now)
        released += now
    assert sorted(released, key=repr) == sorted({spec for specs in needs for spec in specs or ()}, key=repr)
