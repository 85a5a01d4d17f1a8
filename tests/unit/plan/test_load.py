"""Loads: when requests are due, without a clock."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate import ConstantRate, Poisson
from tailgate.errors import PlanError
from tailgate.plan.load import load_fields, load_from

rates = st.floats(0.5, 500)
lengths = st.floats(0.1, 20)


def test_a_constant_rate_is_evenly_spaced_and_counts_the_warm_up() -> None:
    """At 10/s for 3 s after 1 s of warm-up there are 40 due times, a tenth of a second apart."""
    due = ConstantRate(per_s=10, for_s=3, warmup_s=1).due_times()
    assert len(due) == 40
    assert np.allclose(np.diff(due), 0.1)
    assert due[0] == 0


@given(per_s=rates, for_s=lengths, warmup_s=st.floats(0, 3), seed=st.integers(0, 2**31))
def test_due_times_ascend_within_the_run_and_repeat_with_their_seed(per_s: float, for_s: float, warmup_s: float, seed: int) -> None:
    """A schedule is a pure function of its load."""
    load = Poisson(per_s, for_s, warmup_s, seed)
    due = load.due_times()
    assert np.all(np.diff(due) >= 0)
    assert np.all((due >= 0) & (due < warmup_s + for_s))
    assert np.array_equal(due, load.due_times())


def test_poisson_arrivals_have_exponential_gaps() -> None:
    """Mean and standard deviation of the gaps are both 1/rate, and another seed gives another schedule."""
    gaps = np.diff(Poisson(per_s=100, for_s=1000, warmup_s=0, seed=5).due_times())
    assert np.mean(gaps) == pytest.approx(0.01, rel=0.02)
    assert np.std(gaps) == pytest.approx(0.01, rel=0.02)
    assert len(Poisson(100, 1000, 0, seed=6).due_times()) != len(gaps) + 1


@given(st.sampled_from([ConstantRate, Poisson]), rates, lengths)
def test_the_plain_form_of_a_load_is_read_back(kind: type, per_s: float, for_s: float) -> None:
    """What crosses to the generator is the same load."""
    load = kind(per_s, for_s)
    assert load_from(load_fields(load)) == load


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"per_s": 0, "for_s": 5}, "per_s is 0; it must be above 0"),
        ({"per_s": -3, "for_s": 5}, "per_s is -3; it must be above 0"),
        ({"per_s": 5, "for_s": 0}, "for_s is 0; it must be above 0"),
        ({"per_s": 5, "for_s": 5, "warmup_s": -1}, "warmup_s is -1; it must be at least 0"),
        ({"per_s": "fast", "for_s": 5}, "per_s is 'fast'; it is a number"),
        ({"per_s": float("nan"), "for_s": 5}, "per_s is nan"),
        ({"per_s": 5, "for_s": 1e9}, "longer than a day"),
        ({"per_s": 5}, "key 'for_s' is missing"),
        ({"per_s": 5, "for_s": 5, "warmups": 1}, "did you mean 'warmup_s'"),
        ({"arrival": "posson", "per_s": 5, "for_s": 5}, "did you mean 'poisson'"),
        ({"per_s": 5, "for_s": 5, "seed": -1}, "seed is -1"),
        ({"arrival": "constant", "per_s": 5, "for_s": 5, "seed": 1}, "unknown key 'seed' for arrival 'constant'"),
    ],
)
def test_a_load_that_cannot_be_meant_is_refused_by_key_and_value(fields: dict[str, object], said: str) -> None:
    """The sentence names the key, the value, and what is allowed."""
    with pytest.raises(PlanError) as caught:
        load_from(fields)
    assert said in str(caught.value)
