"""An endpoint that others depend on is asked no faster than was said, and is left alone once it pushes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate import Budget, Case, ClosedLoop, EndpointSpec, Poisson, Ramp
from tailgate.errors import PlanError
from tailgate.generator.drive import Tick
from tailgate.guarding import LEAST_PUSHED_BACK, WINDOW_S, Brake, brake_for, check_rate
from tailgate.plan.load import Load
from tailgate.targets import Endpoint, Guard

BUDGET = Budget.of("p50 <= 1s")


def case(load: Load) -> Case:
    """A case under that load."""
    return Case(EndpointSpec("ranker"), payload=b"[]", load=load, budget=BUDGET)


def tick(t_s: float, sent: int, done: int, pushed_back: int) -> Tick:
    """A tick, of which the brake looks at these."""
    return Tick(t_s, sent, done, pushed_back, sent - done, 0, 0.0, None, None, done, pushed_back, [])


def first_reason(brake: Brake, seconds: list[tuple[int, int, int]]) -> tuple[int, str] | None:
    """When the brake first says something, and what; each second: sent, done, pushed back in it."""
    sent = done = pushed_back = 0
    for second, (more_sent, more_done, more_pushed_back) in enumerate(seconds, 1):
        sent, done, pushed_back = sent + more_sent, done + more_done, pushed_back + more_pushed_back
        if (why := brake.reason(tick(second, sent, done, pushed_back))) is not None:
            return second, why
    return None


@given(st.lists(st.integers(0, 200).flatmap(lambda done: st.tuples(st.just(done), st.just(done), st.integers(0, done))), max_size=60))
def test_the_brake_speaks_when_a_window_has_more_than_the_share_and_never_before(seconds: list[tuple[int, int, int]]) -> None:
    """Held against the sums over the last ten seconds, computed plainly."""
    found = first_reason(Brake(Guard(None, 0.05)), seconds)
    expected = None
    for now in range(1, len(seconds) + 1):
        window = seconds[max(0, now - int(WINDOW_S)) : now]
        done, pushed_back = sum(each[1] for each in window), sum(each[2] for each in window)
        if pushed_back >= LEAST_PUSHED_BACK and pushed_back > 0.05 * done:
            expected = now
            break
    assert (found[0] if found else None) == expected


def test_an_old_evil_does_not_end_a_load_that_has_recovered() -> None:
    """Four refusals are too few, and ten seconds later they are forgotten."""
    assert first_reason(Brake(Guard(None, 0.05)), [(10, 10, 4), *[(10, 10, 0)] * 12, (10, 10, 4)]) is None


def test_a_server_that_never_answers_is_let_go_long_before_its_requests_time_out() -> None:
    """They would take 70 s."""
    found = first_reason(Brake(Guard(None, 0.05)), [(50, 0, 0)] * 30)
    assert found is not None
    assert found[0] == WINDOW_S
    assert found[1].startswith("nothing came back for 10 s; the load was ended to spare")


def test_a_pause_in_the_load_is_no_silence() -> None:
    """Nothing was sent, so nothing can come back."""
    assert first_reason(Brake(Guard(None, 0.05)), [(50, 50, 0), *[(0, 0, 0)] * 30]) is None


@pytest.mark.parametrize(
    ("load", "most_per_s", "said"),
    [
        (Poisson(per_s=60, for_s=2), None, r"this load comes to 60/s.*--latency-max-rate 60"),
        (Poisson(per_s=60, for_s=2), 59.0, "comes to 60/s, --latency-max-rate allows 59/s"),
        (Ramp(from_per_s=10, to_per_s=90, for_s=5), 60.0, "comes to 90/s"),
        (ClosedLoop(callers=2, for_s=5), 1000.0, "no rate bounds it"),
    ],
)
def test_a_load_that_may_be_faster_than_was_said_is_refused(load: Load, most_per_s: float | None, said: str) -> None:
    """A ramp by its highest rate; a closed loop always, for its rate is the endpoint's to say."""
    with pytest.raises(PlanError, match=said):
        check_rate(case(load), most_per_s)


def test_a_load_as_fast_as_was_said_is_not() -> None:
    """The ceiling itself is allowed."""
    check_rate(case(Poisson(per_s=60, for_s=2)), 60.0)


def test_endpoints_without_a_guard_have_no_brake_and_the_strictest_counts() -> None:
    """An emulated endpoint may be asked until it breaks: that is what it is for."""
    free = Endpoint("a", {}, deployed_by_us=True, provenance={})
    strict, lenient = (Endpoint("b", {}, deployed_by_us=False, provenance={}, guard=Guard(None, share)) for share in (0.01, 0.5))
    assert brake_for([free]) is None
    reason = brake_for([lenient, free, strict])
    assert reason is not None
    assert "at most 1.0 % may be" in str(reason(tick(1, 100, 100, 6)))
