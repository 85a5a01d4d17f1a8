"""`tailgate judge`: recorded runs under another budget, from the shell."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tailgate.cli import main
from tailgate.reporting.benchmark_json import extra_info
from tailgate.reporting.run_file import Run
from tests.unit.reporting.synthetic import case_of, run_from, samples_of, written

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run whose p99 is 41 ms; its samples are gone."""
    case = case_of(per_s=100, for_s=30)
    samples = samples_of(case)
    run = written(run_from(case, samples), samples, tmp_path)
    assert run.samples_path is not None
    run.samples_path.unlink()
    return run


@pytest.fixture
def two_runs(tmp_path: Path, run: Run) -> Path:
    """A benchmark JSON of that run and one of another case that is slower."""
    other = case_of("embedder", 100, 30)
    runs = [run, run_from(other, samples_of(other, median_s=0.05))]
    path = tmp_path / "0001_a.json"
    path.write_text(json.dumps({"benchmarks": [{"extra_info": extra_info(one)} for one in runs] + [{"extra_info": {}}]}))
    return path


@pytest.mark.parametrize(
    ("clauses", "code", "said"),
    [
        (["p99 <= 60ms"], 0, "within budget: ranker on ml.m5.large via public at 100/s"),
        (["p99 <= 20ms", "p50 <= 60ms"], 1, "p99 over budget: ranker"),
        (["p99.99 <= 80ms"], 2, "p99.99 undecided: ranker"),
    ],
)
def test_the_exit_code_says_what_the_text_says(
    run: Run, clauses: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """0, 1 and 2, as `drive` has them; several budgets are one."""
    assert main(["judge", str(run.path), *(word for clause in clauses for word in ("--budget", clause))]) == code
    shown = capsys.readouterr().out
    assert shown.startswith(said)
    assert "judged again from ranker.json of 2026-11-22" in shown
    assert all(line == line.rstrip() for line in shown.splitlines())


def test_a_benchmark_json_is_judged_run_by_run_and_the_worst_is_the_exit_code(
    two_runs: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """Or one case of it, by its id; several files may be named."""
    assert main(["judge", str(two_runs), "--budget", "p99 <= 60ms"]) == 1
    assert [text.partition(":")[0] for text in capsys.readouterr().out.split("\n\n")] == ["within budget", "p99 over budget"]
    assert main(["judge", str(two_runs), "--case", "ranker-ml.m5.large-public", "--budget", "p99 <= 60ms"]) == 0
    assert capsys.readouterr().out.count("judged again") == 1
    assert main(["judge", str(two_runs), str(run.path), "--budget", "p99 <= 1s"]) == 0
    assert capsys.readouterr().out.count("judged again") == 3


def test_json_on_standard_output_is_one_object_and_nothing_else(two_runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each run with its checks in seconds and fractions; a file gets the same, beside the text."""
    arguments = ["judge", str(two_runs), "--budget", "p99 <= 60ms", "--budget", "error_rate <= 1%"]
    assert main([*arguments, "--json", "-"]) == 1
    document = json.loads(capsys.readouterr().out)
    first, second = document["runs"]
    assert (first["case"], first["target"], first["outcome"], first["reasons"]) == ("ranker-ml.m5.large-public", "emulated", "PASS", [])
    assert second["outcome"] == "FAIL"
    p99, errors = first["checks"]
    assert (p99["limit"], p99["outcome"], p99["provisional"], p99["why"]) == ("p99 <= 60ms", "PASS", True, None)
    assert 0.03 < p99["low"] < p99["value"] < p99["high"] < 0.06
    assert errors["value"] == 0
    assert main([*arguments, "--json", str(tmp_path / "out.json")]) == 1
    assert "within budget: ranker" in capsys.readouterr().out
    assert json.loads((tmp_path / "out.json").read_text()) == document


def test_a_price_may_be_given(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """For a cost; the bundled one otherwise."""
    arguments = ["judge", str(run.path), "--budget", "cost_per_1000 <= 0.0005usd"]
    assert main(arguments) == 0
    assert "indicative" in capsys.readouterr().out
    assert main([*arguments, "--price", "ml.m5.large=0.3"]) == 1
    assert "at 0.3 USD an hour each (as stated)" in capsys.readouterr().out


def test_what_cannot_be_judged_is_one_line_and_exit_code_4(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Absent, foreign, of a later format, damaged, without a run, an unknown metric or case, no price: never a traceback."""
    assert run.path is not None
    fields = json.loads(run.path.read_text("utf-8"))
    places = {
        "foreign": {"a": 1},
        "later": {**fields, "format": 2},
        "damaged": {**fields, "per_second": {}},
        "none": {"benchmarks": []},
        "elsewhere": {**fields, "provenance": {**fields["provenance"], "region": "ap-northeast-1"}},
    }
    for name, content in places.items():
        (tmp_path / name).write_text(json.dumps(content))
    good = str(run.path)
    wrong = [
        ([str(tmp_path / "absent"), "--budget", "p99 <= 60ms"], "cannot be read: No such file"),
        ([str(tmp_path / "absent"), "--budget", "p99 <= 60ms"], "cannot be read: No such file or directory"),
        ([str(tmp_path / "foreign"), "--budget", "p99 <= 60ms"], "foreign is not a run"),
        ([str(tmp_path / "later"), "--budget", "p99 <= 60ms"], "is a run of format 2, this tailgate reads format 1; read it with a newer"),
        (
            [str(tmp_path / "damaged"), "--budget", "p99 <= 60ms"],
            "damaged: ranker-ml.m5.large-public: the run's per-second counts are damaged",
        ),
        ([str(tmp_path / "none"), "--budget", "p99 <= 60ms"], "there is no run of tailgate in it"),
        ([str(tmp_path / "elsewhere"), "--budget", "cost_per_1000 <= 1usd"], "no price of ml.m5.large in ap-northeast-1 is known"),
        ([good, "--budget", "colour <= 60ms"], "unknown metric 'colour'; allowed: percentiles p50"),
        ([good, "--budget", "p99 < 60"], "'<' is not known"),
        ([good, "--budget", "p99 <= 60ms", "--budget", "p99 <= 50ms"], "two limits for p99"),
        ([good, "--budget", "p99 <= 60ms", "--case", "rankr"], "--case rankr: there is no run of it"),
        ([good, "--budget", "p99 <= 60ms", "--price", "0.3"], "--price '0.3' is no price; write an instance type and USD per hour"),
        ([good, "--budget", "p99 <= 60ms", "--price", "ml.m5.lrge=1"], "did you mean 'ml.m5.large'"),
        ([good, "--budget", "p99 <= 60ms", "--json", "/nonexistent/x.json"], "there is no folder"),
    ]
    for arguments, words in wrong:
        assert main(["judge", *arguments]) == 4, arguments
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.count("\n") == 1
        assert words in captured.err
    with pytest.raises(SystemExit) as caught:
        main(["judge", good])
    assert caught.value.code == 4


def test_a_run_that_measured_nothing_has_no_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its recorded reason stands."""
    case = case_of(for_s=30)
    samples = samples_of(case)
    nothing = replace(samples, records=samples.records[:0])
    written(run_from(case, nothing), nothing, tmp_path)
    assert main(["judge", str(tmp_path / "ranker.json"), "--budget", "p99 <= 60ms", "--budget", "mean <= 1s", "--budget", "max <= 1s"]) == 2
    assert "not trusted: there are no samples" in capsys.readouterr().out


def test_judging_needs_neither_pytest_nor_boto3_nor_locust(run: Run) -> None:
    """It reads JSON and computes."""
    code = "import sys\nfrom tailgate.cli import main\nmain(sys.argv[1:])\nprint(*sys.modules, file=sys.stderr)"
    arguments = ["judge", str(run.path), "--budget", "p99 <= 60ms"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "within budget" in done.stdout
    assert not set(done.stderr.split()) & {"pytest", "boto3", "botocore", "moto", "locust", "gevent", "rich"}
