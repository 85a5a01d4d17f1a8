"""`tailgate judge RUN… --budget CLAUSE`: recorded runs against another budget, from their JSON alone, without new load.

Its JSON is one object: unread, a sentence for each file or run that cannot be read, and runs, a list of: file, case (its id),
target, started_at, outcome, reasons, and checks, each a limit as it was written, outcome, value with low and high (two-sided
95 % interval; null where the record does not tell), more_requests, provisional, and why it is undecided where more requests
would not help.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tailgate.errors import PlanError, RecordError, nearest
from tailgate.plan.budget import Budget

if TYPE_CHECKING:
    from tailgate.analysis.verdict import Check, Verdict
    from tailgate.reporting.plain import Plain
    from tailgate.reporting.run_file import Run

_EPILOG = """\
A PASS must hold with the most exceedances that the record leaves open, a FAIL with the least; what spoke against a run still does.
Exit codes: 0 all within budget, 1 one is over, 2 none is over, one is undecided, not trusted or not read, 4 wrong options, no run."""

_EXIT_CODES = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 2}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser."""
    parser.epilog = _EPILOG
    add = parser.add_argument
    add("files", type=Path, nargs="+", metavar="RUN.json|FOLDER", help="runs, benchmark JSON with runs in it, or folders of either")
    add("--budget", action="append", required=True, metavar="'p99 <= 50ms'", help="a limit to judge by; may be repeated")
    add("--case", metavar="ID", help="only runs of this case, by its id")
    add("--price", action="append", default=[], metavar="TYPE=USD", help="of an instance an hour, for a limit of the cost")
    add("--json", metavar="FILE|-", help="write the verdicts as one JSON object; '-' is standard output, and nothing else is")


def judge_again(options: argparse.Namespace) -> int:
    """Judge the runs, show what each comes to, and return the exit code. Raises PlanError or RecordError for bad input."""
    from tailgate.reporting.output import STANDARD_OUTPUT, check_output, output

    check_output(options.json)
    budget, prices = Budget.of(*options.budget), dict(map(_price, options.price))
    runs, complaints = _runs(options.files, options.case)
    judged = [(file, run, _judged(file, run, budget, prices)) for file, run in runs]
    for complaint in complaints:
        print(f"tailgate: {complaint}", file=sys.stderr)
    if options.json is not None:
        text = json.dumps({"runs": [_fields(*one) for one in judged], "unread": complaints}, allow_nan=False, ensure_ascii=False, indent=1)
        with output(options.json) as file:
            file.write(f"{text}\n")
    if options.json != STANDARD_OUTPUT:
        with output(STANDARD_OUTPUT) as file:
            file.write("\n\n".join(verdict.explain() for _, _, verdict in judged) + "\n")
    outcomes = {verdict.outcome.name for _, _, verdict in judged} | ({"INCONCLUSIVE"} if complaints else set())
    return next(_EXIT_CODES[name] for name in ("FAIL", "INCONCLUSIVE", "PASS") if name in outcomes)


def _runs(files: Sequence[Path], case: str | None) -> tuple[list[tuple[Path, Run]], tuple[str, ...]]:
    from tailgate.reporting.reader import files_of, read_runs

    found = read_runs(files_of(files)).some()
    runs = found.runs
    chosen = [(file, run) for file, run in runs if case is None or run.case.get("id") == case]
    if not chosen:
        raise RecordError(f"--case {case}: there is no run of it{nearest(str(case), {str(run.case.get('id')) for _, run in runs})}")
    return chosen, found.complaints


def _judged(file: Path, run: Run, budget: Budget, prices: dict[str, float]) -> Verdict:
    from tailgate.errors import TailgateError
    from tailgate.reporting.rejudge import rejudge

    try:
        return rejudge(run, budget, prices=prices)
    except PlanError as error:
        raise PlanError(f"{file}: {run.case.get('id')}: {error}") from None
    except TailgateError as error:
        raise RecordError(f"{file}: {run.case.get('id')}: {error}") from None


def _price(text: str) -> tuple[str, float]:
    from tailgate.plan.prices import check_prices

    instance_type, equals, usd = text.partition("=")
    try:
        priced = {instance_type.strip(): float(usd)}
    except ValueError:
        equals = ""
    if not equals:
        raise PlanError(f"--price '{text}' is no price; write an instance type and USD per hour, such as ml.c7i.xlarge=0.21")
    check_prices("--price", priced)
    return next(iter(priced.items()))


def _fields(file: Path, run: Run, verdict: Verdict) -> dict[str, Plain]:
    from tailgate.reporting.plain import plain

    fields: dict[str, object] = {
        "file": file,
        "case": run.case.get("id"),
        "target": verdict.target_kind,
        "started_at": run.provenance.get("started_at"),
        "outcome": verdict.outcome,
        "reasons": verdict.reasons,
        "checks": [_check(check) for check in verdict.checks],
    }
    return {name: plain(value) for name, value in fields.items()}


def _check(check: Check) -> dict[str, object]:
    estimate, decision = check.estimate, check.decision
    return {
        "limit": check.limit.source,
        "outcome": decision.outcome,
        "value": estimate.value if estimate else None,
        "low": estimate.low if estimate else None,
        "high": estimate.high if estimate else None,
        "more_requests": decision.more_requests,
        "provisional": decision.provisional,
        "why": check.why,
    }
