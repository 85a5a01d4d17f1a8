"""The command: exit codes, one line for what is wrong, and quiet pipes."""

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailgate import __version__
from tailgate.cli import main
from tailgate.reporting.run_file import Run
from tests.unit.reporting.synthetic import case_of, run_from, samples_of, write_samples, written

COMMAND = [sys.executable, "-m", "tailgate"]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with its samples beside it."""
    case = case_of()
    samples = samples_of(case)
    return written(run_from(case, samples), samples, tmp_path)


def test_export_writes_csv_to_standard_output(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """A header and a row per request, by default and with `-o -`, of a run or of its samples."""
    for arguments in (["export", str(run.path)], ["export", str(run.samples_path), "-o", "-"]):
        assert main(arguments) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith("due_s,judged,")
        assert len(lines) == 2201


def test_export_writes_a_file_that_appears_when_it_is_complete(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing on standard output, no temporary file left."""
    out = tmp_path / "out" / "ranker.csv"
    out.parent.mkdir()
    assert main(["export", str(run.path), "-o", str(out)]) == 0
    assert capsys.readouterr().out == ""
    assert [path.name for path in out.parent.iterdir()] == ["ranker.csv"]
    with out.open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 2200


def test_export_does_not_write_over_what_it_reads(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """`-o` with the samples' own name would destroy the only copy."""
    assert run.samples_path is not None
    before = run.samples_path.read_bytes()
    assert main(["export", str(run.samples_path), "-o", str(run.samples_path)]) == 4
    assert "would be lost" in capsys.readouterr().err
    assert run.samples_path.read_bytes() == before
    assert main(["export", str(run.path), "-o", str(run.samples_path)]) == 4
    assert run.samples_path.read_bytes() == before


def test_export_writes_into_devices_and_through_links(run: Run, tmp_path: Path) -> None:
    """`-o /dev/stdout` and a link to a file stay what they are: nothing is renamed over them."""
    out = subprocess.run([*COMMAND, "export", str(run.path), "-o", "/dev/stdout"], capture_output=True, check=True, cwd=ROOT).stdout
    assert out.count(b"\n") == 2201
    assert Path("/dev/stdout").is_symlink()
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "real.csv")
    for _ in range(2):
        assert main(["export", str(run.path), "-o", str(link)]) == 0
    assert link.is_symlink()
    assert (tmp_path / "real.csv").read_bytes() == out


def test_show_prints_explanation_and_estimates_of_several_runs(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As they were given when it was measured, with the target's kind; infinite percentiles as ∞."""
    other = tmp_path / "other"
    other.mkdir()
    case = case_of("embedder")
    down = samples_of(case, failed=range(2000))
    written(run_from(case, down), down, other)
    assert main(["show", str(run.path), str(other / "ranker.json")]) == 0
    shown = capsys.readouterr().out
    assert str(run.verdict["explanation"]) in shown
    assert "ranker-ml.m5.large-public, emulated, 2026-11-22" in shown
    assert "embedder-ml.m5.large-public" in shown
    assert "∞" in shown
    p50 = next(line for line in shown.splitlines() if line.startswith("  p50 ") and "budget" not in line)
    assert p50.count(" ms") == 3


def test_show_reads_benchmark_json_too(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All runs in it, one after the other."""
    path = tmp_path / "0001.json"
    path.write_text(json.dumps({"benchmarks": [{"extra_info": run.fields()}, {"extra_info": run.fields()}, {"extra_info": {}}]}))
    assert main(["show", str(path)]) == 0
    assert capsys.readouterr().out.count("within budget: ranker") == 2


def test_bad_input_is_one_line_on_standard_error_and_exit_code_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Absent, a folder, empty, foreign, damaged, an output that cannot be: never a traceback."""
    (tmp_path / "empty").write_text("")
    (tmp_path / "foreign.json").write_text('{"a": 1}')
    (tmp_path / "cut.json").write_text('{"record": "tailgate-run", ')
    (tmp_path / "cut.samples").write_bytes(b"tailgate-samples 1\n{")
    (tmp_path / "later.samples").write_bytes(b"tailgate-samples 9\n{}\n")
    samples = samples_of(case_of())
    write_samples(samples, tmp_path / "good.samples")
    wrong = [[verb, name] for verb in ("export", "show") for name in ("none", ".", "empty", "foreign.json", "cut.json")]
    wrong += [
        ["export", "cut.samples"],
        ["export", "later.samples"],
        ["export", "good.samples", "-o", "absent/out.csv"],
        ["show", "good.samples"],
    ]
    for verb, name, *rest in wrong:
        assert main([verb, str(tmp_path / name), *(str(tmp_path / word) if "/" in word else word for word in rest)]) == 4, (verb, name)
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("tailgate: ")
        assert captured.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["explode"], ["export"], ["show"], ["export", "a", "b"], ["--colour"]])
def test_wrong_usage_is_one_line_and_exit_code_4(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """argparse's own code for it, 2, here means inconclusive."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 4
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "--help" in captured.err


def test_version_and_help_are_no_errors(capsys: pytest.CaptureFixture[str]) -> None:
    """Both on standard output; the help names every verb."""
    for argument, expected in (("--version", f"tailgate {__version__}"), ("--help", "export")):
        with pytest.raises(SystemExit) as caught:
            main([argument])
        assert caught.value.code == 0
        assert expected in capsys.readouterr().out


def test_a_reader_that_has_seen_enough_is_no_error(run: Run) -> None:
    """`tailgate export … | head -1`: nothing on standard error, exit code 0."""
    assert run.samples_path is not None
    case = case_of(per_s=1000, for_s=60)
    write_samples(samples_of(case), run.samples_path)  # more than a pipe holds
    export = subprocess.Popen([*COMMAND, "export", str(run.path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    assert export.stdout is not None
    assert export.stderr is not None
    with export.stdout, export.stderr:
        assert export.stdout.readline().startswith(b"due_s,")
        export.stdout.close()
        assert export.stderr.read() == b""
    assert export.wait(30) == 0


def test_ctrl_c_ends_it_with_130_and_leaves_no_half_file(tmp_path: Path) -> None:
    """SIGINT while it waits for its input: no traceback, and no output appears."""
    fifo = tmp_path / "slow.samples"
    os.mkfifo(fifo)
    out = tmp_path / "out"
    out.mkdir()
    code = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background job is started without
        f"from tailgate.cli import main\nsys.exit(main(['export', {str(fifo)!r}, '-o', {str(out / 'x.csv')!r}]))"
    )
    export = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, cwd=ROOT)
    assert export.stderr is not None
    with export.stderr, held_open(fifo):
        export.send_signal(signal.SIGINT)
        assert export.wait(20) == 130
        assert export.stderr.read() == b""
    assert list(out.iterdir()) == []


@contextlib.contextmanager
def held_open(fifo: Path) -> Iterator[None]:
    """A pipe's writing end, once somebody has opened it for reading; nothing is ever written."""
    deadline = time.monotonic() + 30
    while True:
        try:
            descriptor = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
            break
        except OSError:  # nobody reads yet
            assert time.monotonic() < deadline
            time.sleep(0.02)
    try:
        yield
    finally:
        os.close(descriptor)
