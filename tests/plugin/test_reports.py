"""What page a session leaves: its own runs, with earlier ones, or none; by option, environment, ini file."""

import json
from pathlib import Path

import pytest

SHORT = {"for_s=2": "for_s=1"}


def pages_in(folder: Path) -> list[Path]:
    """All of them, below a reports folder."""
    return sorted(folder.rglob("report.html"))


@pytest.mark.thorough
def test_a_page_holds_what_was_asked_for(suite, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """None for the first session; of the second its own run and the one before, each once, though both are in the history by then."""
    quiet = suite("--latency-target=null", "--latency-report=none", change=SHORT)
    assert quiet.ret == 0
    quiet.stdout.no_fnmatch_line("report: *")
    assert pages_in(pytester.path / "reports") == []
    monkeypatch.setenv("TAILGATE_REPORT", "all")
    assert suite("--latency-target=null", change=SHORT).ret == 0
    newest, beside = pages_in(pytester.path / "reports")
    assert newest.read_bytes() == beside.read_bytes()
    runs = [json.loads(path.read_text()) for path in (pytester.path / "reports").glob("runs/*/*.json")]
    assert len(runs) == 2
    text = newest.read_text("utf-8")
    assert "earlier run of the case" in text
    assert "2 runs" in text


@pytest.mark.parametrize("source", ["--latency-report", "TAILGATE_REPORT", "latency_report"])
def test_another_word_ends_the_session_by_a_sentence(
    suite, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """Exit code 4, wherever it stands, with what was probably meant; nothing is measured."""
    arguments: list[str] = []
    if source == "--latency-report":
        arguments.append("--latency-report=al")
    elif source == "TAILGATE_REPORT":
        monkeypatch.setenv(source, "al")
    else:
        pytester.makeini(f"[pytest]\n{source} = al\n")
    outcome = suite("-m", "latency", *arguments)
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines([f"*{source} is 'al', which is no kind of report*all*"])
    assert not (pytester.path / "reports").exists()


def test_a_page_that_cannot_be_made_fails_no_session(suite, pytester: pytest.Pytester) -> None:
    """A fault in drawing is told in a line, with what tries again; the runs and the benchmark JSON are there."""
    pytester.makeconftest("import tailgate.reporting.report as r\ndef page(*_): raise ZeroDivisionError('of all things')\nr.page = page\n")
    outcome = suite("--latency-target=null", change=SHORT)
    assert outcome.ret == 0
    outcome.stdout.fnmatch_lines(
        ["benchmark JSON: *", "report: it could not be made, *(ZeroDivisionError: of all things); the runs are recorded*"]
    )
    assert len(list((pytester.path / "reports").glob("runs/*/*.json"))) == 1
