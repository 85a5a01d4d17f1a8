"""Schedules: what of a load falls to one of several processes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate import ClosedLoop, Gaps, Poisson
from tailgate.errors import PlanError
from tailgate.generator.order import Order
from tailgate.generator.schedule import Schedule
from tailgate.generator.workers.share import WHOLE, Share
from tailgate.plan.arms import coin
from tailgate.targets import Address

ADDRESS = Address("http://127.0.0.1:1/", region="", network_path="public", sign=None)
PAYLOADS = (b"[1]", b"[2]", b"[3]")


def _order(load, weights: tuple[float, ...] = (3, 2, 1)) -> Order:
    return Order(ADDRESS, load, PAYLOADS, Path("x.samples"), payload_weights=weights, payload_seed=5)


@given(of=st.integers(1, 5), per_s=st.floats(1, 200), seed=st.integers(0, 99))
def test_the_shares_of_a_schedule_are_together_the_whole(of: int, per_s: float, seed: int) -> None:
    """Each request is due once, when it would be without workers, and carries what it would carry then."""
    order = _order(Poisson(per_s, 2, seed=seed))
    whole, shares = Schedule(order, WHOLE), [Schedule(order, Share(index, of)) for index in range(of)]
    together = sorted(pair for share in shares for pair in zip(share.due(100.0), share.payloads, strict=True))
    assert together == sorted(zip(whole.due(100.0), whole.payloads, strict=True))
    assert whole.callers(100.0) is None
    assert sum(share.requests or 0 for share in shares) == whole.requests


@given(of=st.integers(1, 5), seed=st.integers(0, 99))
def test_the_arm_of_a_request_is_the_same_however_many_share_the_load(of: int, seed: int) -> None:
    """Each arm of each share is in order, and all of them together are what one process would send to that address."""
    order = replace(_order(Poisson(90, 2, seed=seed)), second=ADDRESS, arm_seed=seed)
    arms = coin(len(order.load.due_times()), seed)
    shares = [Schedule(order, Share(index, of)).parts(100.0) for index in range(of)]
    whole = Schedule(order, WHOLE)
    for arm in (0, 1):
        due_s = np.array(whole.due(100.0))[arms == arm]
        payloads = np.frombuffer(whole.payloads, dtype=np.uint8)[arms == arm]
        assert all(list(share[arm][0]) == sorted(share[arm][0]) for share in shares)
        together = sorted(pair for share in shares for pair in zip(*share[arm], strict=True))
        assert together == sorted(zip(due_s.tolist(), payloads.tolist(), strict=True))


def test_a_closed_loop_is_no_order_for_two_addresses() -> None:
    """The faster of them would be asked more often."""
    with pytest.raises(PlanError, match="two arms cannot share"):
        replace(_order(ClosedLoop(2, 5)), second=ADDRESS)


def test_an_order_keeps_its_payload_set_on_its_way() -> None:
    """Bodies of any bytes, weights and seed; without weights each is chosen equally often."""
    order = _order(ClosedLoop(2, 5, gaps=Gaps(1, 1)))
    assert Order.from_json(order.to_json()) == order
    paired = replace(_order(Poisson(1, 1)), second=replace(ADDRESS, url="http://127.0.0.1:2/"), arm_seed=9)
    assert Order.from_json(paired.to_json()) == paired
    drawn = np.frombuffer(_order(Poisson(1, 1), weights=()).payload_choice().draw(3000), dtype=np.uint8)
    assert np.bincount(drawn) == pytest.approx([1000] * 3, abs=150)


def test_callers_are_shared_and_ask_again_on_the_monotonic_clock() -> None:
    """Seven callers on three processes; the run begins at 100 s there and lasts three seconds."""
    order = _order(ClosedLoop(7, for_s=2, warmup_s=1, think_s=0.5))
    shares = [Schedule(order, Share(index, 3)) for index in range(3)]
    assert [len(share.due(100.0)) for share in shares] == [3, 2, 2]
    assert shares[0].requests is None
    callers = shares[0].callers(100.0)
    assert callers is not None
    assert callers.next_due_s(101.0) == pytest.approx(101.5)
    assert callers.next_due_s(102.6) is None
    callers.until_s = 101.2
    assert callers.next_due_s(101.0) is None


def test_the_payloads_of_callers_go_on_where_the_first_ones_ended() -> None:
    """One seeded choice for the whole run of a process, and another for each process."""
    order = _order(ClosedLoop(4, for_s=2))
    schedules = [Schedule(order, share) for share in (WHOLE, Share(1, 2))]
    callers = [schedule.callers(0.0) for schedule in schedules]
    assert callers[0] is not None
    assert callers[1] is not None
    first, other = callers[0].payloads(), callers[1].payloads()
    assert schedules[0].payloads + first == order.payload_choice().draw(4 + len(first))
    assert first != other
