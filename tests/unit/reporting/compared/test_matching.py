"""Matching: comparable runs are found, unlike ones refused with what they differ in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tailgate import Budget, Case, ConstantRate, EndpointSpec
from tailgate.errors import RecordError
from tailgate.reporting.compared.matching import sides
from tailgate.reporting.run_file import Run
from tests.unit.reporting.synthetic import case_of, run_from, samples_of


def run_of(name: str = "ranker", hour: int = 0, *, target: str = "process", session: str = "one", case: Case | None = None) -> Run:
    """A run that began at such an hour."""
    asked = case or case_of(name, for_s=3)
    run = run_from(asked, samples_of(asked), target=target, started_at=f"2026-11-22T{hour:02}:00:00.000+00:00")
    return replace(run, provenance={**run.provenance, "session": session})


def names(runs: Sequence[Run]) -> list[str]:
    return [str(run.provenance["started_at"])[11:13] for run in runs]


def test_runs_of_a_case_are_matched_in_the_order_of_time() -> None:
    """Whatever the order of the files; what one side alone has is named."""
    before = [run_of(hour=2), run_of(hour=1), run_of("gone", 1)]
    after = [run_of("fresh", 4), run_of(hour=5), run_of(hour=3)]
    found = sides(before, after)
    (one,) = found.matched
    assert (names(one.before), names(one.after)) == (["01", "02"], ["03", "05"])
    assert (found.only_before, found.only_after) == (("gone-ml.m5.large-public",), ("fresh-ml.m5.large-public",))


def test_a_run_on_both_sides_is_of_the_later_one() -> None:
    """A history may hold the session that is compared with it; a run in two files is one run."""
    old, new = run_of(hour=1), run_of(hour=2)
    (one,) = sides([old, new, old], [new, new]).matched
    assert (names(one.before), names(one.after)) == (["01"], ["02"])
    with pytest.raises(RecordError, match="all runs before are runs after"):
        sides([new], [new])


@pytest.mark.parametrize("kinds", [("emulated", "sagemaker"), ("process", "emulated")])
def test_kinds_of_target_are_never_compared(kinds: tuple[str, str]) -> None:
    """Not even where a case is named."""
    before, after = ([run_of(target=kind)] for kind in kinds)
    for cases in ((), ("ranker-ml.m5.large-public",)):
        with pytest.raises(RecordError, match=f"target was {kinds[0]}, is {kinds[1]}"):
            sides(before, after, cases)


def test_what_is_after_and_not_compared_is_named_though_its_case_is() -> None:
    """Another kind of target, or another load, beside one that is compared: nobody takes it for compared."""
    faster = case_of("ranker", 200, 3)
    after = [run_of(hour=2), run_of(hour=2, target="sagemaker"), run_of(hour=3, case=faster)]
    found = sides([run_of(hour=1)], after)
    assert found.only_after == (
        "ranker-ml.m5.large-public: load per_s was 100, is 200",
        "ranker-ml.m5.large-public: target was process, is sagemaker",
    )


def test_a_case_that_was_asked_otherwise_is_refused_unless_others_are_picked() -> None:
    """The refusal says in what, and which case may be picked."""
    before = [run_of(hour=1), run_of("embedder", 1)]
    faster = case_of("embedder", 200, 3)
    after = [run_of(hour=2), run_of(hour=2, case=faster)]
    with pytest.raises(RecordError, match=r"embedder-ml.m5.large-public: load per_s was 100, is 200; pick .* --case, such as ranker-"):
        sides(before, after)
    (one,) = sides(before, after, ["ranker-ml.m5.large-public"]).matched
    assert one.after[0].case["name"] == "ranker"


def test_where_nothing_is_common_the_nearest_run_tells_why() -> None:
    """Another instance type is another case; of all runs before, the one with the fewest differences is told."""
    larger = Case(
        EndpointSpec("ranker", instance_type="ml.m5.xlarge"), payload=b"[]", load=ConstantRate(100, 3, 2), budget=Budget.of("p99 <= 120ms")
    )
    with pytest.raises(RecordError, match=r"beside ranker-ml.m5.large-public before: instance_type was ml.m5.large, is ml.m5.xlarge"):
        sides([run_of("embedder"), run_of()], [run_of(case=larger, hour=3)])


def test_a_case_whose_load_changed_amid_a_history_is_compared_with_the_runs_like_it() -> None:
    """Those of the old load are no reason to refuse."""
    faster = case_of("ranker", 200, 3)
    (one,) = sides([run_of(hour=1, case=faster), run_of(hour=2)], [run_of(hour=3)]).matched
    assert names(one.before) == ["02"]


def test_an_arm_is_compared_with_the_same_arm_only() -> None:
    """What was measured beside another endpoint met that one's load."""
    pair = {"arm": 1, "cases": ["blue", "ranker-ml.m5.large-public"]}
    before, arm = run_of(hour=1), replace(run_of(hour=2), pair=pair)
    with pytest.raises(RecordError, match="it was alone, is an arm beside blue"):
        sides([before], [arm])
    (one,) = sides([before, replace(run_of(hour=1), pair=pair)], [arm]).matched
    assert one.before[0].pair == pair


def test_a_measurement_that_was_repeated_counts_once() -> None:
    """The last run, which is the one that counted in its session."""
    first, again = run_of(hour=2), run_of(hour=3)
    again = replace(again, provenance={**again.provenance, "repeat": 1})
    (one,) = sides([run_of(hour=1)], [first, again]).matched
    assert names(one.after) == ["03"]


def test_at_most_the_newest_twenty_count() -> None:
    """What is older says little of today."""
    (one,) = sides([run_of(hour=hour) for hour in range(22)], [run_of(hour=23)]).matched
    assert names(one.before) == [f"{hour:02}" for hour in range(2, 22)]


def test_a_case_that_is_nowhere_is_named_with_the_nearest() -> None:
    """A slip of the finger is no empty comparison."""
    with pytest.raises(RecordError, match=r"--case rankr-ml.m5.large-public: there is no run of it; did you mean"):
        sides([run_of(hour=1)], [run_of(hour=2)], ["rankr-ml.m5.large-public"])
    with pytest.raises(RecordError, match=r"the runs after hold none of gone-ml.m5.large-public"):
        sides([run_of(hour=1), run_of("gone")], [run_of(hour=2)], ["gone-ml.m5.large-public"])
