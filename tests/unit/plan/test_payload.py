"""Payload sets: which body each request carries, seeded and weighted."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tailgate import Budget, Case, EndpointSpec, Payloads, Poisson
from tailgate.errors import PlanError
from tailgate.plan.payload import PayloadChoice

CASE = Case(EndpointSpec("ranker"), payload=b"{}", load=Poisson(50, 60), budget=Budget.of("p99 <= 60ms"))

weights = st.lists(st.floats(0.01, 100), min_size=1, max_size=8).map(tuple)


def test_weights_come_out_in_the_long_run() -> None:
    """By chi-square over 60 000 requests, with a fixed seed."""
    wanted = np.array([3, 1, 0.5, 5.5])
    seen = np.bincount(np.frombuffer(PayloadChoice(tuple(wanted), 7).draw(60_000), dtype=np.uint8), minlength=4)
    assert stats.chisquare(seen, wanted / wanted.sum() * 60_000).pvalue > 0.01


@given(weights=weights, seed=st.integers(0, 2**31), pieces=st.lists(st.integers(0, 50), max_size=5))
def test_a_choice_is_the_same_in_pieces_and_at_once(weights: tuple[float, ...], seed: int, pieces: list[int]) -> None:
    """So a longer run begins as a shorter one, and callers who draw as they go have the choice of an open loop."""
    choice = PayloadChoice(weights, seed)
    drawn = b"".join(choice.draw(requests) for requests in pieces)
    assert drawn == PayloadChoice(weights, seed).draw(sum(pieces))
    assert all(index < len(weights) for index in drawn)


def test_seeds_and_streams_choose_differently_and_arrivals_are_no_part_of_it() -> None:
    """The load's seed may be the payloads': arrivals and payloads still have nothing to do with each other."""
    choices = {PayloadChoice((1, 1), seed, stream).draw(200) for seed in (1, 2) for stream in (0, 1)}
    assert len(choices) == 4
    gaps_s = np.diff(Poisson(100, 50, 0, seed=1).due_times())
    chosen = np.frombuffer(PayloadChoice((1, 1), 1).draw(len(gaps_s)), dtype=np.uint8)
    assert stats.mannwhitneyu(gaps_s[chosen == 0], gaps_s[chosen == 1]).pvalue > 0.01


def test_a_set_is_written_with_weights_or_as_a_list() -> None:
    """Paths are relative to the file that names them; bytes stand for themselves."""
    here = Path(__file__).parent
    assert Payloads.of({"a.json": 3, "b.json": 1}, seed=7) == Payloads((here / "a.json", here / "b.json"), (3, 1), 7)
    assert Payloads.of([b"[1]", b"[2]"]).weights == (1, 1)
    assert Payloads.of([b"[1]", b"[2]"]).bodies("") == (b"[1]", b"[2]")
    with pytest.raises(PlanError, match=r"ranker-.*: payload .*a\.json cannot be read"):
        dataclasses.replace(CASE, payload=Payloads.of(["a.json"])).bodies()


def test_a_set_is_in_key_and_record_by_its_hashes() -> None:
    """Another weight, another seed or another body makes another case; bodies, which may be private, are not recorded."""
    sets = [
        Payloads.of({b"[1]": 1, b"[2]": 1}),
        Payloads.of({b"[1]": 2, b"[2]": 1}),
        Payloads.of({b"[1]": 1, b"[2]": 1}, seed=2),
        Payloads.of({b"[1]": 1, b"[3]": 1}),
    ]
    cases = [dataclasses.replace(CASE, payload=payloads) for payloads in sets]
    assert len({case.key for case in cases}) == len(cases)
    assert dataclasses.replace(CASE, payload=Payloads.of({b"[1]": 2.0, b"[2]": 1.0})).key == cases[1].key
    recorded = cases[1].fields()
    assert [(one["weight"], one["bytes"]) for one in recorded["payloads"]] == [(2, 3), (1, 3)]
    assert recorded["payload_seed"] == 1
    assert "[1]" not in repr(recorded)


def test_a_set_of_one_is_as_that_one() -> None:
    """Same key, same record: nothing is chosen."""
    one = dataclasses.replace(CASE, payload=Payloads.of([b"{}"], seed=9))
    assert one.key == CASE.key
    assert one.fields() == CASE.fields()


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: Payloads.of({}), "there are 0; a set holds 1 to 256"),
        (lambda: Payloads.of([bytes([n, m]) for n in range(20) for m in range(20)]), "there are 400; a set holds 1 to 256"),
        (lambda: Payloads.of({"a.json": 0}), "the weight of 'a.json' is 0; it is a number above 0"),
        (lambda: Payloads.of({b"[1]": float("nan")}), "the weight of a payload of 3 bytes is nan"),
        (lambda: Payloads((b"[1]",), ()), "1 payloads have 0 weights; each needs one"),
        (lambda: Payloads.of([7]), "7 is no payload; write bytes or a path"),
        (lambda: Payloads.of("a.json"), "'a.json' is no set; write Payloads.of(['a.json', 'b.json'])"),
        (lambda: Payloads.of(5), "5 is no set"),
        (lambda: Payloads(None, (1,)), "payloads: sources is None; it is a tuple of bytes and paths"),
        (lambda: Payloads((b"",), 1), "payloads: weights is 1; it is a tuple of numbers"),
        (lambda: Payloads.of({"a.json": 10**400}), "the weight of 'a.json' is 1000"),
        (lambda: Payloads.of({b"a": 1e308, b"b": 1e308}), "the weights are too large to be added up"),
        (lambda: Payloads.of([b""], seed=-1), "seed is -1; it is a whole number from 0 up"),
    ],
)
def test_a_set_that_cannot_be_meant_is_refused(build, said: str) -> None:
    """The sentence names what is wrong, and what is allowed."""
    with pytest.raises(PlanError) as caught:
        build()
    assert said in str(caught.value)
