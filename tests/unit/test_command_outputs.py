"""Where commands write: never over measurements; and what becomes of exit codes where nobody reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tailgate.cli import main
from tailgate.reporting.run_file import write_run
from tests.unit.reporting.synthetic import case_of, run_from, samples_of, write_samples

COMMAND = [sys.executable, "-m", "tailgate"]
ROOT = Path(__file__).parents[2]
BUDGET = "p99 <= 20ms"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs before; three after, half as slow again, and over the budget."""
    made = tmp_path_factory.mktemp("runs")
    case = case_of(for_s=3)
    for place in range(6):
        samples = samples_of(case, place, median_s=0.02 if place < 3 else 0.03)
        side = made / ("old" if place < 3 else "new")
        side.mkdir(exist_ok=True)
        write_run(run_from(case, samples, started_at=f"2026-11-{10 + place}T09:00:00.000+00:00"), side / f"{place}.json")
    write_samples(samples, made / "ranker.samples")
    (made / "0001_x.json").write_text(json.dumps({"benchmarks": [], "machine_info": {}}))
    return made


def commands(folder: Path) -> dict[str, list[str]]:
    """Each that writes JSON."""
    old, new = str(folder / "old"), str(folder / "new")
    return {
        "trend": ["trend", old],
        "compare": ["compare", old, new],
        "judge": ["judge", str(folder / "new" / "3.json"), "--budget", BUDGET],
    }


@pytest.mark.parametrize("command", ["trend", "compare", "judge"])
@pytest.mark.parametrize("kept", ["old/0.json", "new/3.json", "0001_x.json", "ranker.samples"])
def test_measurements_are_not_written_over(command: str, kept: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those in folders that are read, and any others: exit code 4, and the file is what it was."""
    before = (folder / kept).read_bytes()
    assert main([*commands(folder)[command], "--json", str(folder / kept)]) == 4
    assert "would be lost; name another" in capsys.readouterr().err
    assert (folder / kept).read_bytes() == before


@pytest.mark.parametrize("command", ["trend", "compare", "judge"])
def test_what_a_command_wrote_may_be_written_again(command: str, folder: Path, tmp_path: Path) -> None:
    """The second pipeline on a host meets the first one's file."""
    arguments = [*commands(folder)[command], "--json", str(tmp_path / "told.json")]
    assert main(arguments) == main(arguments) < 4


def unheard(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """A command whose reader is gone before it says anything."""
    read, write = os.pipe()
    os.close(read)
    try:
        return subprocess.run([*COMMAND, *arguments], stdout=write, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False)
    finally:
        os.close(write)


@pytest.mark.parametrize("also", [[], ["--json", "-"]])
@pytest.mark.parametrize("command", ["compare", "judge"])
def test_an_exit_code_does_not_depend_on_who_reads(command: str, also: list[str], folder: Path) -> None:
    """`| head` under pipefail: worse stays worse."""
    told = unheard([*commands(folder)[command], *also])
    assert (told.returncode, told.stderr) == (1, "")


@pytest.mark.parametrize(("command", "code"), [("compare", 1), ("judge", 1), ("trend", 0)])
def test_a_closed_standard_output_is_no_traceback(command: str, code: int, folder: Path) -> None:
    """As of a service, or `>&-` in a script: the exit code is all that is left."""
    script = 'exec "$@" >&-'
    told = subprocess.run(
        ["/bin/sh", "-c", script, "sh", *COMMAND, *commands(folder)[command]], stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False
    )
    assert (told.returncode, told.stderr) == (code, "")


def test_a_page_of_a_comparison_is_refused_ahead(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where it cannot be written, before anything is compared; as `tailgate trend` does."""
    assert main([*commands(folder)["compare"], "--report", str(folder / "absent" / "page.html")]) == 4
    said = capsys.readouterr()
    assert "there is no folder" in said.err
    assert said.out == ""
