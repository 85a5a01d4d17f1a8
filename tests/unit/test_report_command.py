"""`tailgate report`: recorded runs as a page, from the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tailgate.cli import main
from tailgate.reporting.benchmark_json import extra_info
from tests.unit.reporting.synthetic import case_of, run_from, samples_of, written


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a run and, of that and another one, a benchmark JSON; no samples are left."""
    case, other = case_of(), case_of("embedder")
    samples = samples_of(case)
    run = written(run_from(case, samples), samples, tmp_path)
    runs = [run, run_from(other, samples_of(other))]
    (tmp_path / "0001_a.json").write_text(json.dumps({"benchmarks": [{"extra_info": extra_info(one)} for one in runs]}))
    (tmp_path / "ranker.samples").unlink()
    return tmp_path


def test_runs_in_files_and_folders_become_one_page(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each run once, from its JSON alone; the page's path is what is printed."""
    page = folder / "page.html"
    assert main(["report", str(folder), str(folder / "ranker.json"), "-o", str(page)]) == 0
    assert capsys.readouterr().out.strip() == str(page)
    text = page.read_text("utf-8")
    assert "all 2 cases hold their budgets" in text
    assert "2 runs" in text


def test_what_cannot_be_read_is_named_and_the_rest_is_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error and in the page."""
    (folder / "cut.json").write_text('{"record": ')
    assert main(["report", str(folder), "-o", str(folder / "page.html")]) == 0
    assert "cut.json is not JSON, or was cut off" in capsys.readouterr().err
    assert "cut.json is not JSON, or was cut off" in (folder / "page.html").read_text("utf-8")


@pytest.mark.parametrize("output", ["ranker.json", ".", "page"])
def test_a_record_is_never_written_over(folder: Path, output: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A page ends in .html and is no folder: exit code 4."""
    before = (folder / "ranker.json").read_bytes()
    assert main(["report", str(folder), "-o", str(folder / output)]) == 4
    assert "name" in capsys.readouterr().err
    assert (folder / "ranker.json").read_bytes() == before


def test_without_a_run_there_is_a_sentence_and_no_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 4."""
    assert main(["report", str(tmp_path), "-o", str(tmp_path / "page.html")]) == 4
    assert "none of these files has a run" in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()
