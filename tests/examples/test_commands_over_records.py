"""What pages show to be done with recorded runs is done, with made-up ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tailgate.cli import main
from tailgate.reporting.benchmark_json import extra_info, section
from tailgate.reporting.run_file import Run
from tailgate.samples import Samples
from tests.examples.shell import Shell
from tests.examples.test_commands_in_pages import SAMPLES
from tests.examples.ways import COMMANDS, lines_run, ways_of
from tests.unit.reporting.synthetic import case_of, run_from, samples_of, written

SESSIONS = ("SESSION", "…", "20261120T093612Z-1f3a9c", "20261122T093612Z-1f3a9c", "20261124T101500Z-77b2e0")
RUNS = ("CASE", "smoke-ml.m5.large-public", "ranker-ml.m5.large-public")
BENCHMARKS = ("history/0001_a.json", "main.json", "this-branch.json", "reports/benchmarks/machine/0001_a.json")
"""Files with eight runs of a case each."""

ENDS_OTHERWISE = {
    'tailgate judge reports/runs/*/ranker-*.json --budget "p99 <= 2ms"': 1,
    "tailgate compare reports/runs/20261120T093612Z-1f3a9c reports/runs/20261124T101500Z-77b2e0": 2,
    "tailgate compare history reports/runs/SESSION --case ranker-ml.m5.large-public --metric p99": 2,
}
"""A command that a page shows for what it refuses, and two that have too few runs here to decide."""


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[f"{page}: {line[:60]}" for page, line in COMMANDS])
def test_every_command_is_run_in_one_way(page: str, line: str) -> None:
    """A command of a kind that nothing runs is found here."""
    assert len(ways_of(line)) == 1, f"{page}: {line}"


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with sessions of made-up runs below `reports`, and the programs that pages call."""
    folder = tmp_path_factory.mktemp("records")
    for day, session in enumerate(SESSIONS, 1):
        there = folder / "reports" / "runs" / session
        there.mkdir(parents=True)
        for hour, stem in enumerate(RUNS):
            run, samples = run_of(seed=day, started_at=f"2026-11-{day:02}T{hour:02}:36:12.000+00:00")
            written(run, samples, there, stem)
    for seed, place in enumerate(BENCHMARKS, 10):
        runs = [run_of(100 * seed + each, f"2026-11-{seed}T0{each}:36:12.000+00:00")[0] for each in range(8)]
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(json.dumps({"benchmarks": [{"extra_info": extra_info(one)} for one in runs], "tailgate": section([])}))
    return folder


def run_of(seed: int, started_at: str) -> tuple[Run, Samples]:
    """A made-up run of the one case, and its samples."""
    case = case_of(per_s=200)
    samples = samples_of(case, seed)
    return run_from(case, samples, started_at=started_at), samples


@pytest.fixture(scope="module")
def shell(reports: Path) -> Shell:
    """bash in that folder."""
    return Shell(reports)


@pytest.mark.parametrize("line", lines_run("over records"))
def test_a_command_over_recorded_runs_does_what_it_says(
    line: str, reports: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As bash hands over its words; it ends with 0, but for what is shown to be refused, and tells or writes something."""
    monkeypatch.chdir(reports)
    ((_, *words),) = shell.calls(line, SAMPLES)
    assert main(words) == ENDS_OTHERWISE.get(line, 0), capsys.readouterr().err
    told = capsys.readouterr()
    assert told.err == ""
    if "-o" in words:
        assert (reports / words[words.index("-o") + 1]).stat().st_size > 1000
    else:
        assert "ranker" in told.out


def test_what_ends_otherwise_stands_on_a_page() -> None:
    """The list has nothing that no page shows."""
    assert set(ENDS_OTHERWISE) <= set(lines_run("over records"))
