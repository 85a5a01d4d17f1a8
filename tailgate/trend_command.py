"""`tailgate trend DIR`: the history of each case in recorded runs, from their JSON alone, and which run moved it."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tailgate.errors import PlanError, RecordError, nearest

if TYPE_CHECKING:
    from tailgate.reporting.run_file import Run
    from tailgate.reporting.trend.lines import CaseTrend

_EPILOG = """\
Lines hold comparable runs only: the same case (endpoint, instances, path, load, payload), kind of target and vantage. A run is slower
where it lies above the band that those before it give; a case has moved where two in a row do, or a slower level begins.
Exit codes: 0 shown, 1 with --fail-on-change where it takes the newest run of a case to say that it is slower, 2 with it where none does
but a file cannot be read, 4 wrong options or no run that can be read; files that cannot be read are named."""
_MOST = 50
_MOVED, _PARTLY = 1, 2


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser."""
    parser.epilog = _EPILOG
    add = parser.add_argument
    add("files", type=Path, nargs="+", metavar="FOLDER|FILE", help="folders of runs or benchmark JSON, or such files")
    add("--last", type=int, default=_MOST, metavar="N", help=f"at most so many runs of a case, the newest ({_MOST})")
    add("--case", action="append", metavar="ID", help="only this case, by its id; may be repeated")
    add("--metric", action="append", metavar="p99", help="this percentile or mean (p50, p99, and what the budget limits); may be repeated")
    add("--markdown", metavar="FILE|-", help="write it as Markdown; '-' is standard output, and nothing else is")
    add("--json", metavar="FILE|-", help="write it as one JSON object, likewise")
    add("--report", type=Path, metavar="FILE.html", help="write the runs as a page, with their histories as figures")
    add("--fail-on-change", action="store_true", help="exit with 1 where a case is slower by its newest run")


def trend(options: argparse.Namespace) -> int:
    """Show the lines, name what could not be read, and return the exit code. Raises PlanError or RecordError for bad input."""
    from tailgate.reporting.trend.lines import trends

    _check(options)
    found, complaints = _found(options)
    for complaint in complaints:
        print(f"tailgate: {complaint}", file=sys.stderr)
    cases = trends(found, most=options.last, metrics=options.metric and list(dict.fromkeys(options.metric)))
    if not cases:
        raise RecordError(_why_none(options, [run for _, run in found]))
    _write(options, cases, complaints)
    if options.report is not None:
        from tailgate.reporting.report import written

        shown = {place for case in cases for line in case.lines for place in (point.run for point in line.told.points)}
        page = written([found[place][1] for place in sorted(shown)], options.report, complaints)
        print(page, file=sys.stderr if _piped(options) else sys.stdout)
    return _code(cases, complaints) if options.fail_on_change else 0


def _code(cases: Sequence[CaseTrend], complaints: Sequence[str]) -> int:
    """Of a gate: what could not be read may have held the run that moved it."""
    return _MOVED if any(case.moved for case in cases) else _PARTLY if complaints else 0


def _check(options: argparse.Namespace) -> None:
    """Refuse what cannot be meant, before anything is read. Raises PlanError."""
    from tailgate.plan.vocabulary import TIME, check_metric, unit_of
    from tailgate.reporting.output import STANDARD_OUTPUT, check_output

    for metric in options.metric or ():
        check_metric(metric, "--metric")
        if unit_of(metric) is not TIME:
            raise PlanError(f"--metric {metric}: it is no time, and only times have a band; name a percentile, or mean")
    if options.last < 2:
        raise PlanError(f"--last is {options.last}; a trend takes 2 runs at least")
    if options.markdown == options.json == STANDARD_OUTPUT:
        raise PlanError("--markdown and --json: only one of them can be standard output; name a file for the other")
    check_output(options.markdown)
    check_output(options.json)
    page: Path | None = options.report
    if page is not None:
        check_output(page)
        if page.suffix.lower() not in {".html", ".htm"}:
            raise PlanError(f"--report {page} does not end in .html, and might be a record; name the page, such as trend.html")


def _found(options: argparse.Namespace) -> tuple[list[tuple[Path, Run]], tuple[str, ...]]:
    """The runs of the chosen cases with their files, each once, in time; and a sentence for what cannot be read. Raises RecordError."""
    from tailgate.reporting.reader import files_of, read_runs
    from tailgate.reporting.recorded import began, which

    found = read_runs(files_of(options.files))
    if not found.runs:
        raise RecordError("; ".join(found.complaints) or "there is no run in these folders; name what a tailgate session wrote")
    once = {which(run): (path, run) for path, run in found.runs}
    runs = sorted(once.values(), key=lambda pair: began(pair[1]))
    if options.case:
        known = {str(run.case.get("id")) for _, run in runs}
        for case in options.case:
            if case not in known:
                raise RecordError(f"--case {case}: there is no run of it{nearest(case, known)}")
        runs = [(path, run) for path, run in runs if run.case.get("id") in options.case]
    return runs, found.complaints


def _why_none(options: argparse.Namespace, runs: Sequence[Run]) -> str:
    """Why there is no line: what was asked for stands in no record."""
    known = {str(one.get("metric")) for run in runs for one in run.estimates if isinstance(one, dict)}
    asked = ", ".join(options.metric or ("p50 or p99",))
    return f"no run records {asked}; recorded are {', '.join(sorted(known)) or 'no estimates'}"


def _write(options: argparse.Namespace, cases: Sequence[CaseTrend], complaints: Sequence[str]) -> None:
    from tailgate.reporting.output import STANDARD_OUTPUT, output
    from tailgate.reporting.trend.document import document
    from tailgate.reporting.trend.markdown import markdown
    from tailgate.reporting.trend.table import terminal

    for name, made in ((options.markdown, markdown), (options.json, document)):
        if name is not None:
            with output(name) as file:
                file.write(made(cases, complaints))
    if not _piped(options):
        columns = shutil.get_terminal_size((120, 24)).columns
        with output(STANDARD_OUTPUT) as file:
            file.write(terminal(cases, width=columns, styled=sys.stdout.isatty() and "NO_COLOR" not in os.environ))


def _piped(options: argparse.Namespace) -> bool:
    """Whether standard output is taken by what was asked to be written there."""
    return "-" in (options.markdown, options.json)
