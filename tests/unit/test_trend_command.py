"""`tailgate trend`: histories of recorded runs, from the shell."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tailgate.cli import main
from tailgate.reporting.benchmark_json import extra_info
from tailgate.reporting.run_file import Run, write_run
from tests.unit.reporting.trend.series import CASE, noisy, run_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve runs of a case, the newest two a quarter slower; one of them in a benchmark JSON as well; and one of another case."""
    runs = [run_of(day, value) for day, value in enumerate([*noisy(1, 10), 0.05, 0.0505])]
    for day, run in enumerate([*runs, run_of(3, 0.04, "embedder")]):
        write_run(run, tmp_path / f"{day:02}.json")
    _benchmark_json(tmp_path / "0001_x.json", runs[4])
    return tmp_path


def _benchmark_json(path: Path, run: Run) -> None:
    path.write_text(json.dumps({"benchmarks": [{"extra_info": extra_info(run)}]}))


def test_a_folder_becomes_lines_and_each_run_counts_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, whatever moved."""
    assert main(["trend", str(folder)]) == 0
    out = capsys.readouterr().out
    assert f"{CASE}, emulated, 12 runs since 2026-09-01" in out
    assert "Slower than before" in out or "1 of 2 cases is slower than before" in out


def test_a_pipeline_can_fail_on_what_moved(folder: Path) -> None:
    """Exit code 1 while it takes the newest run to say so; 0 without that run, and once nothing is new."""
    assert main(["trend", str(folder), "--fail-on-change"]) == 1
    assert main(["trend", str(folder), "--fail-on-change", "--metric", "p50"]) == 0
    for day in range(12, 18):
        write_run(run_of(day, 0.05), folder / f"{day}.json")
    assert main(["trend", str(folder), "--fail-on-change"]) == 0


def test_what_cannot_be_read_is_named_and_the_rest_is_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that was cut off, one of a later format, one of somebody else's."""
    (folder / "cut.json").write_text('{"record": ')
    (folder / "later.json").write_text(json.dumps({**run_of(0, 0.04).fields(), "format": 99}))
    (folder / "foreign.json").write_text('{"benchmarks": [{"name": "x"}]}')
    assert main(["trend", str(folder), "--json", "-"]) == 0
    captured = capsys.readouterr()
    assert [name for name in ("cut.json", "later.json", "foreign.json") if f"/{name}" in captured.err] == [
        "cut.json",
        "later.json",
        "foreign.json",
    ]
    told = json.loads(captured.out)
    assert len(told["unread"]) == 3
    assert len(told["cases"][0]["metrics"][0]["points"]) == 12


def test_a_gate_does_not_pass_over_what_cannot_be_read(folder: Path) -> None:
    """The file may have held the run that is slower: exit code 2; without a gate 0, and 1 where another moved."""
    (folder / "cut.json").write_text('{"record": ')
    assert main(["trend", str(folder), "--fail-on-change", "--metric", "p50"]) == 2
    assert main(["trend", str(folder), "--metric", "p50"]) == 0
    assert main(["trend", str(folder), "--fail-on-change"]) == 1


def test_a_newest_run_that_does_not_tell_a_metric_moves_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One of too few requests for a p99: those before it were slower, and were news when they were the newest."""
    run = run_of(12, 0.04)
    short = replace(run, estimates=[one for one in run.estimates if isinstance(one, dict) and one["metric"] != "p99"])
    write_run(short, folder / "12.json")
    assert main(["trend", str(folder), "--fail-on-change", "--case", CASE]) == 0
    said = capsys.readouterr().out
    assert "not told by the newest run" in said
    assert "Slower than before" not in said


def test_cases_metrics_and_the_newest_runs_can_be_chosen(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Any time that is recorded, for as many runs as asked."""
    assert main(["trend", str(folder), "--case", CASE, "--metric", "p90", "--metric", "p99", "--last", "5", "--json", "-"]) == 0
    (case,) = json.loads(capsys.readouterr().out)["cases"]
    assert [(metric["metric"], len(metric["points"])) for metric in case["metrics"]] == [("p90", 5), ("p99", 5)]


def test_markdown_json_and_page_are_written_beside_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each into its file; the page holds the histories as figures."""
    out = folder / "out"
    out.mkdir()
    files = ["--markdown", str(out / "t.md"), "--json", str(out / "t.json"), "--report", str(out / "t.html")]
    assert main(["trend", str(folder), *files]) == 0
    assert (out / "t.md").read_text().startswith("## Trend of tail latency: slower")
    assert json.loads((out / "t.json").read_text())["moved"] is True
    text = (out / "t.html").read_text()
    assert "History of p99" in text
    assert f"Slower than before, as two runs or more say, the newest among them: {CASE}: p99 +" in text.partition('<p class="when">')[0]
    assert capsys.readouterr().out.rstrip().endswith("t.html")


def ended(arguments: list[str]) -> object:
    """The exit code, also where the parser itself ends the process."""
    try:
        return main(arguments)
    except SystemExit as exits:
        return exits.code


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--last", "1"], "--last is 1"),
        (["--metric", "p101"], "p101"),
        (["--metric", "error_rate"], "it is no time"),
        (["--metric", "p42"], "no run records p42; recorded are"),
        (["--case", "rankr"], "there is no run of it"),
        (["--json", "-", "--markdown", "-"], "only one of them"),
        (["--report", "page.txt"], "does not end in .html"),
        (["--json", "/nowhere/x.json"], "there is no folder"),
        (["--nonsense"], "unrecognized"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence(folder: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 4, without a traceback."""
    assert ended(["trend", str(folder), *options]) == 4
    assert said in capsys.readouterr().err


def test_a_folder_without_runs_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 4, as is one that is not there."""
    assert main(["trend", str(tmp_path)]) == 4
    assert "no run" in capsys.readouterr().err
    assert main(["trend", str(tmp_path / "absent")]) == 4
    assert "absent cannot be read" in capsys.readouterr().err
