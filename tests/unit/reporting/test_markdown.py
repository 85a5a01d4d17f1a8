"""The job's summary: the verdict first, the numbers of the table, folded explanations, and no more than the place can hold."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from tailgate.analysis.wording import EMULATED
from tailgate.errors import RecordError
from tailgate.reporting.markdown import MOST_SUMMARY_BYTES, append_summary, page, pieces, written_summary
from tailgate.reporting.notes import EMULATED_NOTE
from tailgate.reporting.numbers import interval_of
from tailgate.reporting.run_file import Run
from tests.unit.reporting.synthetic import case_of, run_from, samples_of
from tests.unit.reporting.test_markdown_text import ALLOWED, NAMES, Page

PAIR = {
    "arm": 1,
    "labels": ["public", "privatelink"],
    "differences": {"p99": {"first_s": 0.02, "second_s": None, "difference_s": None, "low_s": None, "high_s": None, "p_value": 0.5}},
}
CHANGE = {
    "metric": "p99",
    "baseline": "main",
    "newest_s": 0.03,
    "repeat_s": None,
    "change": {"expected_s": 0.02, "bound_s": 0.021, "relative": 0.5, "outcome": "FAIL"},
}


def made(name: str = "ranker", *limits: str, target: str = EMULATED) -> Run:
    """A run of 2 000 requests, whose p99 is near 40 ms."""
    case = case_of(name, 100, 20, 2, *limits)
    return run_from(case, samples_of(case), target=target)


GOOD, SLOW = made(), made("slow", "p99 <= 20ms")


def test_the_verdict_stands_first_and_a_failure_is_explained_in_a_fold() -> None:
    """The worst outcome is the heading, then what it is made of; a run that passed needs no explanation."""
    text = page([GOOD, SLOW])
    assert text.startswith("## Tail latency: emulated FAIL\n\n2 cases: 1 emulated PASS, 1 emulated FAIL.\n\n")
    assert Page("summary", text).texts == [f"emulated FAIL: {SLOW.case['id']}"]
    assert Page("pre", text).texts == [f"\n{SLOW.verdict['explanation']}\n"]
    assert EMULATED_NOTE in Page("blockquote", text).texts[0]


def test_a_real_target_is_named_and_has_no_caveat() -> None:
    """What AWS answered is a statement about AWS."""
    text = page([made(target="sagemaker")])
    assert "emulated" not in text
    assert "Target sagemaker" in Page("blockquote", text).texts[0]


@pytest.mark.parametrize("metric", ["p50", "p99"])
def test_its_numbers_are_those_of_the_terminal(metric: str) -> None:
    """From the one place where values become text, to the last digit."""
    assert str(interval_of(GOOD, metric)) in Page("td", page([GOOD])).texts


def test_a_test_that_failed_without_a_run_is_told() -> None:
    """Where every run passed, or there is none, the failure of a test is the verdict."""
    text = "".join(pieces([GOOD], failures={"test_a.py::test_paired": "p99 worse than 2.0 ms: …"}))
    assert text.startswith("## Tail latency: 1 test failed\n\n1 case: 1 emulated PASS; 1 test failed.")
    assert Page("summary", text).texts == ["failed: test_a.py::test_paired"]
    assert "".join(pieces([], failures={"a": "no such endpoint"})).startswith("## Tail latency: 1 test failed\n\nNo run was made; 1 test")
    assert page([]).startswith("## Tail latency: no run was made\n")


def test_a_failure_that_its_run_explains_is_told_once() -> None:
    """A gate's assertion carries the same text."""
    quoted = str(SLOW.verdict["explanation"]).replace("\n", "\n  ")  # as pytest does
    text = "".join(pieces([SLOW], failures={"test_a.py::test_slow": f"{quoted}\nassert <FAIL>"}))
    assert len(Page("summary", text).texts) == 1


def test_differences_changes_cost_and_what_is_left_have_their_places() -> None:
    """Of pairs, baselines, platform; what was left behind stands above the tables."""
    run = replace(GOOD, pair=PAIR, verdict={**GOOD.verdict, "changes": [CHANGE]})
    text = "".join(pieces([run], said=["cost: at most 0.42 USD planned"], left=["endpoint x is still there"]))
    cells = Page("td", text).texts
    assert [cells[cells.index("privatelink minus public") + step] for step in (2, 3, 4)] == ["p99", "20.0 ms", "∞"]
    place = cells.index("main")
    assert cells[place + 1 : place + 6] == ["p99", "20.0 ms", "30.0 ms", "+50 %", "emulated FAIL"]
    assert text.index("endpoint x is still there") < text.index("| case |")
    assert "cost: at most 0.42 USD planned" in " ".join(Page("li", text).texts)


@settings(max_examples=40, deadline=None)
@given(name=NAMES, words=NAMES)
def test_any_name_is_shown_as_it_is(name: str, words: str) -> None:
    """Of a case, a limit, a test; no element comes of it."""
    run = replace(SLOW, case={**SLOW.case, "id": name}, verdict={**SLOW.verdict, "explanation": words})
    text = "".join(pieces([run], failures={name: "other"}))
    shown = Page("code", text)
    assert shown.texts[0] == name
    assert shown.tags <= ALLOWED | {"h2", "blockquote", "ul", "li", "br"}


def test_a_damaged_record_is_shown_with_what_is_left_of_it() -> None:
    """No traceback: dashes."""
    bare = Run({}, {}, ["x", {"metric": "p99"}], {}, "", {}, {}, {}, {}, pair={"arm": 1, "labels": 3}, platform={"cost": 1})
    assert "–" in Page("td", page([bare, replace(bare, verdict={"checks": [{}, 3], "changes": [{"change": 4}]})])).texts


def test_a_summary_is_added_to_what_the_job_has_said(tmp_path: Path) -> None:
    """Without the variable nothing is written; where the file cannot be, there is a sentence."""
    file = tmp_path / "summary"
    file.write_text("before")
    append_summary(["## a\n", "b\n"], {"GITHUB_STEP_SUMMARY": str(file)})
    append_summary(["nowhere"], {})
    assert file.read_text() == "before\n\n## a\nb\n"
    with pytest.raises(RecordError, match=r"cannot be written \(Is a directory\); the runs are recorded"):
        append_summary(["x"], {"GITHUB_STEP_SUMMARY": str(tmp_path)})


@pytest.mark.parametrize("begun", [0, 5, MOST_SUMMARY_BYTES - 10, MOST_SUMMARY_BYTES + 10])
def test_a_summary_that_is_too_long_is_cut_and_says_so(tmp_path: Path, begun: int) -> None:
    """GitHub shows none of a longer one; what the step wrote before counts."""
    file = tmp_path / "summary"
    file.write_bytes(b"x" * begun)
    append_summary(["first ä\n", *["ü" * 1000 + "\n"] * 2000], {"GITHUB_STEP_SUMMARY": str(file)})
    text = file.read_text()
    assert len(text.encode()) <= max(MOST_SUMMARY_BYTES, begun)
    assert ("**Cut here**" in text[-200:]) is (begun < 100)


def test_the_comment_is_a_file_of_its_own(tmp_path: Path) -> None:
    """At most what a comment can hold; where it cannot be written there is a sentence."""
    written_summary(["a" * 60_000, "b" * 60_000], tmp_path / "summary.md")
    assert (tmp_path / "summary.md").read_text().startswith("a" * 60_000 + "\n**Cut here**: 1 more")
    with pytest.raises(RecordError, match="the runs are recorded all the same"):
        written_summary(["a"], tmp_path / "none" / "summary.md")
