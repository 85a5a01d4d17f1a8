"""How many hosts a load takes: by measured figures, on the safe side, and never fewer than can send it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate import Budget, Case, ClosedLoop, ConstantRate, EndpointSpec
from tailgate.errors import PlanError
from tailgate.plan.connections import FRESH
from tailgate.plan.fleet_size import REQUEST_S, check_fleet, fleet_note, request_s, size_of, sized
from tailgate.plan.load import Load
from tailgate.plan.vantage import VantageSpec, vantage_from

FIGURES = Path(__file__).parents[3] / "benchmarks" / "figures.json"
RATES = st.floats(1, 400_000)
SIZES = st.integers(0, 1_000_000)


def case(load: Load, payload: bytes = b"{}") -> Case:
    """Of any endpoint."""
    budget = Budget.of("error_rate <= 50%") if isinstance(load, ClosedLoop) else Budget.of("p50 <= 1s")
    return Case(EndpointSpec("ranker", instance_type="ml.m5.large"), network_path="public", payload=payload, load=load, budget=budget)


def at(per_s: float, **more: object) -> Case:
    """A constant rate."""
    return case(ConstantRate(per_s=per_s, for_s=30, **more))  # type: ignore[arg-type]  # what a test names


def test_a_request_costs_no_less_than_the_benchmarks_found() -> None:
    """At the rates at which a process is nearly full: those decide how many it can send."""
    rows = json.loads(FIGURES.read_text())["accuracy"]["rows"]
    found = {(row["scheme"], row["rate_per_s"]): row["cpu_s"] for row in rows if row["tool"] == "tailgate"}
    for scheme, tls in (("HTTP", False), ("TLS", True)):
        fullest = max(key for key in found if key[0] == scheme)
        assert found[fullest] <= REQUEST_S[tls] <= 1.1 * found[fullest]


@given(RATES, SIZES, st.integers(1, 8), st.booleans())
def test_hosts_are_trusted_with_half_of_what_they_could_send_and_all_of_the_load_is_on_one(
    per_s: float, length: int, workers: int, fresh: bool
) -> None:
    """Never one too few, never one too many."""
    load = ConstantRate(per_s=per_s, for_s=30, **({"connections": FRESH} if fresh else {}))
    size = size_of(case(load, b"x" * length), workers)
    assert size is not None
    assert size.hosts * size.host_per_s >= size.peak_per_s * (1 - 1e-9)
    assert size.hosts == 1 or (size.hosts - 1) * size.host_per_s < size.peak_per_s
    assert size.most_per_s >= 2 * size.host_per_s


def test_connections_and_bodies_cost() -> None:
    """A handshake for each request is worth some fifteen of them; a body of a megabyte, some ten."""
    plain = request_s(at(100), tls=True)
    assert request_s(at(100, connections=FRESH), tls=True) > 10 * plain
    assert request_s(case(ConstantRate(per_s=100, for_s=30), b"x" * 1_000_000), tls=True) > 10 * plain


def test_auto_takes_what_the_largest_load_takes() -> None:
    """And one host where no rate is known."""
    asked = vantage_from({"count": "auto"})
    cases = [at(100), at(9000), at(20)]
    assert asked.sized
    assert sized(asked, cases) == replace(asked, count=2, sized=False)
    assert sized(replace(asked, workers=2), cases).count == 1
    assert sized(asked, [case(ClosedLoop(callers=4, for_s=30))]).count == 1
    assert sized(asked, []).count == 1
    assert sized(VantageSpec("ec2", count=3), cases).count == 3


def test_a_load_for_which_there_are_not_hosts_enough_is_refused() -> None:
    """What would make it fit is said."""
    with pytest.raises(PlanError, match="100 are the most; offer less, or --latency-workers 2 or more"):
        sized(vantage_from({"count": "auto"}), [at(900_000)])


def test_too_few_hosts_are_refused_where_they_could_never_send_it_and_told_where_they_may() -> None:
    """By the number that can."""
    spec = VantageSpec("ec2")
    with pytest.raises(PlanError, match=r"20 000/s takes 5 hosts.*1 host sends .*/s at the very most: say --latency-hosts 5"):
        check_fleet(spec, [at(10), at(20_000)])
    check_fleet(spec, [at(9000)])
    assert "9000/s takes 2 hosts" in fleet_note(spec, [at(9000)])
    assert "INCONCLUSIVE: say --latency-hosts 2" in fleet_note(spec, [at(9000)])
    assert "INCONCLUSIVE" not in fleet_note(VantageSpec("ec2", count=2), [at(9000)])


@pytest.mark.parametrize("count", [0, 101, 1.5, "many", True, None])
def test_a_count_that_is_none_is_refused(count: object) -> None:
    """A whole number, or `auto`."""
    with pytest.raises(PlanError, match="from 1 to 100, or 'auto'"):
        vantage_from({"count": count})


@pytest.mark.parametrize("key", ["workers", "sized"])
def test_what_is_settled_elsewhere_is_no_key_of_the_plan(key: str) -> None:
    """Processes are an option's, whether hosts are counted is `count`'s."""
    with pytest.raises(PlanError, match=f"unknown key '{key}'"):
        vantage_from({key: 1})
