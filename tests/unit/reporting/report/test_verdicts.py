"""The sentence that a page begins with, and which run of a case counts."""

from dataclasses import replace

import pytest

from tailgate.reporting.report import page
from tailgate.reporting.report.verdicts import newest, verdict
from tailgate.reporting.run_file import Run
from tests.unit.reporting.report.paged import Document, a_run


def coming_to(outcome: str, name: str, target: str = "emulated") -> Run:
    """A run that came to an outcome, whatever its limits say."""
    run = a_run(name, target=target)
    return replace(run, case={**run.case, "id": name}, verdict={**run.verdict, "outcome": outcome})


def sentence(*runs: Run) -> str:
    """What is said of them."""
    return verdict(newest(runs))[1]


def test_the_verdict_is_said_first_in_a_sentence() -> None:
    """The worst outcome, with the names of the cases that have it, then how many came off better."""
    slow, fast = a_run("slow", 0.2), a_run("fast")
    said = f"emulated FAIL: 1 of 2 cases is over budget: {slow.case['id']}; 1 holds its budget."
    assert said in Document(page([fast, slow])).texts
    assert sentence(coming_to("FAIL", "fast")) == "emulated FAIL: one case is slower than its baseline: fast."
    assert sentence(coming_to("PASS", "fast")) == "emulated PASS: fast holds its budget."


def test_what_came_off_better_is_counted_too() -> None:
    """Nobody takes one undecided case for all that there is."""
    runs = [coming_to("PASS", "a"), coming_to("INCONCLUSIVE", "b"), coming_to("PASS", "c"), coming_to("FAIL", "d")]
    assert sentence(*runs).endswith("1 of 4 cases is slower than its baseline: d; 1 is undecided, 2 hold their budgets.")
    assert sentence(*runs[:3]) == "emulated INCONCLUSIVE: 1 of 3 cases is undecided: b; 2 hold their budgets."


def test_of_many_cases_three_are_named() -> None:
    """And the others counted."""
    runs = [coming_to("INCONCLUSIVE", name) for name in "abcde"]
    assert sentence(*runs) == "emulated INCONCLUSIVE: all 5 cases are undecided: a, b, c and 2 more."


def test_an_emulated_outcome_is_never_told_as_one_of_aws() -> None:
    """Where kinds of targets are mixed, the word is that of the runs which have the outcome; those that were emulated are marked."""
    real, made_up = coming_to("PASS", "real", "sagemaker"), coming_to("PASS", "made-up")
    assert sentence(real, made_up) == "PASS: all 2 cases hold their budgets, 1 of them emulated."
    failed = [coming_to("FAIL", "made-up"), coming_to("FAIL", "real", "sagemaker")]
    assert sentence(real, failed[0]) == "emulated FAIL: 1 of 2 cases is slower than its baseline: made-up; 1 holds its budget."
    assert sentence(*failed) == "FAIL: all 2 cases are slower than their baselines: made-up (emulated), real."


def test_the_newest_run_of_a_case_counts_and_the_worst_stand_first() -> None:
    """Of equal ones the order stays; what is no outcome proves nothing."""
    runs = [coming_to(outcome, name) for outcome, name in (("PASS", "a"), ("FAIL", "b"), ("odd", "c"), ("PASS", "d"), ("FAIL", "e"))]
    assert [run.case["id"] for run in newest(runs)] == ["b", "e", "c", "a", "d"]
    first, again = a_run(median_s=0.2), a_run(started_at="2026-11-22T09:40:00.000+00:00")
    assert newest([again, first]) == [again]
    text = page([first, again])
    assert f"emulated PASS: {again.case['id']} holds its budget." in Document(text).texts
    assert text.count("earlier run of the case, 2026-11-22 09:36 UTC") == 1


@pytest.mark.parametrize("runs", [[], [a_run("odd", 0.2)]])
def test_there_is_always_a_sentence(runs: list[Run]) -> None:
    """Of no run, too."""
    assert sentence(*runs).endswith(".")
