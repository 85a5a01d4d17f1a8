"""A session in Markdown, for a job's summary and a pull request's comment: the verdict first, then what it rests on.

GitHub shows at most 1 MiB of a step's summary and 65 536 characters of a comment; what is beyond is cut, and a line says so.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tailgate.errors import RecordError
from tailgate.reporting.baseline import last_of_repeats
from tailgate.reporting.durable import written_durably
from tailgate.reporting.markdown_text import cut, folded, name, table, text, verbatim
from tailgate.reporting.notes import KIND_NOTES, notes_below
from tailgate.reporting.numbers import (
    UNKNOWN,
    change_shown,
    end_shown,
    failed_of,
    interval_in,
    interval_of,
    outcome_of,
    outcome_shown,
    provisional,
    requests_of,
    shown,
)
from tailgate.reporting.pairs import asked_of, difference_shown, pair_of
from tailgate.reporting.paths import path_differences
from tailgate.reporting.plain import Plain
from tailgate.reporting.platform import cost_line, time_lines
from tailgate.reporting.recorded import began
from tailgate.reporting.run_file import Run

MOST_SUMMARY_BYTES, MOST_COMMENT_BYTES = 2**20, 65_536
SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
"""Names the file that GitHub Actions shows as the step's summary."""

_WORST_FIRST = ("FAIL", "INCONCLUSIVE", "PASS")


def pieces(
    runs: Sequence[Run], *, failures: Mapping[str, str] | None = None, said: Sequence[str] = (), left: Sequence[str] = ()
) -> list[str]:
    """The page in pieces that can be cut between. failures: by test, the text of those that failed; said: further lines, such as of
    the session's cost; left: what it left behind, or could not record.
    """
    told = failures or {}
    counting = last_of_repeats(sorted(runs, key=began))
    return [
        *_verdict(counting, told),
        *_kinds(runs),
        *(f"**Left**: {text(sentence)}\n\n" for sentence in left),
        *_cases(runs, counting),
        *_explanations(counting, told),
        *_pairs(counting),
        *_changes(counting),
        *_lines(runs, said),
        *_origin(runs),
    ]


def page(runs: Sequence[Run], left: Sequence[str] = ()) -> str:
    """All of it, uncut: what `tailgate show --markdown` prints."""
    return "".join(pieces(runs, left=left))


def written_summary(parts: Sequence[str], path: Path) -> None:
    """Write what a pull request's comment can hold. Raises RecordError."""
    try:
        with written_durably(path) as file:
            file.write(cut(parts, MOST_COMMENT_BYTES, _rest).encode())
    except OSError as error:
        raise RecordError(f"{path} cannot be written ({error}); the runs are recorded all the same") from None


def append_summary(parts: Sequence[str], environment: Mapping[str, str] = os.environ) -> None:
    """Add it to the job's summary, where there is one, within what that can still hold. Raises RecordError."""
    path = environment.get(SUMMARY_VARIABLE)
    if not path:
        return
    try:
        with Path(path).open("ab") as file:
            begun = file.tell()
            start = ["\n\n"] if begun else []
            file.write(cut([*start, *parts], MOST_SUMMARY_BYTES - begun, _rest).encode())
    except OSError as error:
        raise RecordError(f"{SUMMARY_VARIABLE} names {path}, which cannot be written ({error.strerror}); the runs are recorded") from None


def _rest(count: int) -> str:
    return f"**Cut here**: {count} more lines and explanations did not fit; `tailgate show --markdown` prints them all.\n"


def _verdict(counting: Sequence[Run], failures: Mapping[str, str]) -> Iterator[str]:
    """The outcome as a heading, and in a sentence what it is made of."""
    outcomes = [outcome_of(run) for run in counting]
    margins = [outcome_shown(run, margin.outcome) for run, _, margin in asked_of(counting)]
    worst = next((one for word in _WORST_FIRST for one in (*outcomes, *margins) if one.endswith(word)), "no run was made")
    tests = f"{len(failures)} {'test' if len(failures) == 1 else 'tests'} failed" if failures else ""
    yield f"## Tail latency: {tests if tests and not worst.endswith(_WORST_FIRST[:2]) else worst}\n\n"
    of_all = [_counted(outcomes, "case") if counting else "No run was made", *([_counted(margins, "margin")] if margins else [])]
    yield f"{'; '.join([*of_all, *([tests] if tests else [])])}.\n\n"


def _counted(outcomes: Sequence[str], what: str) -> str:
    """`3 cases: 2 PASS, 1 FAIL`."""
    counts = [f"{outcomes.count(one)} {one}" for one in dict.fromkeys(outcomes)]
    return f"{len(outcomes)} {what if len(outcomes) == 1 else f'{what}s'}: {', '.join(counts)}"


def _kinds(runs: Sequence[Run]) -> Iterator[str]:
    """In plain sight, what the target was that answered, and whom that says nothing of."""
    kinds = dict.fromkeys(str(run.provenance.get("target")) for run in runs)
    yield from (f"> Target {text(KIND_NOTES[kind]) if kind in KIND_NOTES else name(kind)}\n\n" for kind in kinds)


def _cases(runs: Sequence[Run], counting: Sequence[Run]) -> list[str]:
    head = ["case", "verdict", " n", " p50 [95 %]", " p99 [95 %]", "budget", " errors", "target"]
    return table(head, [_row(run, superseded=not any(run is one for one in counting)) for run in runs])


def _row(run: Run, *, superseded: bool) -> list[str]:
    outcome = f"**{text(outcome_of(run))}**{text('*') if provisional(run) else ''}"
    times = [str(interval_of(run, metric) or UNKNOWN) for metric in ("p50", "p99")]
    budget = "<br>".join(_check(run, check) for check in _mappings(run.verdict.get("checks")))
    again = f"{outcome} (measured again)" if superseded else outcome
    return [name(run.case.get("id")), again, requests_of(run), *times, budget, failed_of(run), text(run.provenance.get("target"))]


def _check(run: Run, check: Mapping[str, object]) -> str:
    """A limit, what the run came to, and whether it keeps it."""
    limit, decision, estimate = (_mapping(check.get(part)) for part in ("limit", "decision", "estimate"))
    value = f"{interval_in(str(limit.get('metric')), estimate)} " if estimate else ""
    return f"{name(limit.get('source'))} {value}{text(outcome_shown(run, decision.get('outcome')))}"


def _explanations(counting: Sequence[Run], failures: Mapping[str, str]) -> Iterator[str]:
    """Of each run that did not pass, of arms of which a margin was not shown, and of each test whose failure none of those explains."""
    runs = [run for run in counting if run.verdict.get("outcome") != "PASS"]
    explained = [(f"{text(outcome_of(run))}: {name(run.case.get('id'))}", str(run.verdict.get("explanation"))) for run in runs]
    missed = {id(run): (run, what) for run, what, margin in asked_of(counting) if margin.outcome != "PASS"}
    explained += [(f"not shown: {name(what)}", str(run.pair.get("explanation"))) for run, what in missed.values()]
    yield from (folded(summary, verbatim(words)) for summary, words in explained)
    for test, words in failures.items():
        if not any(_flowing(explanation) in _flowing(words) for _, explanation in explained):  # pytest indents what it quotes
            yield folded(f"failed: {name(test)}", verbatim(words))


def _flowing(words: str) -> str:
    return " ".join(words.split())


def _pairs(counting: Sequence[Run]) -> list[str]:
    """What two arms of one run differ by."""
    rows = [
        [name(f"{second} minus {first}"), name(run.case.get("instance_type")), text(metric), *_arms(metric, one), difference_shown(one)]
        for run in counting
        if (pair := pair_of(run)) is not None
        for first, second, differences in [pair]
        for metric, one in differences.items()
    ]
    found = table(["in one run", "on", "metric", " first", " second", " difference [95 %]"], rows)
    margins = [
        [name(what), text(f"{margin.metric} no worse than {end_shown(margin.metric, margin.margin_s)}"), _bold(run, margin.outcome)]
        for run, what, margin in asked_of(counting)
    ]
    return [*found, *table(["in one run", "asked", "outcome"], margins), *(f"{text(line)}\n\n" for line in path_differences(counting))]


def _bold(run: Run, outcome: str) -> str:
    return f"**{text(outcome_shown(run, outcome))}**"


def _arms(metric: str, difference: Mapping[str, object]) -> list[str]:
    return [shown(metric, difference.get(arm)) for arm in ("first_s", "second_s")]


def _changes(counting: Sequence[Run]) -> list[str]:
    """What a baseline says of each time."""
    rows = []
    for run in counting:
        for one in _mappings(run.verdict.get("changes")):
            metric, change = str(one.get("metric")), _mapping(one.get("change"))
            again = one.get("repeat_s") is not None
            now, relative = (one.get("repeat_s"), change.get("repeat_relative")) if again else (one.get("newest_s"), change.get("relative"))
            before = UNKNOWN if change.get("expected_s") is None else shown(metric, change.get("expected_s"))
            told = [before, shown(metric, now), change_shown(relative), text(outcome_shown(run, change.get("outcome")))]
            rows.append([name(run.case.get("id")), name(one.get("baseline")), text(metric), *told])
    return table(["case", "against", "metric", " before", " now", " change", "outcome"], rows)


def _lines(runs: Sequence[Run], said: Sequence[str]) -> list[str]:
    costs = [f"{run.case.get('id')}: {line}" for run in runs for line in cost_line(run)]
    kinds = set(KIND_NOTES.values())
    notes = [note for note in notes_below(runs) if note not in kinds]
    told = [*time_lines(runs), *costs, *said, *notes]
    return [*(f"- {text(line)}\n" for line in told), *(["\n"] if told else [])]


def _origin(runs: Sequence[Run]) -> Iterator[str]:
    """Where it comes from, once for runs that have it in common."""
    names = ("branch", "commit", "region", "vantage")
    origins = [", ".join(f"{one} {name(run.provenance[one])}" for one in names if run.provenance.get(one)) for run in runs]
    yield from (f"{origin}\n\n" for origin in dict.fromkeys(origins) if origin)


def _mapping(value: object) -> Mapping[str, Plain]:
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> list[Mapping[str, Plain]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
