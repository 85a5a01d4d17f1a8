"""Lines of a trend: which run moved a metric, its commits, and what else changed just there."""

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tailgate.reporting.run_file import Run
from tailgate.reporting.trend.circumstances import changed
from tailgate.reporting.trend.lines import CaseTrend, Line, trends
from tailgate.reporting.trend.spark import spark
from tests.unit.reporting.trend.series import PLAIN, commit_of, found, noisy, run_of


def one(runs: list[Run], **options: int) -> CaseTrend:
    (case,) = trends(found(runs), metrics=["p99"], **options)
    return case


def line_of(runs: list[Run], **options: int) -> Line:
    return one(runs, **options).lines[0]


def stepped(after: int, since: int = 15, **then: object) -> list[Run]:
    """So many runs of one level, then so many a quarter slower, made where `then` says."""
    slow = [run_of(since + place, value, **then) for place, value in enumerate(noisy(2, after, 0.05))]
    return [*(run_of(place, value) for place, value in enumerate(noisy(1, since))), *slow]


def test_a_new_level_names_its_run_both_commits_and_what_changed_with_it() -> None:
    """The commit of the last run before it, and of the first in it; what differs in each run anyway is not told."""
    line = line_of(stepped(6, versions={"botocore": "1.44.5"}, region="eu-west-1"))
    (shift,) = line.shifts
    assert (shift.point, shift.level) == (15, True)
    assert (shift.commit_before, shift.commit) == (commit_of(14), commit_of(15))
    assert 0.2 < shift.relative < 0.3
    assert set(shift.also) == {"botocore 1.44.3 → 1.44.5", "region us-east-1 → eu-west-1"}
    assert line.files[shift.point] is not None
    assert str(line.files[shift.point]) == "15.json"


def test_what_changed_a_run_earlier_or_changes_each_time_did_not_change_there() -> None:
    """The endpoint of a session has a new name each time; a version that was new before is no coincidence."""
    runs = [replace(run, provenance={**run.provenance, "endpoint": {"name": f"e{place}"}}) for place, run in enumerate(stepped(6))]
    runs[14] = replace(runs[14], provenance={**runs[14].provenance, "versions": {"botocore": "1.44.5"}})
    runs[15:] = [replace(run, provenance={**run.provenance, "versions": {"botocore": "1.44.5"}}) for run in runs[15:]]
    assert line_of(runs).shifts[0].also == ()


def test_runs_that_do_not_know_a_fact_do_not_tell_that_it_changed() -> None:
    """As runs of an earlier version."""
    old, new = run_of(1, 0.04), run_of(2, 0.04, plan="plan.toml")
    assert changed([old], [new]) == ()
    assert changed([], [new]) == ()


def test_the_second_slow_run_in_a_row_moves_it_and_the_first_does_not() -> None:
    """Until a level takes shape, the runs above the band are told as such; with the third run it is a level, later no news."""
    told = [line_of(stepped(after)) for after in range(1, 8)]
    assert [line.told.moved for line in told] == [False, True, True, False, False, False, False]
    assert [[shift.level for shift in line.shifts] for line in told] == [[False], [False], [True], [True], [True], [True], [True]]
    assert told[0].state == "slower"
    assert told[6].state == "as usual"
    assert {line.shifts[0].point for line in told} == {15}


def test_a_slow_run_whose_repeat_was_as_usual_moved_nothing() -> None:
    """The repeat is the newest run."""
    runs = [run_of(place, value) for place, value in enumerate(noisy(1, 12))]
    first = run_of(12, 0.06, session="s", test="t", repeat="0")
    again = run_of(13, 0.04, session="s", test="t", repeat="1")
    assert not one([*runs, first, again]).moved
    assert one([*runs, first, run_of(13, 0.06, session="s", test="t", repeat="1")]).moved


def test_failures_that_reach_into_the_metric_are_slower_than_anything() -> None:
    """Twice, they moved it; a faster run is told and moves nothing."""
    runs = [run_of(place, value) for place, value in enumerate(noisy(1, 12))]
    lost = line_of([*runs, run_of(12, None), run_of(13, None)])
    assert lost.told.moved
    assert lost.shifts[-1].after_s == math.inf
    fast = line_of([*runs, run_of(12, 0.02), run_of(13, 0.02)])
    assert fast.state == "faster"
    assert not fast.told.moved


def test_an_untrusted_newest_run_moves_nothing() -> None:
    """However slow: it says nothing."""
    runs = stepped(2)
    runs[-1] = replace(runs[-1], verdict={**PLAIN.verdict, "checks": [], "reasons": ["send lag"]})
    line = line_of(runs)
    assert (line.state, line.told.moved) == ("not trusted", False)


def test_unlike_runs_are_never_in_one_line() -> None:
    """Case, kind of target and vantage each make a line of their own, one run or more."""
    runs = [run_of(0, 0.04), run_of(1, 0.04, "embedder"), run_of(2, 0.04, target="sagemaker"), run_of(3, 0.04, vantage="elsewhere")]
    cases = trends(found([*runs, run_of(4, 0.04)]))
    assert [len(case.lines[0].told.points) for case in cases] == [2, 1, 1, 1]
    assert [case.alone for case in cases] == [False, True, True, True]


def test_the_newest_runs_are_shown_with_the_history_of_older_ones() -> None:
    """Of thirty the newest ten; the first of them has a band already."""
    line = line_of([run_of(place, value) for place, value in enumerate(noisy(1, 30))], most=10)
    assert len(line.told.points) == 10
    assert line.told.points[0].bound_s is not None


@given(st.lists(st.one_of(st.none(), st.floats(1e-6, 1e6)), min_size=1, max_size=30), st.integers(2, 60))
def test_a_spark_line_keeps_to_its_columns_and_shows_the_newest_runs(times_s: list[float | None], columns: int) -> None:
    """One sign a run, one a new level, `…` where not all fit; failures are no block."""
    line = line_of([run_of(place, value) for place, value in enumerate(times_s)])
    drawn = list(spark(line, columns))
    assert len(drawn) <= columns
    points = [point for _, point in drawn if point is not None]
    assert points == list(line.told.points[-len(points) :]) if points else columns < 3
    assert all((sign == "×") == (point.value.value == math.inf) for sign, point in drawn if point is not None)
    assert (drawn[0][0] == "…") == (len(line.told.points) + len(line.told.changes) > columns)


def test_the_lowest_and_the_highest_run_are_the_ends_of_a_spark_line() -> None:
    """And equal runs are in the middle."""
    assert "".join(sign for sign, _ in spark(line_of([run_of(place, value) for place, value in enumerate([1, 2, 3, 8])]), 9)) == "▁▂▃█"
    assert "".join(sign for sign, _ in spark(line_of([run_of(place, 1) for place in range(3)]), 9)) == "▄▄▄"
