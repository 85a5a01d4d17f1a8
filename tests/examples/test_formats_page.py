"""The page on file formats tells what the code writes: versions, keys, columns, and examples that are like what is written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tailgate import __version__
from tailgate.analysis.reading import read
from tailgate.aws.custody import ledger
from tailgate.cli import main
from tailgate.connection_table import CONNECTION
from tailgate.connection_table import MAGIC as CONNECTIONS_MAGIC
from tailgate.errors import RecordError, SamplesError, TargetError
from tailgate.reporting import benchmark_json, run_file
from tailgate.reporting.csv_export import COLUMNS
from tailgate.reporting.drive_summary import summary
from tailgate.reporting.run_file import read_run
from tailgate.reporting.session_folder import ENDED, LOCK, REPORT, SAVED, SUMMARY
from tailgate.samples import MAGIC, RECORD, Header, read_samples
from tailgate.sweep_command import _fields
from tests.examples.shell import blocks_of
from tests.examples.vouching import PROJECT
from tests.unit.reporting.synthetic import case_of, run_from, samples_of, write_samples, written

PAGE = (PROJECT / "docs" / "formats.md").read_text(encoding="utf-8")
RUN_JSON, JUDGE_JSON = (json.loads(block) for block in blocks_of(PAGE, "json"))


def section(title: str) -> str:
    """What stands under a heading."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def table(text: str, first: str) -> list[list[str]]:
    """The rows of the table whose first column is headed so, as cells."""
    _, _, rest = text.partition(f"| {first} |")
    lines = rest.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip().replace("¦", "|") for cell in line.replace("\\|", "¦").strip("|").split("|")] for line in lines]


def named(cell: str) -> list[str]:
    """What a cell names in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def names(text: str, first: str) -> list[str]:
    """What the first column names."""
    return [name for row in table(text, first) for name in named(row[0])]


def test_each_format_has_the_version_that_is_written() -> None:
    """In the list of formats, and as the latest of its history."""
    listed = {re.sub(r"\W", "", row[0].partition("](")[0]): row[1] for row in table(PAGE, "format")}
    magics = {"samples": MAGIC, "connections": CONNECTIONS_MAGIC}
    versions = {name: magic.split()[1].decode() for name, magic in magics.items()}
    versions |= {"run": str(run_file.FORMAT), "benchmarkJSON": str(benchmark_json.section([])["format"]), "ledger": str(ledger.FORMAT)}
    assert listed == versions
    for title, name in {"Run files": "run", "Samples": "samples", "Connections": "connections", "Ledger": "ledger"}.items():
        history = [row[0] for row in table(section(title), "version") if row[0]]
        assert history[-1] == versions[name]


def test_a_run_files_keys_are_those_of_the_page() -> None:
    """In its order; a key that was added later is in the history."""
    run = run_from(case_of(), samples_of(case_of()))
    assert set(names(section("Run files"), "key")) == set(run.fields())
    history = " ".join(row[2] for row in table(section("Run files"), "version"))
    assert set(run_file._ADDED) <= set(named(history))


def test_parts_of_a_run_are_told_by_name() -> None:
    """Of the keys whose parts are few: each is named in the key's row, but for what tells how numbers are packed."""
    fields = run_from(case_of(), samples_of(case_of())).fields()
    told = {named(row[0])[0]: set(named(row[1])) for row in table(section("Run files"), "key")}
    for key in ("requests", "histogram", "per_second", "over_time", "wire"):
        part = fields[key]
        assert isinstance(part, dict)
        assert set(part) - told[key] <= {"per_decade", "first"}, key


def test_samples_have_the_columns_of_the_page() -> None:
    """Name and NumPy code of each, in order; and the header's keys."""
    rows = table(section("Samples"), "column")
    assert [(named(row[0])[0], named(row[1])[0]) for row in rows] == [(name, RECORD[name].str) for name in RECORD.names or ()]
    assert set(names(section("Samples"), "header")) == {field.name for field in fields(Header)} | {"record"}
    assert f"one record of {RECORD.itemsize} bytes" in section("Samples")


def test_connections_have_the_columns_of_the_page() -> None:
    """Name and NumPy code of each, in order."""
    rows = table(section("Connections"), "column")
    told = [(named(row[0])[0], named(row[1])[0], row[1].partition("× ")[2]) for row in rows]
    assert told == [
        (name, CONNECTION[name].base.str, str(shape[0]) if (shape := CONNECTION[name].shape) else "") for name in CONNECTION.names or ()
    ]
    assert f"a record of {CONNECTION.itemsize} bytes" in section("Connections")


def test_a_csv_has_the_columns_of_the_page() -> None:
    """In their order."""
    assert names(section("CSV"), "column") == list(COLUMNS)


def test_a_benchmark_has_the_keys_of_the_page() -> None:
    """Beside the run's own, and in the file's section."""
    run = benchmark_json.recovered(run_from(case_of(), samples_of(case_of())), "20261122T093612Z-1f3a9c")
    in_sight = set(benchmark_json.extra_info(run)) - set(run.fields())
    told = names(section("Benchmark JSON").partition("and the file has")[0], "key")
    assert set(told) == in_sight
    assert set(names(section("Benchmark JSON").partition("and the file has")[2], "key")) == set(benchmark_json.section([]))


def test_a_ledger_has_the_keys_of_the_page(tmp_path: Path) -> None:
    """A line each."""
    with ledger.Ledger.begin(tmp_path, "20261122T093612Z-1f3a9c", "eu-central-1") as book:
        book.about_to_create("model", "tailgate-x")
        book.gone("model", "tailgate-x")
        lines = [set(json.loads(line)) for line in book.path.read_text().splitlines()]
    assert [set(named(row[1])) for row in table(section("Ledger"), "line")] == lines


def test_a_session_folder_has_the_files_of_the_page() -> None:
    """Those that are named in the code."""
    assert {LOCK, ENDED, REPORT, SUMMARY, SAVED} <= set(names(section("Session folder"), "file"))


def keys_of(command: str) -> list[set[str]]:
    """What the page says of a command's JSON, part by part."""
    cells = {named(row[0])[0]: row[1] for row in table(section("JSON of commands"), "command")}
    return [set(named(part)) for part in cells[command].split(";")]


def test_drive_writes_the_keys_of_the_page() -> None:
    """And `beside` where it was asked for."""
    case, samples = case_of(), samples_of(case_of())
    fields = set(summary(read("http://127.0.0.1/", case.load, samples, case.budget)))
    assert keys_of("tailgate drive") == [fields, {"--beside", "beside"}]


def test_judge_writes_the_keys_of_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the whole and of each run; and the example is like it."""
    case, samples = case_of(), samples_of(case_of())
    written(run_from(case, samples), samples, tmp_path)
    assert main(["judge", str(tmp_path / "ranker.json"), "--budget", "p99 <= 120ms", "--json", "-"]) == 0
    fresh = json.loads(capsys.readouterr().out)
    assert keys_of("tailgate judge") == [set(fresh["runs"][0]) | {"runs"}, {"unread"}]
    assert list(unlike(JUDGE_JSON, fresh)) == []
    assert set(JUDGE_JSON["runs"][0]["checks"][0]) == set(fresh["runs"][0]["checks"][0])


@pytest.mark.parametrize(
    ("words", "kind"), [(("compare", "before.json", "after.json"), "comparison"), (("trend", "before.json", "after.json"), "trend")]
)
def test_compare_and_trend_write_the_keys_of_the_page(
    words: tuple[str, ...], kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the whole and of each case; what they are and their version is in them."""
    monkeypatch.chdir(tmp_path)
    for day, name in enumerate(("before.json", "after.json"), 1):
        case = case_of()
        run_file.write_run(run_from(case, samples_of(case, day), started_at=f"2026-11-{day:02}T09:36:12.000+00:00"), Path(name))
    main([*words, "--json", "-"])
    fresh = json.loads(capsys.readouterr().out)
    whole, of_a_case = keys_of(f"tailgate {words[0]}")
    assert (whole | {"cases"}, of_a_case - {"cases"}) == (set(fresh), set(fresh["cases"][0]))
    assert (fresh["record"], fresh["format"]) == (f"tailgate-{kind}", 1)


def test_sweep_writes_the_keys_of_the_page() -> None:
    """Of the whole and of what was found; what is in the whole is tested where it sweeps (tests/faults/test_sweep.py)."""
    tags, now = {"tailgate:run": "x", "tailgate:owner": "y"}, datetime.now(UTC)
    found = SimpleNamespace(kind="model", name="tailgate-x", tags=tags, created_at=now, expires_at=now)
    row: Any = SimpleNamespace(found=found, region="eu-central-1", due=False, why="", gone=False, left=None)
    assert keys_of("tailgate sweep") == [{"swept_at", "delete", "troubles"}, {"found", *_fields(row)}]


def unlike(example: Any, fresh: Any, where: str = "") -> Iterator[str]:
    """What an example has that a fresh file has not: keys, and values of another kind; null is of every kind."""
    if isinstance(example, dict) and isinstance(fresh, dict):
        for key, value in example.items():
            yield from unlike(value, fresh[key], f"{where}.{key}") if key in fresh else [f"{where}.{key} is not there"]
    elif isinstance(example, list) and isinstance(fresh, list):
        for value in example:
            yield from unlike(value, fresh[0], f"{where}[]") if fresh else ()
    elif None not in (example, fresh) and not isinstance(example, type(fresh)) and not isinstance(fresh, type(example)):
        yield f"{where} is {type(example).__name__}, written is {type(fresh).__name__}"


def test_the_example_of_a_run_is_like_one_that_is_written() -> None:
    """Each key is there, and its value of the same kind."""
    assert list(unlike(RUN_JSON, run_from(case_of(), samples_of(case_of())).fields())) == []
    assert list(unlike({"case": {"ident": 1}}, RUN_JSON)) == [".case.ident is not there"]


def _later_run(path: Path) -> None:
    later = run_from(case_of(), samples_of(case_of())).fields() | {"format": run_file.FORMAT + 1}
    path.write_text(json.dumps(later | {"provenance": {"versions": {"tailgate": f"{__version__}9"}}}))
    read_run(path)


def _later_samples(path: Path) -> None:
    write_samples(samples_of(case_of()), path)
    path.write_bytes(path.read_bytes().replace(MAGIC, b"tailgate-samples 2\n", 1))
    read_samples(path)


def _later_ledger(path: Path) -> None:
    path.write_text('{"ledger": 2, "session": "x"}\n')
    ledger.read_ledger(path)


@pytest.mark.parametrize("wrote", [_later_run, _later_samples, _later_ledger], ids=lambda one: one.__name__)
def test_a_later_version_is_refused_with_what_to_do(wrote: Callable[[Path], None], tmp_path: Path) -> None:
    """The promise, its second half; the first is held by tests/unit/reporting/test_reader.py."""
    with pytest.raises((RecordError, SamplesError, TargetError), match=r"newer|later one"):
        wrote(tmp_path / "later")
