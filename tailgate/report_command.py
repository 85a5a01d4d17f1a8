"""`tailgate report RUN… -o report.html`: recorded runs as one HTML page, from their JSON alone."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tailgate.errors import PlanError, RecordError

if TYPE_CHECKING:
    from tailgate.reporting.run_file import Run

_EPILOG = """\
The page opens from disk and asks no network. Of each case the newest run counts; earlier ones stand in its table and history.
Exit codes: 0 written, 4 wrong options or no run that can be read; files that cannot be read are named, in the page too."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser."""
    parser.epilog = _EPILOG
    add = parser.add_argument
    add("files", type=Path, nargs="+", metavar="RUN.json|FOLDER", help="runs, benchmark JSON with runs in it, or folders of either")
    add("-o", "--output", type=Path, default=Path("report.html"), metavar="FILE.html", help="where to write it (default: report.html)")


def report(options: argparse.Namespace) -> int:
    """Write the page, name what could not be read, and return the exit code. Raises PlanError or RecordError for bad input."""
    from tailgate.reporting.report import written

    output: Path = options.output
    if output.is_dir():
        raise PlanError(f"{output} is a folder; name a file with -o, such as {output / 'report.html'}")
    if output.suffix.lower() not in {".html", ".htm"}:
        raise PlanError(f"{output} does not end in .html, and might be a record; name the page with -o, such as report.html")
    runs, complaints = readable(options.files)
    for complaint in complaints:
        print(f"tailgate: {complaint}", file=sys.stderr)
    if not runs:
        raise RecordError("none of these files has a run that can be read; name what a tailgate session wrote")
    print(written(runs, output, complaints))
    return 0


def readable(paths: Sequence[Path]) -> tuple[list[Run], list[str]]:
    """The runs in files and folders, each once, and a sentence for each file that cannot be read."""
    from tailgate.reporting.reader import files_of, read_runs
    from tailgate.reporting.recorded import which

    found = read_runs(files_of(paths))
    once = {which(run): run for _, run in reversed(found.runs)}
    return [*reversed(once.values())], [*found.complaints]
