"""The reader of all commands: earlier formats, later ones, damaged, empty and foreign files, and the runs among them."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.cli import main
from tailgate.errors import RecordError
from tailgate.plan.budget import Budget
from tailgate.reporting.markdown import page
from tailgate.reporting.numbers import value_of
from tailgate.reporting.reader import Found, files_of, read_runs
from tailgate.reporting.recorded import newest_runs
from tailgate.reporting.rejudge import rejudge
from tailgate.reporting.report import page as html
from tailgate.reporting.run_file import FORMAT, Run
from tailgate.reporting.show import described
from tailgate.reporting.terminal import summary
from tailgate.reporting.trend.lines import trends

EARLIER = sorted((Path(__file__).parent / "earlier").glob("*.json"))
BENCHMARKS = sorted((Path(__file__).parent / "earlier" / "benchmarks").glob("*.json"))
TEXT = EARLIER[0].read_text("utf-8")
FIELDS = json.loads(TEXT)

BAD: dict[str, tuple[str, str]] = {
    "empty": ("", "is empty: its writer was interrupted or the disk is full; delete it"),
    "cut": (TEXT[:4000], "is not JSON, or was cut off"),
    "foreign": (json.dumps({"benchmarks": [{"name": "a"}] * 2}), "2 benchmarks of others: there is no run of tailgate in it; name a file"),
    "bare": (json.dumps({"benchmarks": []}), "holds no benchmark: there is no run of tailgate in it"),
    "odd": (json.dumps({"benchmarks": {}}), "is not a benchmark JSON: it has no list 'benchmarks'"),
    "other": ("[1]", "is not a run"),
    "later": (
        json.dumps({**FIELDS, "format": FORMAT + 1}),
        f"format {FORMAT + 1}, this tailgate reads format {FORMAT}; read it with a newer",
    ),
    "never": (json.dumps({**FIELDS, "format": 0}), "there never was such a one, so the file is damaged"),
}
"""By name, a file that cannot be read, and what is said of it."""


@pytest.mark.parametrize("path", EARLIER, ids=lambda path: path.stem)
def test_a_run_of_an_earlier_version_is_read_and_means_what_it_meant(path: Path) -> None:
    """It is shown everywhere, with the numbers that it was written with, and can be judged again."""
    found = read_runs([path])
    ((where, run),) = found.runs
    assert (where, found.complaints) == (path, ())
    assert value_of(run, "p50") == "19.9 ms"
    assert rejudge(run, Budget.of("p99 <= 120ms")).outcome.name == run.verdict["outcome"] == "PASS"
    for shown in (described(run), summary([run], width=200, styled=False), page([run])):
        assert "emulated PASS" in shown


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_a_benchmark_json_of_an_earlier_version_is_read_whole(path: Path, tmp_path: Path) -> None:
    """Its runs, also the one that was never answered; every command takes them, and pytest-benchmark's own still does."""
    found = read_runs([path])
    assert found.complaints == ()
    outcomes = {str(run.case["name"]): (run.verdict["outcome"], value_of(run, "p50")) for _, run in found.runs}
    assert outcomes == {"ranker": ("PASS", "19.9 ms"), "slow": ("FAIL", "198.9 ms"), "lost": ("FAIL", "∞")}
    runs = [run for _, run in found.runs]
    assert "emulated FAIL: 2 of 3 cases are over budget" in html(runs)
    assert page(runs).startswith("## Tail latency: emulated FAIL")
    assert [case.told.case for case in trends(found.runs)] == [f"{name}-ml.m5.large-public" for name in ("ranker", "slow", "lost")]
    folder = tmp_path / "benchmarks" / "Linux-CPython-3.11-64bit"
    folder.mkdir(parents=True)
    (folder / "0001_x.json").write_bytes(path.read_bytes())
    listed = subprocess.run(
        [sys.executable, "-m", "pytest_benchmark", "--storage", f"file://{tmp_path / 'benchmarks'}", "compare", "--columns=median"],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert "ranker-ml.m5.large-public" in listed.stdout


def test_there_are_runs_of_several_versions() -> None:
    """None has what the next one added."""
    keys = [len(json.loads(path.read_text("utf-8"))) for path in EARLIER]
    assert len(set(keys)) >= 4
    assert max(keys) < len(Run.__dataclass_fields__) + 1


def test_a_later_run_names_the_version_that_wrote_it(tmp_path: Path) -> None:
    """Where it says so: that is the one to take."""
    (tmp_path / "a.json").write_text(json.dumps({**FIELDS, "format": 9, "provenance": {"versions": {"tailgate": "4.2"}}}))
    assert "such as 4.2, which wrote it" in read_runs([tmp_path / "a.json"]).complaints[0]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_a_sentence_and_the_others_are_read(name: str, tmp_path: Path) -> None:
    """Wherever it stands among them; alone it is an error."""
    content, complaint = BAD[name]
    bad = tmp_path / f"{name}.json"
    bad.write_text(content)
    found = read_runs([EARLIER[0], bad, EARLIER[1]])
    assert [path for path, _ in found.runs] == EARLIER[:2]
    (said,) = found.complaints
    assert complaint in said
    assert said.startswith(str(bad))
    with pytest.raises(RecordError, match=re.escape(complaint)):
        read_runs([bad]).some()


def test_one_bad_run_of_a_benchmark_json_keeps_nobody_from_the_others(tmp_path: Path) -> None:
    """It is named by its number; a history reads the others, too."""
    infos = [FIELDS, {**FIELDS, "format": 7}, {**FIELDS, "case": 3}, {"theirs": 1}]
    document = {"benchmarks": [{"extra_info": info} for info in infos], "tailgate": {"unanswered": [FIELDS]}}
    path = tmp_path / "0001.json"
    path.write_text(json.dumps(document))
    found = read_runs([path])
    assert len(found.runs) == len(newest_runs(tmp_path, 5)) == 2
    assert [said.partition(" of 4 ")[0] for said in found.complaints] == [f"{path}: run 2", f"{path}: run 3"]
    path.write_text(json.dumps({"benchmarks": [{"extra_info": FIELDS}], "tailgate": {"unanswered": None}}))
    assert len(read_runs([path]).runs) == 1


@given(length=st.integers(0, len(TEXT) - 2))
def test_a_run_cut_anywhere_is_a_sentence(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    """A disk that was full, a copy that was interrupted."""
    path = tmp_path_factory.mktemp("cut") / "run.json"
    path.write_text(TEXT[:length])
    found = read_runs([path])
    assert not found.runs
    assert len(found.complaints) == 1


def test_folders_are_the_files_in_them(tmp_path: Path) -> None:
    """Those of JSON, by name; what is still being written begins with a dot. A file is itself, be it there or not."""
    for name in ("b.json", "a.json", ".c.json", "d.samples"):
        (tmp_path / name).write_text("")
    assert [path.name for path in files_of([tmp_path, Path("x.txt")])] == ["a.json", "b.json", "x.txt"]


def test_nothing_named_is_an_error() -> None:
    """An empty folder has no run."""
    with pytest.raises(RecordError, match="there is no run in these folders"):
        Found((), ()).some()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (lambda files: ["show", *files], 2),
        (lambda files: ["show", "--markdown", *files], 2),
        (lambda files: ["judge", *files, "--budget", "p99 <= 120ms"], 2),
        (lambda files: ["judge", *files, "--budget", "p99 <= 20ms"], 1),
        (lambda files: ["judge", *files, "--budget", "p99 <= 120ms", "--json", "-"], 2),
        (lambda files: ["report", *files, "-o", files[0].replace("bad.json", "out.html")], 0),
    ],
    ids=["show", "markdown", "pass", "fail", "json", "report"],
)
def test_commands_name_what_they_cannot_read_and_show_the_rest(
    words: Callable[[list[str]], list[str]], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, a line each; what was not read is no PASS."""
    (tmp_path / "bad.json").write_text("")
    assert main(words([str(tmp_path / "bad.json"), str(EARLIER[0])])) == code
    told = capsys.readouterr()
    assert told.err == f"tailgate: {tmp_path / 'bad.json'} is empty: its writer was interrupted or the disk is full; delete it\n"
    assert told.out


def test_what_is_no_file_does_not_hold_up_a_folder(tmp_path: Path) -> None:
    """A pipe that nobody writes to, a link to nowhere, a folder that is called like a file, a link to the folder itself."""
    (tmp_path / "run.json").write_text(TEXT)
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "itself").symlink_to(tmp_path)
    (tmp_path / "nowhere.json").symlink_to("absent.json")
    os.mkfifo(tmp_path / "pipe.json")
    found = read_runs(files_of([tmp_path]))
    assert len(found.runs) == 1
    assert ["nowhere.json cannot be read" in complaint for complaint in found.complaints] == [True]


@pytest.mark.parametrize("also", [[], ["--budget", "p99 <= 1h"]])
def test_show_and_judge_take_folders_as_the_others_do(also: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All runs in it; a folder without any is a sentence."""
    verb = "judge" if also else "show"
    (tmp_path / "a.json").write_text(TEXT)
    assert main([verb, str(tmp_path), *also]) == 0
    assert capsys.readouterr().out.count("within budget") == 1
    (tmp_path / "empty").mkdir()
    assert main([verb, str(tmp_path / "empty"), *also]) == 4
    assert "there is no run in these folders; name what" in capsys.readouterr().err


def test_numbers_that_no_run_has_are_shown_and_end_nothing(tmp_path: Path) -> None:
    """Times at both ends of what a float holds, in a record that somebody edited."""
    fields = json.loads(TEXT)
    for place, value in enumerate([1e308, 5e-324, 0.02]):
        fields["estimates"] = [{"metric": metric, "value": value, "low": value, "high": value} for metric in ("p50", "p99")]
        fields["provenance"]["started_at"] = f"2026-11-2{place}T00:00:00+00:00"
        (tmp_path / f"{place}.json").write_text(json.dumps(fields))
    assert main(["report", str(tmp_path), "-o", str(tmp_path / "page.html")]) == 0
    assert main(["trend", str(tmp_path)]) == 0
    for before, after in ((0, 1), (1, 0), (1, 2)):
        assert main(["compare", str(tmp_path / f"{before}.json"), str(tmp_path / f"{after}.json")]) in (0, 1, 2)
