"""The reader: the runs in whatever files people name, and a sentence for what cannot be read; the one for all commands.

One bad file, or one bad run in a benchmark JSON, keeps nobody from the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tailgate.errors import RecordError
from tailgate.reporting.benchmark_json import recorded_in
from tailgate.reporting.run_file import Run, read_json


@dataclass(frozen=True, slots=True)
class Found:
    """What files hold. runs: each with its file, in the order of the files. complaints: a sentence each, of what cannot be read."""

    runs: tuple[tuple[Path, Run], ...]
    complaints: tuple[str, ...]

    def some(self) -> Found:
        """Itself, where there is a run. Raises RecordError with the complaints where there is none."""
        if not self.runs:
            raise RecordError("; ".join(self.complaints) or "there is no run in these folders; name what a tailgate session wrote")
        return self


def read_runs(files: Iterable[Path]) -> Found:
    """The runs of run files, and all those in benchmark JSON. Raises nothing: what is wrong is a complaint that names the file."""
    runs: list[tuple[Path, Run]] = []
    complaints: list[str] = []
    for path in files:
        for one in _in(path):
            if isinstance(one, Run):
                runs.append((path, one))
            else:
                complaints.append(one)
    return Found(tuple(runs), tuple(complaints))


def files_of(paths: Sequence[Path]) -> Iterator[Path]:
    """The files that were named, and those of JSON in folders that were, by name; what begins with a dot is not yet written.

    What is no file, such as a pipe that nobody writes to, is passed over in folders.
    """
    for path in paths:
        found = (one for one in path.rglob("[!.]*.json") if one.is_file() or one.is_symlink()) if path.is_dir() else (path,)
        yield from sorted(found)


def _in(path: Path) -> Iterator[Run | str]:
    """Its runs, and of what is none a sentence."""
    try:
        raw = read_json(path)
        if not (isinstance(raw, dict) and "benchmarks" in raw):
            yield Run.from_fields(raw, str(path), path)
            return
        documents = recorded_in(raw, path)
    except RecordError as error:
        yield str(error)
        return
    if not documents:
        others = len(raw["benchmarks"])
        whose = f"{others} benchmarks of others" if others else "no benchmark"
        yield f"{path} holds {whose}: there is no run of tailgate in it; name a file that a tailgate session wrote"
    for where, fields in documents:
        try:
            yield Run.from_fields(fields, where)
        except RecordError as error:
            yield str(error)
