"""The `tailgate` command. Exit codes: 0 pass or done, 1 fail, 2 inconclusive, invalid or not all read, 4 usage, 130 interrupted.

Adding a verb: one function that declares its arguments, one that takes the parsed ones and returns an exit code, and
one row in VERBS. What a verb does lives in its own room; here it is only called, and imported only then.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tailgate import __version__
from tailgate.errors import PlanError, TailgateError

DONE, PARTLY, USAGE, INTERRUPTED = 0, 2, 4, 130


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing the command can do. declare: adds its arguments to a parser. run: does it and returns the exit code."""

    name: str
    summary: str
    declare: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


class _Parser(argparse.ArgumentParser):
    """Wrong usage is one line and exit code 4, as under pytest; argparse's own 2 here means inconclusive."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with the given arguments (the process's own by default) and return its exit code."""
    code = DONE
    _open_what_is_closed()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that lacks a sign is no reason for a traceback
    try:
        options = _parser().parse_args(arguments)
        code = options.run(options)
        sys.stdout.flush()
    except TailgateError as error:
        return _complain(" ".join(str(error).split()))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        from tailgate.reporting.output import forget_output

        forget_output()
    except OSError as error:
        return _complain(f"{error.filename or 'output'}: {error.strerror}")
    return code


def _complain(sentence: str) -> int:
    print(f"tailgate: {sentence}", file=sys.stderr)
    return USAGE


def _open_what_is_closed() -> None:
    """Standard output and error that were closed, as by `>&-`, lead nowhere; else there is none to print to."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  # for as long as the process lives


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="tailgate", description="Gate deployments of SageMaker real-time endpoints on tail latency.")
    parser.add_argument("--version", action="version", version=f"tailgate {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True, title="verbs")
    for verb in VERBS:
        one = verbs.add_parser(verb.name, help=verb.summary, description=verb.summary)
        verb.declare(one)
        one.set_defaults(run=verb.run)
    return parser


def _declare_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="RUN.json|SAMPLES", help="a run, or a samples file")
    parser.add_argument("-o", "--output", default="-", metavar="OUT.csv", help="where to write; '-' is standard output (default)")


def _export(options: argparse.Namespace) -> int:
    from tailgate.reporting.csv_export import is_record, samples_in, write_csv
    from tailgate.reporting.output import output

    samples = samples_in(options.file)
    if options.output != "-" and Path(options.output).is_file() and is_record(Path(options.output)):
        raise PlanError(f"{options.output} is itself a run or its samples, and would be lost; name another file with -o")
    with output(options.output) as file:
        write_csv(samples, file)
    return DONE


def _declare_show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", type=Path, nargs="+", metavar="RUN.json|FOLDER", help="runs, benchmark JSON with runs in it, or folders of either"
    )
    parser.add_argument("--markdown", action="store_true", help="as a page in Markdown: verdict, table, explanations, differences")


def _show(options: argparse.Namespace) -> int:
    from tailgate.reporting.reader import files_of, read_runs
    from tailgate.reporting.show import described

    found = read_runs(files_of(options.files)).some()
    for complaint in found.complaints:
        _complain(complaint)
    runs = [run for _, run in found.runs]
    if options.markdown:
        from tailgate.reporting.markdown import page

        print(page(runs, found.complaints), end="")
    else:
        print("\n\n".join(map(described, runs)))
    return PARTLY if found.complaints else DONE


def _declare_judge(parser: argparse.ArgumentParser) -> None:
    from tailgate.judge_command import declare

    declare(parser)


def _judge(options: argparse.Namespace) -> int:
    from tailgate.judge_command import judge_again

    return judge_again(options)


def _declare_drive(parser: argparse.ArgumentParser) -> None:
    from tailgate.drive_options import declare

    declare(parser)


def _drive(options: argparse.Namespace) -> int:
    from tailgate.drive_command import drive_url

    return drive_url(options)


def _declare_compare(parser: argparse.ArgumentParser) -> None:
    from tailgate.compare_command import declare

    declare(parser)


def _compare(options: argparse.Namespace) -> int:
    from tailgate.compare_command import compare

    return compare(options)


def _declare_report(parser: argparse.ArgumentParser) -> None:
    from tailgate.report_command import declare

    declare(parser)


def _report(options: argparse.Namespace) -> int:
    from tailgate.report_command import report

    return report(options)


def _declare_sweep(parser: argparse.ArgumentParser) -> None:
    from tailgate.sweep_command import declare

    declare(parser)


def _sweep(options: argparse.Namespace) -> int:
    from tailgate.sweep_command import sweep

    return sweep(options)


def _declare_trend(parser: argparse.ArgumentParser) -> None:
    from tailgate.trend_command import declare

    declare(parser)


def _trend(options: argparse.Namespace) -> int:
    from tailgate.trend_command import trend

    return trend(options)


VERBS = (
    Verb("compare", "Compare recorded runs with earlier ones of the same cases.", _declare_compare, _compare),
    Verb("drive", "Measure a URL's latency under load.", _declare_drive, _drive),
    Verb("export", "Write a run's raw samples as CSV, one request a line.", _declare_export, _export),
    Verb("judge", "Judge recorded runs against another budget, without new load.", _declare_judge, _judge),
    Verb("report", "Write recorded runs as one HTML page.", _declare_report, _report),
    Verb("show", "Print the verdict and the estimates of recorded runs again.", _declare_show, _show),
    Verb("sweep", "Find what sessions left on AWS, and delete what is due.", _declare_sweep, _sweep),
    Verb("trend", "Show each case's history, and which run moved it.", _declare_trend, _trend),
)
