"""The table at the end of a session, and the line per run."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailgate.reporting.notes import EMULATED_NOTE, KIND_NOTES
from tailgate.reporting.paths import path_differences
from tailgate.reporting.run_file import Run
from tailgate.reporting.terminal import run_line, summary
from tests.unit.reporting.synthetic import case_of, run_from, samples_of, written


def named(run: Run, name: str) -> Run:
    """The same run of a case with another name."""
    return replace(run, case={**run.case, "id": name})


def test_a_run_is_a_line_with_its_percentiles_and_its_outcome(run: Run) -> None:
    """The outcome of an emulated run says that it is one."""
    line = run_line(run)
    assert line.startswith("ranker-ml.m5.large-public  p50 19.")
    assert line.endswith("2 000 requests  emulated PASS")


def test_a_real_outcome_is_printed_without_a_prefix() -> None:
    """Only emulated outcomes carry the word."""
    case = case_of()
    text = summary([run_from(case, samples_of(case), target="sagemaker")], width=160, styled=False)
    assert "emulated" not in text
    assert " PASS" in text


@pytest.mark.parametrize("kind", ["emulated", "null", "process", "url", "sagemaker"])
def test_what_is_not_the_platform_is_said_below_the_table(kind: str) -> None:
    """Each kind of target that stands for another has its sentence, and no other's."""
    case = case_of()
    text = summary([run_from(case, samples_of(case), target=kind)], width=200, styled=False)
    assert [note for note in KIND_NOTES.values() if note in text] == ([KIND_NOTES[kind]] if kind in KIND_NOTES else [])


@pytest.mark.parametrize("width", [80, 100, 116, 130, 160, 200])
def test_the_table_fits_the_terminal_and_keeps_case_p99_and_verdict(run: Run, width: int) -> None:
    """Narrow terminals lose columns, never the verdict."""
    text = summary([run], width=width, styled=False)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "emulated PASS" in text
    assert "p99 ms" in text
    assert "2 000" in text
    assert " ".join(EMULATED_NOTE.split()) in " ".join(text.split())


def test_what_was_never_answered_has_no_number(tmp_path: Path) -> None:
    """Where failures reach into a percentile there is no made-up time, and no bound; the errors are counted."""
    case = case_of()
    samples = samples_of(case, failed=range(2000))
    text = summary([written(run_from(case, samples), samples, tmp_path)], width=160, styled=False)
    assert "∞ [–, –]" in text
    assert "2 000" in text
    assert "emulated FAIL" in text


@settings(max_examples=30)
@given(name=st.text(min_size=1, max_size=300), width=st.integers(80, 200))
def test_any_name_is_shown_without_being_taken_for_markup(name: str, width: int) -> None:
    """Names are text: brackets, emoji, right-to-left and control characters neither vanish into styles nor raise."""
    case = case_of()
    base = run_from(case, samples_of(case))
    assert "emulated PASS" in summary([named(base, name)], width=width, styled=False)
    if name.isascii() and name.isprintable() and " " not in name and len(name) < 20:
        assert name in summary([named(base, name)], width=200, styled=False)


def test_two_runs_that_differ_in_the_path_only_are_compared(tmp_path: Path) -> None:
    """PrivateLink minus public with intervals; a run on another type is no partner."""
    case = case_of()
    runs = []
    for number, (one, median_s) in enumerate(
        [(case, 0.022), (case.via("privatelink"), 0.020), (case.on("ml.m5.xlarge").via("privatelink"), 0.5)]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        samples = samples_of(one, number, median_s=median_s)
        runs.append(written(run_from(one, samples), samples, folder))
    (line,) = path_differences(runs)
    assert line.startswith("privatelink minus public on ml.m5.large between runs: min")
    assert "p50 -2." in line or "p50 -1." in line


def test_a_run_whose_samples_are_gone_is_not_compared(run: Run) -> None:
    """Retention may have removed them; the table is shown all the same."""
    other = replace(run, case={**run.case, "network_path": "privatelink", "id": "other"}, samples="gone.samples")
    assert path_differences([run, other]) == []
    assert "other" in summary([run, other], width=160, styled=False)


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        (("PASS", "PASS"), "  (against main: p50 +1 %, p99 +20 %)"),
        (("PASS", "FAIL"), "  (against main: p50 +1 %, p99 +20 %, slower)"),
        (("INCONCLUSIVE", "PASS"), "  (against main: p50 +1 %, p99 +20 %, undecided)"),
    ],
)
def test_a_line_says_what_the_baseline_says(run: Run, outcomes: tuple[str, str], said: str) -> None:
    """By how much each of its times changed; a run that was held against nothing says nothing."""
    assert "against" not in run_line(run)
    told = zip(("p50", "p99"), (0.011, 0.2), outcomes, strict=True)
    changes = [{"metric": m, "baseline": "main", "change": {"relative": r, "outcome": o}} for m, r, o in told]
    assert run_line(replace(run, verdict={**run.verdict, "changes": changes})).endswith(said)


def test_the_line_of_a_repeat_is_about_the_repeat(run: Run) -> None:
    """The run that asked for it has a line of its own."""
    changes = [{"metric": "p99", "baseline": "main", "change": {"relative": 0.2, "repeat_relative": 0.01, "outcome": "PASS"}}]
    assert run_line(replace(run, verdict={**run.verdict, "changes": changes})).endswith("  (against main: p99 +1 %)")
