"""Merging what workers saw, and what a master says of them; without processes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tailgate.connection_table import CONNECTION
from tailgate.generator.workers.admission import Member
from tailgate.generator.workers.merging import Merge
from tailgate.generator.workers.roster import Roster
from tailgate.plan.load import ConstantRate
from tailgate.samples import RECORD, Error, Header, read_samples

LOAD = ConstantRate(6, for_s=1, warmup_s=0)
HEADER = Header(6, 0.0, 1.0, 100.0, 1e9, "timerfd", "http://there/")


def rows(*due_s: float, connection: int = 0, error: Error = Error.NONE) -> bytes:
    """Rows as a worker packs them."""
    records = np.zeros(len(due_s), dtype=RECORD)
    records["due_s"], records["connection"], records["error"], records["done_after_s"] = due_s, connection, error, 0.01
    return records.tobytes()


def opened(*numbers: int) -> bytes:
    """Connections as a worker packs them."""
    table = np.zeros(len(numbers), dtype=CONNECTION)
    table["number"] = numbers
    return table.tobytes()


def test_rows_of_all_workers_become_one_run(tmp_path):
    """In due order; a number means one connection, in the rows and in the table; counts are those of all."""
    merge = Merge(tmp_path / "run.samples", workers=2, load=LOAD, counts=1)
    merge.begin(HEADER)
    merge.add(1, rows(0.1, 0.3, connection=1), opened(0, 1), [])
    merge.add(0, rows(0.0, 0.2, connection=1), opened(0, 1), [[([2], [1])]])
    merge.add(0, rows(0.4, connection=0, error=Error.TIMEOUT), b"", [])
    merge.close()
    samples = read_samples(tmp_path / "run.samples")
    assert samples.header == HEADER
    assert list(samples.due_s) == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert list(samples.records["connection"]) == [2, 3, 2, 3, 0]
    assert list(samples.connections["number"]) == [0, 1, 2, 3]
    assert (merge.recorder.rows, merge.recorder.failed, merge.rows_of) == (5, 1, [3, 2])
    assert merge.progress.told()["judged"] == 5


def test_a_second_counts_when_every_worker_has_told_it(tmp_path):
    """Each tells its own; several of them may come in one report."""
    merge = Merge(tmp_path / "run.samples", workers=2, load=LOAD, counts=1)
    merge.begin(HEADER)
    merge.add(0, b"", b"", [[([2, 3], [0, 1])], [([4], [1])]])
    assert merge.seconds.settled() == [([], [])]
    merge.add(1, b"", b"", [[([5, 6], [0, 2])]])
    assert merge.seconds.settled() == [([7, 9], [0, 3])]
    merge.close()


def test_connection_numbers_of_any_number_of_workers_never_meet(tmp_path):
    """Whatever connections each of them opens."""
    merge = Merge(tmp_path / "run.samples", workers=3, load=LOAD, counts=0)
    merge.begin(HEADER)
    for place, number in itertools.product(range(3), range(50)):
        merge.add(place, rows(place + number / 100, connection=number), opened(number), [])
    merge.close()
    samples = read_samples(tmp_path / "run.samples")
    assert len(set(samples.records["connection"])) == len(set(samples.connections["number"])) == 150


@pytest.fixture
def roster():
    """Two workers that have told of three requests each, one of which failed."""
    roster = Roster()
    roster.enlist({"b": Member(1, 22, "there", local=False), "a": Member(0, 11, "here", local=True)})
    for hand in roster.hands.values():
        hand.clock, hand.done = "timerfd", {"rows": 3, "faults": []}
    return roster


def test_sums_that_add_up_are_no_fault(roster: Roster):
    """Rows told, rows that arrived, and Locust's totals agree."""
    assert roster.faults([3, 3], (6, 1), failed=1) == []


def test_rows_that_were_lost_on_the_way_are_a_fault(roster: Roster):
    """The worker is named, with both counts."""
    faults = roster.faults([3, 2], (5, 1), failed=1)
    assert [fault for fault in faults if fault.startswith("worker 2 (pid 22 on there) told of 3 requests, 2 arrived")]


@pytest.mark.parametrize("counted", [(5, 1), (7, 1), (6, 0)])
def test_totals_of_locusts_that_disagree_are_a_fault(roster: Roster, counted):
    """Requests or failures: one of the two counts is wrong."""
    assert roster.faults([3, 3], counted, failed=1) == [
        f"Locust counted {counted[0]} requests and {counted[1]} failures, the samples hold 6 and 1"
    ]


def test_what_a_worker_found_amiss_is_the_runs_and_names_it(roster: Roster):
    """A clock that stepped on one host makes the whole run worthless."""
    roster.hands["a"].done = {"rows": 3, "faults": ["the wall clock stepped"]}
    assert roster.faults([3, 3], (6, 1), failed=1) == ["worker 1 (pid 11): the wall clock stepped"]


def test_the_clock_says_how_well_other_hosts_agree(roster: Roster):
    """Those of this host read the same clock."""
    roster.hands["b"].accuracy_s = 0.0002
    assert roster.clock == "timerfd; worker 2 within 0.2 ms"
    roster.hands["b"].clock = "portable timer"
    assert roster.clock.startswith("portable timer and timerfd; ")


def test_a_worker_that_was_lost_is_not_waited_for(roster: Roster):
    """Neither is one that is done."""
    roster.hands["a"].done = None
    assert [hand.member.place for hand in roster.at_work()] == [0]
    roster.hands["a"].lost = True
    assert roster.at_work() == []
