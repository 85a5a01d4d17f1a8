"""Comparisons of recorded runs: what decides, what is told, and that all forms tell the same."""

from __future__ import annotations

import contextlib
import copy
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.analysis.changes.before_after import Margins
from tailgate.analysis.outcome import Outcome
from tailgate.errors import TailgateError
from tailgate.reporting.compared.comparison import Comparison, compared
from tailgate.reporting.compared.fields import fields_of
from tailgate.reporting.compared.markdown import page
from tailgate.reporting.compared.matching import Matched, Sides, sides
from tailgate.reporting.compared.shown import shown_in
from tailgate.reporting.compared.terminal import text
from tailgate.reporting.run_file import Run, read_run
from tests.unit.reporting.synthetic import case_of, run_from, samples_of

EARLIER = Path(__file__).parent.parent / "earlier"
HOSTILE = "<script>alert(1)</script> | **x** `y` 😀 مرحبا @everyone"


def runs_of(
    name: str, number: int, slower: float = 1.0, *, day: int = 20, target: str = "process", failed: Sequence[int] = ()
) -> list[Run]:
    """So many runs of a day."""
    case, found = case_of(name, for_s=10), []
    for hour in range(number):
        samples = samples_of(case, 100 * day + hour, median_s=0.02 * slower, failed=failed)
        found.append(run_from(case, samples, target=target, started_at=f"2026-11-{day}T{hour:02}:00:00.000+00:00"))
    return found


@pytest.fixture(scope="module")
def slower() -> Comparison:
    """Six runs a side, of which one case got 40 % slower, one 30 % faster, and one did not change."""
    before = [*runs_of("worse", 6), *runs_of("better", 6), *runs_of("same", 6)]
    after = [*runs_of("same", 6, day=21), *runs_of("worse", 6, 1.4, day=21), *runs_of("better", 6, 0.7, day=21)]
    return compared(sides(before, after), Margins(least_effect=0.15))


def test_each_case_gets_its_outcome_and_the_worst_is_the_whole_ones(slower: Comparison) -> None:
    """Worse first, better only where all that decides is no worse."""
    found = {case.newest.case["name"]: (case.outcome, case.better) for case in slower.cases}
    assert found == {"worse": (Outcome.FAIL, False), "better": (Outcome.PASS, True), "same": (Outcome.PASS, False)}
    assert slower.outcome is Outcome.FAIL
    told = shown_in(slower)
    assert [case.word for case in told.cases] == ["worse", "no worse", "better"]
    assert told.sentence.startswith("worse in 1 of 3 cases: worse-ml.m5.large-public (p50 +")


def test_what_the_budget_limits_decides_beside_median_tail_and_errors(slower: Comparison) -> None:
    """The others are told, and marked."""
    case = slower.cases[0]
    assert [one.metric for one in case.metrics] == ["p50", "p90", "p99", "mean", "achieved_rate", "error_rate"]
    rows = shown_in(slower).cases[0].rows
    assert [row.metric for row in rows if row.decides] == ["p50", "p99", "error_rate"]
    asked = compared(Sides((Matched(case.before, case.after),), (), ()), metrics=["p90", "p95"]).cases[0]
    assert ([one.metric for one in asked.metrics], asked.deciding) == (["p90", "p95"], {"p90", "p95"})


def test_a_limited_percentile_that_older_runs_did_not_estimate_comes_from_their_histogram() -> None:
    """With an interval as wide as those beside it have."""
    before = runs_of("ranker", 1)[0]
    limited = case_of("ranker", 100, 10, 2, "p97 <= 120ms")
    after = run_from(limited, samples_of(limited, 5), target="process", started_at="2026-11-21T00:00:00.000+00:00")
    (case,) = compared(sides([before], [after])).cases
    found = next(one for one in case.metrics if one.metric == "p97")
    assert "p97" in case.deciding
    assert found.before == pytest.approx(0.02 * np.exp(0.3 * 1.881), rel=0.1)
    assert found.low is not None
    assert found.high is not None


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_gets_lines_that_fit_and_the_numbers_of_the_other_forms(slower: Comparison, width: int) -> None:
    """Before, after and change of every row stand in terminal and Markdown as they are; no line is longer than the terminal."""
    told = shown_in(slower)
    printed, marked = text(told, width=width, styled=False), page(told).replace("&#91;", "[").replace("&#93;", "]").replace("&#42;", "*")
    assert max(map(len, printed.splitlines())) <= width
    for row in (row for case in told.cases for row in case.rows):
        for cell in (row.before, row.after, row.change):
            assert cell in printed
            assert cell in marked


def test_its_json_holds_what_is_shown_and_reads_as_strict_json(slower: Comparison) -> None:
    """Outcomes, differences with their ends, the margins, and which runs were compared."""
    fields = json.loads(json.dumps(fields_of(slower), allow_nan=False))
    assert (fields["record"], fields["format"], fields["outcome"]) == ("tailgate-comparison", 1, "FAIL")
    assert fields["margins"] == {"least_effect": 0.15, "least_share": 0.005, "typical_spread": 0.03}
    case = next(one for one in fields["cases"] if one["case"] == "worse-ml.m5.large-public")
    assert [run["started_at"][:10] for run in (*case["before"], *case["after"])] == ["2026-11-20"] * 6 + ["2026-11-21"] * 6
    p50 = next(one for one in case["metrics"] if one["metric"] == "p50")
    assert p50["decides"] is True
    assert p50["low"] < p50["difference"] < p50["high"]
    assert p50["difference"] == pytest.approx(p50["after"] - p50["before"])


def test_runs_that_cannot_be_trusted_are_left_out_and_a_side_without_others_is_undecided() -> None:
    """What disturbed a run is no change of the endpoint."""
    good, bad = runs_of("ranker", 2)
    bad = replace(bad, verdict={**bad.verdict, "reasons": ["requests left late"]})
    after = runs_of("ranker", 1, day=21)
    (case,) = compared(sides([good, bad], after)).cases
    assert (case.before, case.left_out) == ((good,), ((bad,), ()))
    assert "1 run (1 more not trusted)" in shown_in(compared(sides([good, bad], after))).cases[0].lines[0]
    none = compared(sides([bad], after))
    assert none.outcome is Outcome.INCONCLUSIVE
    assert "no run before could be trusted: requests left late" in "".join(shown_in(none).cases[0].lines)


def test_more_failures_are_worse_even_where_the_times_are_the_same() -> None:
    """Three in a hundred, throughout the run."""
    comparison = compared(sides(runs_of("ranker", 3), runs_of("ranker", 3, day=21, failed=range(0, 1000, 33))))
    found = {one.metric: one.outcome for one in comparison.cases[0].metrics}
    assert (found["error_rate"], found["p99"]) == (Outcome.FAIL, Outcome.FAIL)
    assert shown_in(comparison).cases[0].rows[2].after == "∞"


def test_one_run_a_side_says_what_it_cannot_show() -> None:
    """And an emulation's outcome never passes for one of AWS."""
    comparison = compared(sides(runs_of("ranker", 1, target="emulated"), runs_of("ranker", 1, 1.5, day=21, target="emulated")))
    told = shown_in(comparison)
    assert told.sentence.startswith("emulated worse: ranker-ml.m5.large-public (p50 +5")
    assert any(note.startswith("one run a side shows no spread between runs: 3.0 % is taken for it") for note in told.notes)
    assert any("no statement about AWS" in note for note in told.notes)


def test_runs_of_every_earlier_version_are_compared() -> None:
    """What a record does not have is left out, and never guessed."""
    newer = [replace(one, provenance={**one.provenance, "started_at": "2026-11-25T00:00:00+00:00"}) for one in runs_of("ranker", 1)]
    for path in sorted(EARLIER.glob("*.json")):
        old = read_run(path)
        new = replace(newer[0], case=old.case, provenance={**old.provenance, "started_at": "2026-11-25T00:00:00+00:00"})
        (case,) = compared(sides([old], [new])).cases
        assert {"p50", "p90", "p99", "mean", "error_rate"} <= {one.metric for one in case.metrics}


def test_names_of_others_harm_no_form() -> None:
    """A hostile id stands there as it is, and means nothing to Markdown."""
    before, after = (replace(run, case={**run.case, "id": HOSTILE}) for day in (20, 21) for run in runs_of("ranker", 1, day=day))
    comparison = compared(sides([before], [after]))
    assert "<script>" not in page(shown_in(comparison))
    assert HOSTILE in text(shown_in(comparison), width=200, styled=False)
    assert fields_of(comparison)["cases"][0]["case"] == HOSTILE  # type: ignore[index,call-overload]  # plain JSON


def places(value: object, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where anything stands in plain JSON."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in pairs:
        yield (*place, key)
        yield from places(one, (*place, key))


RUN = runs_of("ranker", 1)[0].fields() | {"pair": {"arm": 1, "cases": ["a", "b"], "labels": ["a", "b"], "differences": {}}}
PLACES = [place for place in places(RUN) if place[0] not in {"record", "format"}]
ANYTHING = st.sampled_from([None, -1, 0, 1e308, 10**400, "x", "", [], {}, [None], [{}], True, math.inf, math.nan, -0.0])


@given(st.lists(st.tuples(st.sampled_from(PLACES), ANYTHING), min_size=1, max_size=3), st.booleans())
def test_whatever_a_record_holds_it_is_told_or_refused_in_a_sentence(damage: list[tuple[tuple[str | int, ...], object]], old: bool) -> None:
    """Never an exception that is not ours, in any of the forms; what is not a number is not known."""
    fields: Any = copy.deepcopy(RUN)
    for place, value in damage:
        inner = fields
        try:
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = value
        except (KeyError, IndexError, TypeError):  # damaged further up
            continue
    whole = Run.from_fields({**RUN, "provenance": {**RUN["provenance"], "started_at": "2026-11-25T00:00:00+00:00"}}, "whole")  # type: ignore[dict-item]  # a mapping
    with contextlib.suppress(TailgateError):
        damaged = Run.from_fields(fields, "damaged")
        comparison = compared(sides([damaged], [whole]) if old else sides([whole], [damaged]))
        told = shown_in(comparison)
        assert page(told)
        assert text(told, width=80, styled=True)
        assert json.dumps(fields_of(comparison), allow_nan=False)
