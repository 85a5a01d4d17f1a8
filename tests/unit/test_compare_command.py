"""`tailgate compare`: recorded runs before and after, from the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tailgate.cli import main
from tailgate.reporting.benchmark_json import extra_info
from tailgate.reporting.run_file import write_run
from tests.unit.reporting.synthetic import case_of, run_from, samples_of

SLOWER = {"old": 1.0, "same": 1.0, "slow": 1.5}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three folders of three runs, of which those in `slow` are half as slow again; no samples lie beside them."""
    root = tmp_path_factory.mktemp("runs")
    case = case_of(for_s=10)
    for number, (name, slower) in enumerate(SLOWER.items()):
        (root / name).mkdir()
        for hour in range(3):
            samples = samples_of(case, 10 * number + hour, median_s=0.02 * slower)
            run = run_from(case, samples, target="process", started_at=f"2026-11-2{number}T0{hour}:00:00.000+00:00")
            write_run(run, root / name / f"ranker-{hour}.json")
            document = {"benchmarks": [{"extra_info": extra_info(run)}]}
            (root / f"{name}-{hour}.json").write_text(json.dumps(document))
    return root


@pytest.mark.parametrize(
    ("new", "options", "code", "word"),
    [
        ("same", ["--least-effect", "25%"], 0, "no worse"),
        ("slow", [], 1, "worse"),
        ("same", ["--least-effect", "0.1%"], 2, "undecided"),
        ("slow", ["--metric", "error_rate"], 0, "no worse"),
        ("slow", ["--case", "ranker-ml.m5.large-public"], 1, "worse"),
    ],
)
def test_the_outcome_is_the_exit_code(
    folders: Path, new: str, options: list[str], code: int, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 no worse, 1 worse, 2 undecided; the verdict stands in the first line."""
    assert main(["compare", str(folders / "old"), str(folders / new), *options]) == code
    assert capsys.readouterr().out.startswith(f"{word}: ranker-ml.m5.large-public")


def test_run_files_and_benchmark_json_say_the_same(folders: Path, tmp_path: Path) -> None:
    """Also mixed; and what stands in both counts once."""
    written = []
    for number, new in enumerate([["slow"], [f"slow-{hour}.json" for hour in range(3)], ["slow", "slow-1.json"]]):
        out = tmp_path / f"{number}.json"
        assert main(["compare", str(folders / "old"), *(str(folders / name) for name in new), "--json", str(out)]) == 1
        fields = json.loads(out.read_text("utf-8"))
        for run in fields["cases"][0]["after"]:
            del run["file"]
        written.append(fields)
    assert written[0] == written[1] == written[2]


def test_json_and_markdown_go_where_they_are_asked_for(folders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """To a file beside the terminal's text, or alone to standard output; a page as well."""
    command = ["compare", str(folders / "old"), str(folders / "slow")]
    out, page = tmp_path / "out.md", tmp_path / "out.html"
    assert main([*command, "--markdown", str(out), "--json", "-", "--report", str(page)]) == 1
    printed = capsys.readouterr().out
    assert json.loads(printed)["outcome"] == "FAIL"
    assert out.read_text("utf-8").startswith("## Tail latency compared: worse\n")
    assert "Before and after" in page.read_text("utf-8")
    assert main([*command, "--markdown", "-"]) == 1
    assert capsys.readouterr().out == out.read_text("utf-8")


def test_a_file_after_that_cannot_be_read_is_never_no_worse(folders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It may have held the slow run: undecided. One before is named, and the rest compared."""
    cut = tmp_path / "cut.json"
    cut.write_text('{"record": ')
    same, least = [str(folders / "old"), str(folders / "same")], ["--least-effect", "25%"]
    assert main(["compare", *same, str(cut), *least]) == 2
    told = capsys.readouterr()
    assert "cut.json is not JSON, or was cut off" in told.err
    assert "not all files after could be read" in told.out
    (tmp_path / "ranker.json").write_bytes((folders / "old" / "ranker-0.json").read_bytes())
    assert main(["compare", str(tmp_path), str(folders / "same"), "--least-effect", "40%"]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["old", "none.json"], "none.json cannot be read"),
        (["empty", "same"], "holds no JSON file"),
        (["old", "old"], "all runs before are runs after"),
        (["old", "same", "--case", "nobody"], "--case nobody: there is no run of it"),
        (["old", "same", "--metric", "p100"], "--metric p100: p100 is no percentile"),
        (["old", "same", "--least-effect", "3"], "--least-effect: '3' is not a share"),
        (["old", "same", "--report", "page"], "does not end in .html"),
        (["old", "same", "--json", "-", "--markdown", "-"], "would both write to standard output"),
        (["old", "same", "--json", "/nowhere/out.json"], "there is no folder /nowhere"),
        (["old-0.json", "same-0.json", "--json", "old-0.json"], "would be lost"),
    ],
)
def test_what_cannot_be_meant_is_a_sentence_and_exit_code_4(
    folders: Path, arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is written."""
    monkeypatch.chdir(folders)
    (folders / "empty").mkdir(exist_ok=True)
    before = (folders / "old-0.json").read_bytes()
    assert main(["compare", *arguments]) == 4
    assert said in capsys.readouterr().err
    assert (folders / "old-0.json").read_bytes() == before


def test_unlike_runs_are_refused_with_what_they_differ_in(folders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another rate is another question: exit code 4."""
    case = case_of("ranker", 200, 10)
    write_run(run_from(case, samples_of(case), target="process"), tmp_path / "ranker.json")
    assert main(["compare", str(folders / "old"), str(tmp_path)]) == 4
    assert "ranker-ml.m5.large-public: load per_s was 100, is 200" in capsys.readouterr().err
