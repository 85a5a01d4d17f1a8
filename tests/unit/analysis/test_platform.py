"""The platform's own minutes joined with a run: what is left is the network, and counts have to agree where nobody else asks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.analysis.platform import Asked, asked_from, asked_in, beside_of, enough_for, platform_of
from tailgate.minutes import Minute, Stream, together, touched
from tailgate.samples import Error

STREAM = Stream("ranker", "AllTraffic")
START_S = 1_795_340_160  # the first second of a minute

times_s = st.floats(1e-4, 60.0)
counts = st.integers(1, 100_000)


def asked(begin_s: float = 10.0, end_s: float = 50.0, sent: int = 1000, answered: int | None = None, stream: Stream = STREAM) -> Asked:
    """A run that asked from begin_s to end_s after START_S, 12.1 ms each."""
    return Asked(
        stream, START_S + begin_s, START_S + end_s, START_S + end_s, sent, sent if answered is None else answered, 0.0121, 0.0125, {}, 5.0
    )


def minute(invocations: float, model_s: float = 0.008, overhead_s: float = 0.0029) -> Minute:
    """So many invocations, of these latencies each."""
    return Minute(invocations, 0, 0, model_s * invocations, invocations, overhead_s * invocations, invocations)


@given(service_s=times_s, model_s=times_s, overhead_s=times_s, first=counts, second=counts)
def test_the_network_is_what_is_left_and_is_never_clipped(
    service_s: float, model_s: float, overhead_s: float, first: int, second: int
) -> None:
    """The three parts are the client's mean service time, whatever they are; a negative rest is said to be one."""
    one = replace(asked(10, 70, sent=first + second), service_s=service_s)
    told = {STREAM: {START_S: minute(first, model_s, overhead_s), START_S + 60: minute(second, model_s, overhead_s)}}
    found = platform_of(one, [one], told, alone=True)
    time, notes = found["time"], found["notes"]
    assert time["network_s"] + time["overhead_s"] + time["model_s"] == pytest.approx(service_s, abs=1e-9)
    assert time["model_s"] == pytest.approx(model_s)
    assert any("negative" in note for note in notes) is (time["network_s"] < 0)


def test_minutes_are_weighted_by_what_they_hold() -> None:
    """Ten slow invocations of a warm-up's minute do not weigh as much as a thousand quick ones."""
    told = {STREAM: {START_S: minute(10, model_s=1.0), START_S + 60: minute(990, model_s=0.01)}}
    one = asked(10, 70)
    assert platform_of(one, [one], told, alone=True)["time"]["model_s"] == pytest.approx(0.0199)


def test_the_minutes_are_the_whole_ones_that_the_run_touches() -> None:
    """And the record says which, and how much of them was the warm-up."""
    one = asked(59.5, 121)
    assert list(one.minutes) == [START_S, START_S + 60, START_S + 120]
    minutes = platform_of(one, [one], {}, alone=True)["minutes"]
    assert minutes == {
        "first": "2026-11-22T09:36:00+00:00",
        "last": "2026-11-22T09:38:00+00:00",
        "count": 3,
        "warmup_s": 5.0,
        "shared_by_loads": 1,
    }


@given(begin_s=st.floats(0, 1e9), lasts_s=st.floats(0, 1e5))
def test_touched_minutes_hold_the_whole_time_and_no_more(begin_s: float, lasts_s: float) -> None:
    """Each of them overlaps it, and together they cover it."""
    minutes = touched(begin_s, begin_s + lasts_s)
    assert minutes[0] <= begin_s < minutes[0] + 60
    assert minutes[-1] <= begin_s + lasts_s < minutes[-1] + 60
    assert all(at_s % 60 == 0 for at_s in minutes)


@pytest.mark.parametrize(
    ("counted", "sent", "answered", "said"),
    [
        (1000, 1000, 1000, None),
        (990, 1000, 980, None),  # some of the 20 that were not answered never reached the variant
        (1003, 1000, 1000, "CloudWatch counts 1 003 invocations, we sent 1 000, 1 000 of which were answered: somebody else asks"),
        (900, 1000, 1000, "CloudWatch counts 900 invocations, we sent 1 000, 1 000 of which were answered: the last of them come late"),
    ],
)
def test_a_count_that_cannot_be_ours_is_a_note(counted: int, sent: int, answered: int, said: str | None) -> None:
    """Between what the variant answered and what was sent anything may be right."""
    one = asked(sent=sent, answered=answered)
    notes = platform_of(one, [one], {STREAM: {START_S: minute(counted)}}, alone=True)["notes"]
    assert [note.startswith(said or "") for note in notes] == ([True] if said else [])


def test_where_others_ask_too_nothing_is_claimed_of_counts() -> None:
    """A production endpoint's invocations are its callers'."""
    one = asked()
    found = platform_of(one, [one], {STREAM: {START_S: minute(50_000)}}, alone=False)
    assert found["notes"] == []
    assert found["invocations"] == {"counted": 50_000, "errors_4xx": 0, "errors_5xx": 0, "sent": 1000}


def test_runs_that_share_minutes_are_counted_together() -> None:
    """A repeat in the same minute, and one that shares a minute with that; not another stream's, nor a later one's."""
    runs = [asked(10, 50), asked(55, 70), asked(90, 100), asked(200, 210), asked(10, 50, stream=Stream("ranker", "green"))]
    assert beside_of(runs[0], runs) == runs[:3]
    assert beside_of(runs[3], runs) == [runs[3]]
    told = {STREAM: {START_S: minute(1500), START_S + 60: minute(1400)}}
    found = platform_of(runs[2], runs, told, alone=True)
    assert found["minutes"]["shared_by_loads"] == 3
    assert "counts 2 900 invocations, we sent 3 000 in 3 loads" in found["notes"][0]


@pytest.mark.parametrize("alone", [True, False])
def test_it_is_enough_when_all_that_was_answered_is_counted_and_timed(alone: bool) -> None:
    """Else it is worth waiting: the last minutes come late, and bit by bit."""
    enough = enough_for([asked(10, 70, sent=1000)], alone=alone)
    first, second = minute(800), minute(200)
    assert not enough({})
    assert not enough({STREAM: {START_S: first}})
    assert not enough({STREAM: {START_S: first, START_S + 60: minute(199)}})
    assert not enough({STREAM: {START_S: Minute(800), START_S + 60: Minute(200)}})
    assert enough({STREAM: {START_S: first, START_S + 60: second}})
    assert enough({STREAM: {START_S: minute(5000), START_S + 60: second}})


def test_where_others_ask_too_the_last_minute_has_to_be_there() -> None:
    """Their calls make up any count; where nobody else asks, an empty last minute is one into which nothing fell."""
    told = {STREAM: {START_S: minute(5000)}}
    assert not enough_for([asked(10, 70, sent=1000)], alone=False)(told)
    assert enough_for([asked(10, 70, sent=1000)], alone=True)(told)


def test_of_minutes_of_which_nothing_is_told_that_is_said() -> None:
    """And no time is made up."""
    one = asked()
    found = platform_of(one, [one], {}, alone=True)
    assert found["time"]["network_s"] is None
    assert "has nothing of these minutes yet" in found["notes"][0]


def test_what_a_run_asked_is_read_off_its_samples(new_case, new_samples) -> None:
    """Requests that were never sent, or not answered by a variant, are in no mean; the phases make up the service time."""
    case = new_case("p99 <= 60ms", per_s=50, for_s=60)
    error = np.zeros(3000, np.uint8)
    error[:3] = Error.UNSENT, Error.CONNECTION_LOST, Error.MODEL_ERROR
    samples = new_samples(case, 0.010, lag_s=0.002, error=error)
    records = samples.records
    records["sent_after_s"][0] = records["done_after_s"][0] = records["done_after_s"][1] = np.nan
    records["send_s"], records["first_byte_after_s"] = 0.001, 0.002 + 0.008
    found = asked_in(replace(samples, header=replace(samples.header, origin_unix_s=float(START_S))), STREAM)
    assert found is not None
    assert (found.sent, found.answered) == (2999, 2998)
    assert found.service_s == pytest.approx(0.010)
    assert found.response_s == pytest.approx(0.012)
    assert {name: round(mean_s, 4) for name, mean_s in found.phases.items()} == {
        "lag_s": 0.002,
        "send_s": 0.001,
        "wait_s": 0.007,
        "receive_s": 0.002,
    }
    assert found.first_s == pytest.approx(START_S + samples.due_s[1] + 0.002)
    assert found.last_s == pytest.approx(START_S + samples.due_s[-1] + 0.012)
    assert asked_in(replace(samples, records=records[:1]), STREAM) is None


@given(first_s=st.floats(0, 2e9), sent_s=st.floats(0, 1e4), over_s=st.floats(0, 70), sent=counts, answered=counts)
def test_what_was_asked_comes_back_from_its_record(first_s: float, sent_s: float, over_s: float, sent: int, answered: int) -> None:
    """To the millisecond, without the times; what holds less is passed over."""
    one = Asked(STREAM, first_s, first_s + sent_s + over_s, first_s + sent_s, sent, answered, 0.1, 0.1, {}, 1.0)
    fields = {"endpoint": "ranker", **one.fields()}
    back = asked_from(fields)
    assert back is not None
    assert (back.stream, back.sent, back.answered, back.service_s) == (STREAM, sent, answered, None)
    assert (back.first_s, back.last_s, back.last_sent_s) == pytest.approx((one.first_s, one.last_s, one.last_sent_s), abs=2e-3)
    assert [asked_from({key: value for key, value in fields.items() if key != left_out}) for left_out in fields] == [None] * len(fields)
    assert asked_from(fields | {"first_at": "yesterday"}) is None


def test_minutes_together_are_their_sum() -> None:
    """Of nothing, nothing; and a mean of nothing is not known."""
    assert together([]) == Minute()
    assert Minute().mean_model_s is None
    assert together([minute(3), minute(4)]).invocations == 7
    assert together([minute(3), minute(4)]).mean_overhead_s == pytest.approx(0.0029)
