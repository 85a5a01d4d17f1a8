"""What the page says across runs: one figure for what is compared, the limit that all have, costs that are bounds, the run that counts."""

from dataclasses import replace
from typing import Any

import pytest

from tailgate import Case, ConstantRate
from tailgate.reporting.plain import Plain
from tailgate.reporting.report.across import figures_across
from tailgate.reporting.report.parts import Figure
from tailgate.reporting.run_file import Run
from tests.unit.reporting.report.paged import a_run
from tests.unit.reporting.synthetic import case_of

CASE = case_of()


def of(case: Case, p99: tuple[float, float | None, float | None], **provenance: str) -> Run:
    """A run of a case whose p99 is as told: value, low, high."""
    run, fields = a_run(), dict(case.fields())
    rate = case.load.per_s if isinstance(case.load, ConstantRate) else 100.0
    told: dict[str, dict[str, Plain]] = {"p99": dict(zip(("value", "low", "high"), p99, strict=True)), "achieved_rate": {"value": rate}}
    estimates: list[Plain] = [{**one, **told.get(str(one["metric"]), {})} for one in run.estimates if isinstance(one, dict)]
    return replace(run, case={**run.case, **fields}, estimates=estimates, provenance={**run.provenance, **provenance})  # type: ignore[arg-type]  # plain


def drawn(kind: str, *runs: Run) -> list[Figure]:
    """The figures of a kind."""
    return [figure for figure in figures_across(runs) if figure.kind == kind]


def series(figure: Figure) -> dict[str, Any]:
    """What it is drawn of."""
    assert isinstance(figure.series, dict)
    return figure.series


def at(rate: float, kind: str = "ml.m5.large") -> Case:
    """The case at a rate, on an instance type."""
    return CASE.on(kind).under(ConstantRate(rate, 60, 2))


def test_the_lowest_p99_is_named_with_those_it_cannot_be_told_from() -> None:
    """Overlapping intervals are said, so that nobody takes the first of equals for the best."""
    kinds = {"ml.m5.large": (0.03, 0.028, 0.033), "ml.m5.xlarge": (0.032, 0.03, None), "ml.m5.2xlarge": (0.05, 0.045, 0.06)}
    (figure,) = drawn("types", *(of(CASE.on(kind), p99) for kind, p99 in kinds.items()))
    assert "The lowest p99 is that of ml.m5.large, 30.0 ms; of the other 2 intervals 1 overlap its own." in figure.says
    (two,) = drawn("types", of(CASE.on("ml.m5.large"), (0.03, 0.028, 0.033)), of(CASE.on("ml.m5.xlarge"), (0.05, 0.04, 0.06)))
    assert two.says.endswith("The lowest p99 is that of ml.m5.large, 30.0 ms.")
    (one_side,) = drawn("types", of(CASE.on("ml.m5.large"), (0.03, None, None)), of(CASE.on("ml.m5.xlarge"), (0.05, 0.04, 0.06)))
    assert one_side.says.endswith("the other interval overlaps its own.")


def test_types_at_several_rates_are_lines_of_one_figure() -> None:
    """With all their points in its table."""
    runs = [of(at(rate, kind), (0.03 + rate / 1e4, None, None)) for kind in ("ml.m5.large", "ml.m5.xlarge") for rate in (100, 200, 400)]
    (figure,) = drawn("rate", *runs)
    assert [line["label"] for line in series(figure)["lines"]] == ["ml.m5.large", "ml.m5.xlarge"]
    assert figure.says == "How p99 grows with the rate, at 3 rates on 2 instance types, with 95 % intervals."
    assert len(figure.table.rows) == 6


def test_one_rate_is_no_line() -> None:
    """Loads that differ in their seed or length alone tell nothing of the rate."""
    assert not drawn("rate", of(at(100), (0.03, None, None)), of(CASE.under(ConstantRate(100, 90, 2)), (0.03, None, None)))


@pytest.mark.parametrize(("region", "marked"), [("ap-northeast-1", True), ("us-east-1", False)])
def test_a_cost_that_is_a_bound_says_so(region: str, marked: bool) -> None:
    """Where no price of the region is known, in the table and beside the plot; else nowhere."""
    runs = [of(CASE.on(kind), (p99_s, None, None), region=region) for kind, p99_s in (("ml.m5.large", 0.05), ("ml.m5.xlarge", 0.03))]
    (figure,) = drawn("cost", *runs)
    assert all(cell.startswith("≤ ") == marked for _, cell, *_ in figure.table.rows)
    assert bool(figure.notes) == marked
    assert [point["at_most"] for point in series(figure)["points"]] == [marked] * 2
    assert figure.table.numeric[1]


def test_points_of_several_rates_are_told_apart_by_them() -> None:
    """The same instance costs less a request when it is asked more."""
    (figure,) = drawn("cost", of(at(100), (0.03, None, None)), of(at(400), (0.05, None, None)))
    assert [point["label"] for point in series(figure)["points"]] == ["ml.m5.large at 400/s", "ml.m5.large at 100/s"]


def test_the_limit_that_all_have_is_drawn_and_no_other() -> None:
    """A line for some would be taken for a line for all."""
    first, second = of(CASE.on("ml.m5.large"), (0.03, None, None)), of(CASE.on("ml.m5.xlarge"), (0.03, None, None))
    assert series(drawn("types", first, second)[0])["limit"] == {"source": "p99 <= 120ms", "bound_s": 0.12}
    assert series(drawn("types", first, replace(second, verdict={"outcome": "PASS"}))[0])["limit"] is None


def test_of_a_pair_that_was_measured_again_the_run_that_counts_is_drawn() -> None:
    """Under its endpoint's name and type."""
    times = {"first_s": 0.02, "second_s": 0.021, "difference_s": 0.001, "low_s": 0.0, "high_s": 0.002, "p_value": 0.5}
    pair: dict[str, Plain] = {"arm": 1, "cases": ["a", "b"], "labels": ["public", "privatelink"], "differences": {"p99": {**times}}}
    runs = [replace(a_run(started_at=f"2026-11-22T09:3{minute}:00.000+00:00"), pair=pair) for minute in range(3)]
    (figure,) = drawn("paths", *runs)
    assert figure.title == "Network paths: privatelink minus public, ranker on ml.m5.large"
