"""What is drawn across runs: what is put side by side, what is kept apart, and who is on the front."""

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate import Case, ConstantRate
from tailgate.reporting.figures import cost_against_p99, instance_types, path_differences, rate_against_p99
from tailgate.reporting.run_file import Run
from tests.unit.reporting.synthetic import case_of, run_from, samples_of

CASE = case_of()
PLAIN = run_from(CASE, samples_of(CASE))


def of(case: Case, p99_s: float = 0.04, per_s: float = 100.0, **provenance: str) -> Run:
    """A run of a case whose p99 and achieved rate are as told."""
    told = {"p99": p99_s, "achieved_rate": per_s}
    estimates: list[Any] = [
        {**one, "value": told.get(str(one["metric"]), one["value"])} for one in PLAIN.estimates if isinstance(one, dict)
    ]
    return replace(PLAIN, case=run_fields(case), estimates=estimates, provenance={**PLAIN.provenance, **provenance})


def run_fields(case: Case) -> dict[str, Any]:
    """A case as a run records it."""
    fields: dict[str, Any] = dict(case.fields())
    return fields


def test_instance_types_stand_side_by_side_in_their_families_the_smallest_first() -> None:
    """As the two charts that this began with: by family, by size, each with its place among the runs and its estimates."""
    types = ["ml.m5.24xlarge", "ml.t2.large", "ml.m5.large", "ml.m5.2xlarge", "ml.t2.medium"]
    runs = [of(CASE.on(kind), p99_s=0.01 * (number + 1)) for number, kind in enumerate(types)]
    (drawn,) = instance_types(runs)
    named = {family.family: [bar.instance_type for bar in family.bars] for family in drawn.families}
    assert named == {"ml.m5": ["ml.m5.large", "ml.m5.2xlarge", "ml.m5.24xlarge"], "ml.t2": ["ml.t2.medium", "ml.t2.large"]}
    for bar in (bar for family in drawn.families for bar in family.bars):
        assert bar.instance_type == types[bar.run]
        assert bar.p99 is not None
        assert bar.p99.value == pytest.approx(0.01 * (bar.run + 1))
        assert bar.mean is not None
    assert (drawn.question.name, drawn.question.per_s, drawn.question.instance_type) == ("ranker", 100, None)


@pytest.mark.parametrize(
    "other",
    [
        of(CASE.on("ml.m5.xlarge").via("privatelink")),
        of(CASE.on("ml.m5.xlarge").under(ConstantRate(50, 60, 2))),
        of(CASE.on("ml.m5.xlarge").at("another")),
        of(CASE.on("ml.m5.xlarge"), target="sagemaker"),
        of(CASE.on("ml.m5.xlarge"), vantage="elsewhere"),
    ],
    ids=["path", "load", "endpoint", "target kind", "vantage"],
)
def test_what_differs_in_more_than_the_type_is_not_put_side_by_side(other: Run) -> None:
    """Target kinds least of all: an emulated bar beside one of AWS would be read as a comparison."""
    assert instance_types([of(CASE), other]) == ()


def test_of_a_case_measured_twice_the_newest_run_is_drawn() -> None:
    """Whichever comes first among the runs."""
    runs = [of(CASE, 0.03, started_at="2026-11-23"), of(CASE, 0.09, started_at="2026-11-22"), of(CASE.on("ml.m5.xlarge"))]
    (drawn,) = instance_types(runs)
    assert [bar.run for bar in drawn.families[0].bars] == [0, 2]


def test_paths_are_told_by_the_difference_that_the_run_recorded() -> None:
    """Of the second arm's record, with its interval; other arms than paths are told apart; first arms tell nothing."""
    difference = {"first_s": 0.02, "second_s": None, "difference_s": None, "low_s": -0.001, "high_s": None, "p_value": 0.4}
    pair: dict[str, Any] = {"arm": 1, "labels": ["public", "privatelink"], "differences": {"p99": difference}}
    variants = {**pair, "labels": ["blue", "green"]}
    runs = [PLAIN, replace(PLAIN, pair={**pair, "arm": 0}), replace(PLAIN, pair=pair), replace(PLAIN, pair=variants)]
    drawn = path_differences(runs)
    assert [(one.first, one.second, one.run, one.paths) for one in drawn] == [
        ("public", "privatelink", 2, True),
        ("blue", "green", 3, False),
    ]
    assert dataclasses.asdict(drawn[0].differences[0]) == {"metric": "p99", **difference}


def test_of_two_arms_measured_again_the_newest_run_is_told() -> None:
    """A comparison that nobody could tell from its earlier try would be read as two findings."""
    difference = {"first_s": 0.02, "second_s": 0.03, "difference_s": 0.01, "low_s": 0.009, "high_s": 0.011, "p_value": 0.01}
    pair: dict[str, Any] = {"arm": 1, "labels": ["public", "privatelink"], "differences": {"p99": difference}}
    again = replace(PLAIN, pair=pair, provenance={**PLAIN.provenance, "started_at": "2026-11-25T09:36:12.000+00:00"})
    assert [one.run for one in path_differences([again, replace(PLAIN, pair=pair)])] == [0]
    assert [one.run for one in path_differences([replace(PLAIN, pair=pair), again])] == [1]


def test_a_line_of_rates_holds_one_question_the_slowest_rate_first() -> None:
    """Another instance type is another line; the offered rate is the case's, the achieved one the run's."""
    rates = [200.0, 50.0, 100.0]
    runs = [of(CASE.under(ConstantRate(per_s, 60, 2)), p99_s=per_s / 1e4, per_s=per_s) for per_s in rates]
    lines = rate_against_p99([*runs, of(CASE.on("ml.m5.xlarge"))])
    assert [[point.offered_per_s for point in line.points] for line in lines] == [[50, 100, 200], [100]]
    assert [(point.run, point.p99.value) for point in lines[0].points] == [(1, 0.005), (2, 0.01), (0, 0.02)]
    assert lines[0].points[0].achieved is not None
    assert lines[0].points[0].achieved.value == 50


def test_cost_is_what_the_instances_come_to_at_the_achieved_rate() -> None:
    """USD an hour and instance, times instances, by requests an hour: for the bundled price, a stated one, a paid one."""
    stated = replace(CASE.on("ml.m5.xlarge"), prices={"ml.m5.xlarge": 0.36})
    twice = replace(CASE, spec=replace(CASE.spec, instance_count=2))
    paid = replace(of(CASE.on("ml.m5.2xlarge")), platform={"cost": {"usd": 1.0, "usd_per_hour": 0.72, "price": "Price List API"}})
    (plane,) = cost_against_p99([of(CASE), of(stated), of(twice), paid])
    found = {point.run: (point.cost.value, point.origin.partition(",")[0]) for point in plane.points}
    assert found[0] == (pytest.approx(0.115 / 360), "indicative")
    assert found[1] == (pytest.approx(0.36 / 360), "as stated")
    assert found[2] == (pytest.approx(0.23 / 360), "indicative")
    assert found[3] == (pytest.approx(0.72 / 360), "Price List API")
    assert [point.run for point in plane.points] == [0, 2, 1, 3]


def test_where_no_price_of_a_region_is_known_the_cost_is_a_bound_and_says_so() -> None:
    """The dearest bundled price and half as much; a stated price is none, wherever it is."""
    stated = replace(CASE.on("ml.m5.xlarge"), prices={"ml.m5.xlarge": 0.36})
    (plane,) = cost_against_p99([of(CASE, region="ap-northeast-1"), of(stated, region="ap-northeast-1")])
    assert [(point.cost.value, point.at_most) for point in plane.points] == [
        (pytest.approx(1.5 * 0.115 / 360), True),
        (pytest.approx(0.36 / 360), False),
    ]
    assert "no price of ap-northeast-1 is known" in plane.points[0].origin


def test_a_run_whose_price_nobody_says_is_named_and_not_priced() -> None:
    """Of a type that is in no list no price is made up."""
    unknown = of(CASE)
    unknown = replace(unknown, case={**unknown.case, "instance_type": "ml.z9.metal"})
    (plane,) = cost_against_p99([of(CASE), unknown])
    assert [point.run for point in plane.points] == [0]
    assert plane.unpriced == (1,)


def test_arms_of_one_run_are_on_no_line_of_rates_and_have_no_cost() -> None:
    """What either achieved is about half of what their endpoint was asked."""
    arm = replace(of(CASE), pair={"arm": 0})
    assert rate_against_p99([arm]) == ()
    assert cost_against_p99([arm]) == ()


TYPES = ["ml.m5.large", "ml.m5.xlarge", "ml.m5.2xlarge", "ml.m5.4xlarge", "ml.c5.large", "ml.c5.xlarge"]
ends = st.tuples(st.sampled_from([0.1, 0.2, 0.3, 0.4]), st.sampled_from([0.01, 0.02, 0.03, 0.04, None]))


@given(st.lists(ends, min_size=1, max_size=len(TYPES)))
def test_on_the_front_are_those_that_no_other_beats(points: Sequence[tuple[float, float | None]]) -> None:
    """Nobody on it is beaten by anybody, and everybody beside it is beaten by someone on it, or never had a p99."""
    runs = []
    for (usd, p99_s), kind in zip(points, TYPES, strict=False):
        run = of(replace(CASE.on(kind), prices={kind: usd}))
        runs.append(replace(run, estimates=[{**one, "value": p99_s} if one["metric"] == "p99" else one for one in run.estimates]))
    (plane,) = cost_against_p99(runs)
    assert len(plane.points) == len(points)
    values = {point.run: (point.cost.value, point.p99.value) for point in plane.points}
    front = {point.run for point in plane.points if point.front}

    def beats(one: int, other: int) -> bool:
        return values[one] != values[other] and all(ours <= theirs for ours, theirs in zip(values[one], values[other], strict=True))

    assert not any(beats(one, other) for one, other in itertools.product(values, front))
    beside = [run for run in values if run not in front]
    assert all(values[run][1] == float("inf") or any(beats(one, run) for one in front) for run in beside)
