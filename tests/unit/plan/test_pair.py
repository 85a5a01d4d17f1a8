"""Two cases for one run: what they may differ in, what they are called, and which margins can be meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tailgate import Budget, Case, ClosedLoop, EndpointSpec, Expect, Payloads, Poisson
from tailgate.errors import PlanError
from tailgate.plan.arms import ArmLoad
from tailgate.plan.pair import Pair, arm_cases, labels_of, margin_s

CASE = Case(
    EndpointSpec("ranker", instance_type="ml.m5.large"),
    payload=b"{}",
    load=Poisson(per_s=100, for_s=20, seed=7),
    budget=Budget.of("p99 <= 60ms"),
)


@pytest.mark.parametrize(
    ("other", "labels"),
    [
        (CASE.via("privatelink"), ("public", "privatelink")),
        (CASE.at("ranker-candidate"), ("ranker", "ranker-candidate")),
        (CASE.on("ml.c6i.large").via("privatelink"), ("ml.m5.large public", "ml.c6i.large privatelink")),
        (CASE, ("first", "second")),
    ],
)
def test_arms_are_called_by_what_sets_them_apart(other: Case, labels: tuple[str, str]) -> None:
    """Path, endpoint, instances; the same twice is measured too, for it shows what the instrument itself adds."""
    assert labels_of(CASE, other) == labels
    assert Pair(CASE, other).id == f"{CASE.id}+{labels[1].replace(' ', '-')}"


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (CASE.under(Poisson(per_s=101, for_s=20, seed=7)), r"differ in their load \(at 100/s and at 101/s\)"),
        (CASE.under(Poisson(per_s=100, for_s=20, seed=8)), "differ in their load"),
        (Case(CASE.spec, b"[]", CASE.load, CASE.budget), "differ in their payload"),
        (Case(CASE.spec, Payloads.of([b"{}", b"[]"]), CASE.load, CASE.budget), "differ in their payload"),
        (Case(CASE.spec, b"{}", CASE.load, CASE.budget, expect=Expect.of(contains="x")), "differ in what they expect"),
        (7, "it is a Case"),
    ],
)
def test_what_one_run_cannot_compare_is_refused_by_name(other: object, said: str) -> None:
    """Load, payload and what counts as an answer are the same in both arms."""
    with pytest.raises(PlanError, match=said):
        Pair(CASE, other)  # type: ignore[arg-type]  # a user's mistake


def test_a_closed_loop_is_refused() -> None:
    """Its callers would ask the faster arm more often."""
    case = CASE.under(ClosedLoop(4, 20))
    with pytest.raises(PlanError, match="two arms cannot share a load with 4 callers"):
        Pair(case, case.via("privatelink"))


def test_each_arm_is_a_question_of_its_own() -> None:
    """Its part of the load, named with what is beside it, so that its key is no other run's; id and budget stay."""
    first, second = arm_cases(CASE, CASE.via("privatelink"), seed=5)
    assert isinstance(first.load, ArmLoad)
    assert (first.load.arm, first.load.arm_seed) == (0, 5)
    assert first.load.beside == second.place.replace("via public", "via privatelink")
    assert len({case.key for case in (CASE, CASE.via("privatelink"), first, second)}) == 4
    assert [case.id for case in (first, second)] == [CASE.id, CASE.via("privatelink").id]
    assert first.fields()["load"]["per_s"] == 100  # type: ignore[index]  # a mapping


def test_a_load_of_which_half_is_too_short_for_the_budget_is_refused() -> None:
    """Before anything is deployed, and saying that an arm has half of it."""
    short = CASE.under(Poisson(per_s=100, for_s=4, seed=7))
    with pytest.raises(PlanError, match=r"each arm has half of the requests: .*'p99 <= 60ms' needs at least 299"):
        arm_cases(short, short.via("privatelink"), seed=1)


@pytest.mark.parametrize("limit", ["achieved_rate >= 90/s", "cost_per_1000 <= 1usd"])
def test_a_limit_on_what_the_whole_load_comes_to_is_refused(limit: str) -> None:
    """An arm gets half of the requests: half of the rate, at the price of the whole endpoint."""
    case = replace(CASE, budget=Budget.of(limit), prices={CASE.spec.instance_type: 0.1})
    with pytest.raises(PlanError, match="is of the whole load"):
        arm_cases(case, case.via("privatelink"), seed=1)


@pytest.mark.parametrize("margin", ["2", "", "-1ms", "2 parsecs", 0.002, None])
def test_a_margin_is_a_duration_with_its_unit(margin: object) -> None:
    """A number alone may be meant in seconds or milliseconds."""
    with pytest.raises(PlanError, match=r"duration"):
        margin_s(margin)
    assert margin_s("2ms") == 0.002


@pytest.mark.parametrize("metric", ["error_rate", "p100", "p0", "median", "p9x", "ttfb_p99", 99])
def test_a_metric_that_is_no_time_of_both_arms_is_refused(metric: object) -> None:
    """Percentiles and the mean can be compared."""
    with pytest.raises(PlanError, match=r"is not compared: it is a percentile of the response time, or the mean"):
        Pair(CASE, CASE.via("privatelink"), {metric: "2ms"})  # type: ignore[dict-item]  # a user's mistake
