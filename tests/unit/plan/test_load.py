"""Loads: when requests are due, without a clock, and their plain form."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate import FRESH, ClosedLoop, ConnectionProfile, ConstantRate, Gaps, Poisson, Ramp, Replay, Steps
from tailgate.errors import PlanError
from tailgate.plan.load import LOADS, load_facts, load_fields, load_from, load_text

rates = st.floats(0.5, 500)
lengths = st.floats(0.1, 20)
seeds = st.integers(0, 2**31)
gaps = st.none() | st.builds(Gaps, every_s=st.floats(0.01, 0.09), gap_s=st.floats(0.01, 5))
profiles = st.sampled_from([ConnectionProfile(), FRESH, ConnectionProfile(20)])
spacings = st.sampled_from(["even", "poisson"])
common = {"warmup_s": st.floats(0, 3), "connections": profiles, "gaps": gaps}
seeded = {"seed": seeds, **common}
OPEN = {
    "constant": st.builds(ConstantRate, per_s=rates, for_s=lengths, **common),
    "poisson": st.builds(Poisson, per_s=rates, for_s=lengths, **seeded),
    "ramp": st.builds(Ramp, from_per_s=st.floats(0, 500), to_per_s=rates, for_s=lengths, spacing=spacings, **seeded),
    "steps": st.builds(Steps, st.lists(rates, min_size=1, max_size=5).map(tuple), step_s=lengths, spacing=spacings, **seeded),
    "replay": st.builds(
        Replay,
        offsets_s=st.lists(st.floats(0, 100), min_size=2, unique=True).map(lambda offsets: (*sorted(offsets), 101.0)),
        warmup_s=st.floats(0, 50),
        connections=profiles,
    ),
}
CLOSED = st.builds(ClosedLoop, callers=st.integers(1, 50), for_s=lengths, think_s=st.floats(0, 2), **common)


def test_a_constant_rate_is_evenly_spaced_and_counts_the_warm_up() -> None:
    """At 10/s for 3 s after 1 s of warm-up there are 40 due times, a tenth of a second apart."""
    due = ConstantRate(per_s=10, for_s=3, warmup_s=1).due_times()
    assert len(due) == 40
    assert np.allclose(np.diff(due), 0.1)
    assert due[0] == 0


@given(load=st.one_of(*OPEN.values(), CLOSED))
def test_due_times_ascend_within_the_run_and_repeat(load) -> None:
    """A schedule is a pure function of its load."""
    due = load.due_times()
    assert np.all(np.diff(due) >= 0)
    assert np.all((due >= 0) & (due <= load.warmup_s + load.for_s))
    assert np.array_equal(due, load.due_times())


@given(load=st.one_of(OPEN["constant"], OPEN["ramp"], OPEN["steps"], OPEN["replay"]))
def test_without_chance_as_many_are_due_as_expected(load) -> None:
    """Up to one at each border between load and silence."""
    if getattr(load, "spacing", "even") == "even":
        due = load.due_times()
        borders = 2 if load.gaps is None else 2 + 2 * load.for_s / (load.gaps.every_s + load.gaps.gap_s)
        assert np.count_nonzero(due >= load.warmup_s) == pytest.approx(load.expected_requests, abs=borders)


@pytest.mark.parametrize(
    "load",
    [
        Poisson(200, 50),
        Poisson(200, 50, gaps=Gaps(2, 3)),
        Ramp(0, 400, 50),
        Ramp(300, 20, 50, gaps=Gaps(5, 5)),
        Steps((50, 0, 400), 20, gaps=Gaps(7, 2)),
    ],
)
def test_with_chance_as_many_are_due_as_expected_in_the_mean(load) -> None:
    """Over fifty seeds the count's mean is the expected one, and its variance is the mean, as Poisson's is."""
    import dataclasses

    counts = [np.count_nonzero(dataclasses.replace(load, seed=seed).due_times() >= load.warmup_s) for seed in range(50)]
    assert np.mean(counts) == pytest.approx(load.expected_requests, rel=4 / np.sqrt(50 * load.expected_requests))
    assert 0.5 < np.var(counts) / np.mean(counts) < 1.8


def test_poisson_arrivals_have_exponential_gaps() -> None:
    """Mean and standard deviation of the gaps are both 1/rate, and another seed gives another schedule."""
    between = np.diff(Poisson(per_s=100, for_s=1000, warmup_s=0, seed=5).due_times())
    assert np.mean(between) == pytest.approx(0.01, rel=0.02)
    assert np.std(between) == pytest.approx(0.01, rel=0.02)
    assert len(Poisson(100, 1000, 0, seed=6).due_times()) != len(between) + 1


@given(load=st.one_of(*OPEN.values(), CLOSED))
def test_the_plain_form_of_a_load_is_read_back(load) -> None:
    """What crosses to the generator as JSON is the same load; what is usual about it is not written."""
    fields = json.loads(json.dumps(load_fields(load)))
    assert load_from(fields) == load
    assert ("gaps" in fields) == (load.gaps is not None)
    assert ("connections" in fields) == (load.connections != ConnectionProfile())
    assert json.dumps(load_facts(load))


def test_every_kind_of_load_says_how_it_is_written() -> None:
    """The example in the error for a missing key is a load of that kind, or names a file that could be there."""
    import tomllib

    for arrival, kind in LOADS.items():
        fields = tomllib.loads(f"load = {kind.example}")["load"]
        if arrival == "replay":
            fields["offsets_s"] = [0.0, 1.0]
        assert type(load_from(fields)) is kind


@pytest.mark.parametrize(
    ("load", "said"),
    [
        (ConstantRate(50, 10), "at 50/s"),
        (Poisson(50, 10, connections=FRESH), "at 50/s, fresh connections"),
        (Poisson(50, 200, gaps=Gaps(5, 65)), "at 50/s, silent for 65 s after every 5 s"),
        (Ramp(10, 100, 60), "ramping 10 to 100/s"),
        (Steps((10, 50, 100), 5), "in steps of 10, 50, 100/s"),
        (Steps(tuple(range(1, 9)), 5), "in 8 steps between 1 and 8/s"),
        (ClosedLoop(8, 10), "with 8 callers"),
        (ClosedLoop(1, 10, think_s=0.1, connections=ConnectionProfile(20)), "with 1 caller thinking 100.0 ms, 20 requests per connection"),
        (Replay(offsets_s=(0.0, 0.5, 1.0, 1.5)), "replaying recorded arrivals at 2/s"),
    ],
)
def test_a_load_has_words_for_headings(load, said: str) -> None:
    """Whatever it is, it ends a sentence."""
    assert load.wording == said


def test_what_is_comparable_has_one_text_and_what_is_not_another() -> None:
    """Whole numbers and fractions of the same value are one; seed, connections, gaps and recorded times make another load."""
    assert load_text(Poisson(50, 60)) == load_text(Poisson(50.0, 60.0)) == "arrival=poisson for_s=60 per_s=50 seed=1 warmup_s=2"
    assert load_text(Steps((5, 10), 3)) == load_text(Steps((5.0, 10.0), 3.0))
    loads = [
        Poisson(50, 60),
        Poisson(50, 60, seed=2),
        Poisson(50, 60, connections=FRESH),
        Poisson(50, 60, gaps=Gaps(5, 5)),
        Steps((50, 60), 30),
        Steps((60, 50), 30),
        Replay(offsets_s=(0.0, 1.0, 2.0)),
        Replay(offsets_s=(0.0, 1.5, 2.0)),
    ]
    assert len({load_text(load) for load in loads}) == len(loads)


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
        ({"per_s": 1e6, "for_s": 60}, "it holds 6.2e+07 requests, warm-up included; at most 50,000,000 are scheduled"),
        ({"arrival": "constant", "per_s": 1e308, "for_s": 3600}, "it holds inf requests"),
        ({"arrival": "ramp", "from_per_s": 1e308, "to_per_s": 1e308, "for_s": 5}, "at most 50,000,000 are scheduled"),
        ({"arrival": "steps", "steps_per_s": [1, 1e9], "step_s": 5}, "it holds 5e+09 requests"),
        ({"arrival": "replay", "offsets_s": [0, 10**400]}, "offsets_s, number 2: 1000"),
        ({"per_s": 5, "for_s": 86000, "gaps": {"every_s": 1, "gap_s": 1}}, "gaps: there would be more than 10000 of them"),
        ({"per_s": 5}, "key 'for_s' is missing; write for instance { per_s = 100, for_s = 20 }"),
        ({"per_s": 5, "for_s": 5, "warmups": 1}, "did you mean 'warmup_s'"),
        ({"arrival": "posson", "per_s": 5, "for_s": 5}, "did you mean 'poisson'"),
        ({"arrival": "closed", "callers": 5, "for_s": 5}, "did you mean 'closed-loop'"),
        ({"per_s": 5, "for_s": 5, "seed": -1}, "seed is -1"),
        ({"arrival": "constant", "per_s": 5, "for_s": 5, "seed": 1}, "unknown key 'seed' for arrival 'constant'"),
        ({"callers": 8, "for_s": 5}, "unknown key 'callers' for arrival 'poisson'; it goes with arrival = 'closed-loop'"),
        ({"arrival": "ramp", "from_per_s": 1, "for_s": 5}, "key 'to_per_s' is missing; write for instance { arrival = \"ramp\""),
        ({"arrival": "ramp", "from_per_s": 0, "to_per_s": 0, "for_s": 5}, "both 0; nothing would ever be due"),
        ({"arrival": "ramp", "from_per_s": -1, "to_per_s": 5, "for_s": 5}, "from_per_s is -1; it must be at least 0"),
        ({"arrival": "ramp", "from_per_s": 1, "to_per_s": 5, "for_s": 5, "spacing": "evenly"}, "spacing is 'evenly'; did you mean 'even'?"),
        ({"arrival": "steps", "steps_per_s": 5, "step_s": 5}, "steps_per_s is 5; it is a list of rates"),
        ({"arrival": "steps", "steps_per_s": [], "step_s": 5}, "steps_per_s is []; it is a list of rates"),
        ({"arrival": "steps", "steps_per_s": [5, "x"], "step_s": 5}, "steps_per_s, number 2, is 'x'; it is a number"),
        ({"arrival": "steps", "steps_per_s": [0, 0], "step_s": 5}, "every rate in steps_per_s is 0"),
        ({"arrival": "steps", "steps_per_s": [5], "step_s": 0}, "step_s is 0; it must be above 0"),
        ({"arrival": "closed-loop", "callers": 0, "for_s": 5}, "callers is 0; it is a whole number from 1 to 4096"),
        ({"arrival": "closed-loop", "callers": 2.5, "for_s": 5}, "callers is 2.5"),
        ({"arrival": "closed-loop", "callers": 2, "for_s": 5, "think_s": -1}, "think_s is -1; it must be at least 0"),
        ({"arrival": "replay"}, 'key \'file\' is missing; write for instance { arrival = "replay", file = "arrivals.txt" }'),
        ({"arrival": "replay", "file": 7}, "file is 7; it is a path"),
        ({"per_s": 5, "for_s": 5, "connections": "frsh"}, "connections is 'frsh'; did you mean 'fresh'?"),
        ({"per_s": 5, "for_s": 5, "connections": 8}, "connections is 8; write 'kept alive', 'fresh', or { requests_each = 20 }"),
        ({"per_s": 5, "for_s": 5, "connections": {"request_each": 8}}, "did you mean 'requests_each'?"),
        ({"per_s": 5, "for_s": 5, "connections": {"requests_each": 0}}, "requests_each is 0; it is a whole number from 1 up"),
        ({"per_s": 5, "for_s": 5, "gaps": 8}, "gaps is 8; write for instance { every_s = 5, gap_s = 65 }"),
        ({"per_s": 5, "for_s": 5, "gaps": {"every_s": 1}}, "gaps: key 'gap_s' is missing"),
        ({"per_s": 5, "for_s": 5, "gaps": {"every_s": 1, "gaps_s": 1}}, "gaps: unknown key 'gaps_s'; did you mean 'gap_s'?"),
        ({"per_s": 5, "for_s": 5, "gaps": {"every_s": 1, "gap_s": -1}}, "gaps: gap_s is -1; it is a number of seconds above 0"),
        ({"per_s": 5, "for_s": 5, "gaps": {"every_s": 5, "gap_s": 1}}, "the first would come after 5 s, when the 5 s of load are over"),
    ],
)
def test_a_load_that_cannot_be_meant_is_refused_by_key_and_value(fields: dict[str, object], said: str) -> None:
    """The sentence names the key, the value, and what is allowed."""
    with pytest.raises(PlanError) as caught:
        load_from(fields)
    assert said in str(caught.value)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["every_s", "gap_s", "requests_each"]), inner, max_size=2),
)


@given(arrival=st.sampled_from(sorted(LOADS)), drawn=st.data())
def test_any_fields_are_a_load_or_a_plan_error(arrival: str, drawn: st.DataObject) -> None:
    """No value of any key escapes as a traceback."""
    keys = st.sampled_from([*LOADS[arrival].__dataclass_fields__, "per_s"])
    try:
        load = load_from({"arrival": arrival, **drawn.draw(st.dictionaries(keys, values, max_size=6))})
    except PlanError:
        return
    assert load.wording
