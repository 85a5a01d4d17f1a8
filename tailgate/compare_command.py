"""`tailgate compare OLD NEW`: runs before and after, of the same cases, from their JSON alone."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tailgate.errors import PlanError
from tailgate.plan.vocabulary import check_metric
from tailgate.units import fraction

if TYPE_CHECKING:
    from tailgate.analysis.changes.before_after import Margins
    from tailgate.reporting.compared.comparison import Comparison
    from tailgate.reporting.compared.shown import Shown

_EPILOG = """\
Each side is a run, a benchmark JSON, or a folder of either; more files after NEW are of NEW. Several runs of a case a side are compared by
their means and by how much they vary; a run that stands on both sides is of NEW. Kinds of target are never compared with each other.
Exit codes: 0 no worse, 1 worse, 2 undecided, 4 wrong options, nothing to read, or runs that are not alike."""

_EXIT_CODES = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 2}
_NARROWEST, _PIPED = 60, 120


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser."""
    parser.epilog = _EPILOG
    add = parser.add_argument
    add("old", type=Path, metavar="OLD", help="runs before: a run file, a benchmark JSON, or a folder")
    add("new", type=Path, nargs="+", metavar="NEW", help="runs after, likewise")
    add("--case", action="append", default=[], metavar="ID", help="only this case, by its id; may be repeated")
    add("--metric", action="append", default=[], metavar="NAME", help="only this metric, such as p99; may be repeated")
    add("--least-effect", default="3%", metavar="SHARE", help="the change of a time, rate or cost that matters (3%%)")
    add("--least-share", default="0.5%", metavar="POINTS", help="the change of an error rate that matters, in points (0.5%%)")
    add(
        "--typical-spread",
        default="3%",
        metavar="SHARE",
        help="how much runs are taken to vary where it is not seen (3%%); 0%%: not at all",
    )
    add("--markdown", metavar="FILE|-", help="write it as Markdown; '-' is standard output, and nothing else is")
    add("--json", metavar="FILE|-", help="write it as one JSON object, likewise")
    add("--report", type=Path, metavar="FILE.html", help="write a page of all runs compared, with the comparison in it")


def compare(options: argparse.Namespace) -> int:
    """Compare, show, write what was asked for, and return the exit code. Raises PlanError or RecordError for bad input."""
    _check_outputs(options)
    for metric in options.metric:
        check_metric(metric, f"--metric {metric}")
    comparison = _compared(options, _margins(options))
    for complaint in (one for side in comparison.unread for one in side):
        print(f"tailgate: {complaint}", file=sys.stderr)
    _write(comparison, options)
    return _EXIT_CODES[comparison.outcome.name]


def _compared(options: argparse.Namespace, margins: Margins) -> Comparison:
    from dataclasses import replace

    from tailgate.reporting.compared.comparison import compared
    from tailgate.reporting.compared.matching import sides
    from tailgate.reporting.reader import files_of, read_runs

    found = [read_runs(files_of(_existing(paths))) for paths in ((options.old,), options.new)]
    for side in found:
        side.some()
    before, after = ([run for _, run in side.runs] for side in found)
    matched = sides(before, after, options.case)
    return replace(compared(matched, margins, options.metric), unread=(found[0].complaints, found[1].complaints))


def _existing(paths: Sequence[Path]) -> Sequence[Path]:
    for path in paths:
        if path.is_dir() and not any(path.rglob("*.json")):
            raise PlanError(f"{path} holds no JSON file; name a folder that tailgate wrote runs or benchmark JSON to")
    return paths


def _margins(options: argparse.Namespace) -> Margins:
    from tailgate.analysis.changes.before_after import Margins

    def share(name: str) -> float:
        try:
            return fraction(getattr(options, name))
        except PlanError as error:
            raise PlanError(f"--{name.replace('_', '-')}: {error}") from None

    return Margins(share("least_effect"), share("least_share"), share("typical_spread"))


def _check_outputs(options: argparse.Namespace) -> None:
    from tailgate.reporting.output import STANDARD_OUTPUT, check_output

    outputs = [options.markdown, options.json]
    if outputs == [STANDARD_OUTPUT] * 2:
        raise PlanError("--markdown - and --json - would both write to standard output; give one of them a file")
    for name in outputs:
        check_output(name)
        if name not in (None, STANDARD_OUTPUT) and any(_same(Path(name), path) for path in (options.old, *options.new)):
            raise PlanError(f"{name} is one of the files that are compared, and would be lost; name another one")
    check_output(options.report)
    if options.report is not None and options.report.suffix.lower() not in {".html", ".htm"}:
        raise PlanError(f"--report {options.report} does not end in .html, and might be a record; name a page, such as compared.html")


def _same(path: Path, other: Path) -> bool:
    return path.resolve() == other.resolve()


def _write(comparison: Comparison, options: argparse.Namespace) -> None:
    import json

    from tailgate.reporting.compared.fields import fields_of
    from tailgate.reporting.compared.markdown import page
    from tailgate.reporting.compared.shown import shown_in
    from tailgate.reporting.output import STANDARD_OUTPUT, output

    told = shown_in(comparison)
    if STANDARD_OUTPUT not in (options.markdown, options.json):
        _print(told)
    if options.markdown is not None:
        with output(options.markdown) as file:
            file.write(page(told))
    if options.json is not None:
        with output(options.json) as file:
            file.write(json.dumps(fields_of(comparison), allow_nan=False, ensure_ascii=False, indent=1) + "\n")
    if options.report is not None:
        from tailgate.reporting.report import written

        written(comparison.runs, options.report, [one for side in comparison.unread for one in side], compared=told)


def _print(told: Shown) -> None:
    """For the terminal there is, else as wide as a log is."""
    import shutil

    from tailgate.reporting.compared.terminal import text
    from tailgate.reporting.output import STANDARD_OUTPUT, output

    on_terminal = sys.stdout.isatty()
    width = max(_NARROWEST, shutil.get_terminal_size().columns) if on_terminal else _PIPED
    with output(STANDARD_OUTPUT) as file:
        file.write(text(told, width=width, styled=on_terminal and "NO_COLOR" not in os.environ))
