"""The ring of what the data plane knows of its answers."""

from __future__ import annotations

import io
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tailgate.targets.emulated.messages import Request
from tailgate.targets.emulated.truth import ROW, Truth, pack


def note(truth: Truth, endpoint: str, complete_s: float, *, identity: str = "", written_s: float = 9.0) -> None:
    truth.note(endpoint, Request(first_s=complete_s - 0.5, complete_s=complete_s), complete_s + 1, written_s, 200, "public", identity)


def test_a_row_holds_all_that_was_noted() -> None:
    """Times, status, path and the request's identity, which is cut at 64 bytes and need not be ASCII."""
    truth = Truth(8)
    note(truth, "ranker", 2.0, identity="é" * 70)
    (row,) = truth.of("ranker")
    assert row.tolist() == (1.5, 2.0, 3.0, 9.0, 200, b"public", "é".encode("latin-1") * 64)


def test_an_answer_that_found_nobody_has_no_time_of_writing() -> None:
    """nan, so that no statistics take it for an answer."""
    truth = Truth(8)
    note(truth, "ranker", 2.0, written_s=math.nan)
    assert np.isnan(truth.of("ranker")["written_s"]).all()


def test_an_endpoint_that_never_answered_has_no_rows() -> None:
    """An empty table with the same columns."""
    assert Truth(8).of("nobody").dtype == ROW
    assert len(Truth(8).of("nobody")) == 0


@given(
    requests=st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 20)), max_size=40),
    capacity=st.integers(1, 12),
    since=st.integers(-1, 21),
)
def test_the_ring_agrees_with_a_list(requests: list[tuple[str, int]], capacity: int, since: int) -> None:
    """Whatever was noted in whatever order of times: the latest of the ring's capacity, filtered, in order."""
    truth = Truth(capacity)
    for endpoint, second in requests:
        note(truth, endpoint, float(second))
    for endpoint in ("a", "b"):
        expected = [float(second) for name, second in requests[-capacity:] if name == endpoint and second >= since]
        assert truth.of(endpoint, float(since))["complete_s"].tolist() == expected


def test_packed_rows_are_read_by_numpy_without_trust() -> None:
    """The .npy format with its columns' names, no pickle in it."""
    truth = Truth(8)
    for second in range(3):
        note(truth, "ranker", float(second))
    read = np.load(io.BytesIO(pack(truth.of("ranker"))), allow_pickle=False)
    assert read.dtype == ROW
    assert read["complete_s"].tolist() == [0.0, 1.0, 2.0]
