"""How many workers are asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tailgate.analysis.capacity import workers_wanted


def test_a_process_at_its_limit_is_given_company():
    """20 000/s at 100 µs are two cores of work, which four processes do with ease; it used a whole core and could no more."""
    assert workers_wanted(20_000, 100e-6, workers=1, cores_used=1.0) == 4


def test_processes_that_had_time_left_are_not_multiplied():
    """They were late for another reason, and more of them would be late as well."""
    assert workers_wanted(5_000, 100e-6, workers=1, cores_used=0.5) is None
    assert workers_wanted(12_000, 100e-6, workers=2, cores_used=1.2) is None


def test_a_rate_that_no_process_keeps_wants_more_whatever_else_ran_on_its_core():
    """Two cores of work, of which it got half a core beside a neighbour: an idle core alone would not do."""
    assert workers_wanted(20_000, 100e-6, workers=1, cores_used=0.5) == 4


@given(per_s=st.floats(1, 1e6), each_s=st.floats(1e-6, 1e-2), workers=st.integers(1, 16), used=st.floats(0.85, 1.0))
def test_more_are_asked_for_than_there_were_and_enough_for_the_rate(per_s, each_s, workers, used):
    """Whatever was measured: at most .6 of a core each."""
    wanted = workers_wanted(per_s, each_s, workers, used * workers)
    assert wanted is not None
    assert wanted > workers
    assert per_s * each_s / wanted <= 0.6 + 1e-9
