"""Recorded runs: those in a folder's newest benchmark JSON files that may teach something of a case."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tailgate.errors import RecordError
from tailgate.reporting.durable import written_durably
from tailgate.reporting.reader import read_runs
from tailgate.reporting.run_file import Run
from tailgate.reporting.session_folder import BENCHMARKS


def benchmarks_folder(folder: Path) -> Path:
    """Where benchmark JSON lies in a history: in a reports folder below it, elsewhere in the folder itself."""
    below = folder / BENCHMARKS
    return below if below.is_dir() else folder


def newest_runs(folder: Path, most_files: int) -> list[Run]:
    """The runs in the newest files below a folder, newest first; files that cannot be read are passed over."""
    return sorted((run for path in _newest(folder, most_files) for run in _readable(path)), key=began, reverse=True)


def keep_copy(saved: Path | None, history: Path | None) -> None:
    """Copy a benchmark JSON into a history, in a folder named like its own; nothing where either is None. Raises RecordError.

    A file that is there already, of which it is the copy or the original, stays as it is.
    """
    if saved is None or history is None:
        return
    copy = benchmarks_folder(history) / saved.parent.name / saved.name
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        while copy.exists():
            if copy.read_bytes() == saved.read_bytes():
                return
            copy = copy.with_stem(f"{copy.stem}_")
        with written_durably(copy) as file:
            file.write(saved.read_bytes())
    except OSError as error:
        raise RecordError(f"{saved} cannot be copied into the history {history} ({error}); copy it there yourself") from None


def trusted(runs: Iterable[Run]) -> list[Run]:
    """Those of them that were trusted."""
    return [run for run in runs if not run.verdict.get("reasons")]


def began(run: Run) -> str:
    """When it began: ISO 8601, UTC, which sorts as text."""
    return str(run.provenance.get("started_at"))


def kept(run: Run) -> tuple[str, str, str]:
    """What makes runs comparable: case key, target kind, vantage."""
    return str(run.case.get("key")), str(run.provenance.get("target")), str(run.provenance.get("vantage"))


def which(run: Run) -> tuple[object, ...]:
    """What tells runs apart: one that stands in two files is one run."""
    return run.provenance.get("session"), run.samples, began(run), *kept(run)


def _newest(folder: Path, most_files: int) -> list[Path]:
    """Its newest files by their time of change; those that vanish meanwhile are passed over."""
    timed = []
    for path in folder.rglob("*.json"):
        try:
            timed.append((path.stat().st_mtime_ns, path))
        except OSError:
            continue
    return [path for _, path in sorted(timed, reverse=True)[:most_files]]


def _readable(path: Path) -> list[Run]:
    return [run for _, run in read_runs([path]).runs]
