"""What a comparison says, as text in rows and lines: the one place for terminal, Markdown and page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tailgate.analysis.changes.before_after import BeforeAfter
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.wording import EMULATED
from tailgate.plan.vocabulary import SHARE, unit_of
from tailgate.reporting.compared.comparison import WORST_FIRST, ComparedCase, Comparison
from tailgate.reporting.notes import KIND_NOTES
from tailgate.reporting.numbers import UNKNOWN, count_shown, difference_in, relative_in, shown
from tailgate.reporting.recorded import began
from tailgate.reporting.run_file import Run

_COMMIT_DIGITS = 12
_MOST_NAMED = 3
_MOST_REASON = 140


class Row(NamedTuple):
    """One metric. difference: in its unit, of shares in points; relative: as a share, – of shares. decides: whether it counts."""

    metric: str
    before: str
    after: str
    difference: str
    relative: str
    outcome: str
    decides: bool

    @property
    def change(self) -> str:
        """The one of the two that says most where there is room for one."""
        return self.difference if self.relative == UNKNOWN else self.relative


@dataclass(frozen=True, slots=True)
class CaseShown:
    """One case. outcome: PASS, FAIL or INCONCLUSIVE; word: `worse`, `emulated no worse`. lines: what has to be said beside the rows."""

    name: str
    outcome: Outcome
    word: str
    rows: tuple[Row, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """All of it. sentence: the verdict. cases: the worst first. notes: what holds for all cases, and what was not compared."""

    outcome: Outcome
    sentence: str
    cases: tuple[CaseShown, ...]
    notes: tuple[str, ...]


def shown_in(comparison: Comparison) -> Shown:
    """A comparison as people read it."""
    ordered = sorted(comparison.cases, key=lambda case: WORST_FIRST.index(case.outcome))
    cases = tuple(map(_case, ordered))
    return Shown(comparison.outcome, _sentence(comparison, ordered, cases), cases, tuple(_notes(comparison)))


def word_of(outcome: Outcome, *, better: bool) -> str:
    """`worse`, `undecided`, `better` or `no worse`."""
    return {Outcome.FAIL: "worse", Outcome.INCONCLUSIVE: "undecided"}.get(outcome, "better" if better else "no worse")


def name_of(run: Run) -> str:
    """A case's id; of an arm, beside which other."""
    cases, arm = run.pair.get("cases"), run.pair.get("arm")
    beside = f", beside {cases[1 - arm]}" if isinstance(cases, list) and len(cases) == 2 and isinstance(arm, int) and arm in (0, 1) else ""
    return f"{run.case.get('id')}{beside}"


def _case(case: ComparedCase) -> CaseShown:
    emulated = "emulated " if case.newest.provenance.get("target") == EMULATED else ""
    rows = tuple(_row(one, case) for one in case.metrics)
    word = f"{emulated}{word_of(case.outcome, better=case.better)}"
    return CaseShown(name_of(case.newest), case.outcome, word, rows, tuple(_lines(case)))


def _row(one: BeforeAfter, case: ComparedCase) -> Row:
    before, after = (UNKNOWN if value is None else shown(one.metric, value) for value in (one.before, one.after))
    share = unit_of(one.metric) is SHARE
    relative = UNKNOWN if share else relative_in(one.relative, one.relative_low, one.relative_high)
    decides = one.metric in case.deciding
    outcome = word_of(one.outcome, better=one.better)
    return Row(one.metric, before, after, difference_in(one.metric, one.difference, one.low, one.high), relative, outcome, decides)


def _sentence(comparison: Comparison, compared: Sequence[ComparedCase], cases: Sequence[CaseShown]) -> str:
    of_all = f" of {len(cases)} cases" if len(cases) > 1 else ""
    for outcome in WORST_FIRST[:2]:
        those = [_told(case, one) for case, one in zip(compared, cases, strict=True) if one.outcome is outcome]
        if those:
            word = next(one.word for one in cases if one.outcome is outcome)
            count = f" in {len(those)}{of_all}" if of_all else ""
            more = f"; and {len(those) - _MOST_NAMED} more" if len(those) > _MOST_NAMED else ""
            return f"{word}{count}: {'; '.join(those[:_MOST_NAMED])}{more}"
    if comparison.outcome is Outcome.INCONCLUSIVE:
        return f"undecided: what could be read is no worse, but not all files after could be read ({len(comparison.unread[1])} not)"
    better = [one.name for one in cases if one.word.endswith("better")]
    faster = f"; better: {', '.join(better[:_MOST_NAMED])}{' …' if len(better) > _MOST_NAMED else ''}" if better and len(cases) > 1 else ""
    return (
        f"{cases[0].word if len(cases) == 1 else _kept(cases)}: {cases[0].name if len(cases) == 1 else f'all {len(cases)} cases'}{faster}"
    )


def _kept(cases: Sequence[CaseShown]) -> str:
    return "emulated no worse" if all(one.word.startswith("emulated") for one in cases) else "no worse"


def _told(case: ComparedCase, one: CaseShown) -> str:
    """A case, and the metrics for which it is as it is, each with its change."""
    rows = [row for row, metric in zip(one.rows, case.metrics, strict=True) if row.decides and metric.outcome is case.outcome]
    said = ", ".join(f"{row.metric} {row.change.partition(' [')[0]}" for row in rows)
    return f"{one.name} ({said or 'no trusted run on one side'})"


def _lines(case: ComparedCase) -> Iterator[str]:
    yield f"before: {_runs(case.before, case.left_out[0])}; after: {_runs(case.after, case.left_out[1])}"
    for one in case.metrics:
        if one.outcome is Outcome.INCONCLUSIVE and one.metric in case.deciding:
            yield f"undecided: {one.metric}: {_why(one)}"
    for side, runs, left in (("before", case.before, case.left_out[0]), ("after", case.after, case.left_out[1])):
        if not runs:
            yield f"undecided: no run {side} could be trusted: {_shortened(left[-1].verdict.get('reasons'))}; measure again"


def _shortened(reasons: object) -> str:
    first = str(reasons[0]) if isinstance(reasons, list) and reasons else "it does not say why"
    return first if len(first) <= _MOST_REASON else f"{first[:_MOST_REASON]}…"


def _why(one: BeforeAfter) -> str:
    if one.why:
        return one.why
    if one.runs_to_settle:
        return f"about {one.runs_to_settle} runs like these on each side would settle it"
    if unit_of(one.metric) is SHARE:
        return "the interval reaches beyond what matters; longer runs, or more of them, would settle it"
    return "too close to what matters for a useful number of runs to settle it; a larger --least-effect would"


def _runs(runs: Sequence[Run], left_out: Sequence[Run]) -> str:
    """`3 runs, 2026-11-20 to 2026-11-22, commit 0a1b2c3d4e5f`."""
    left = f" ({len(left_out)} more not trusted)" if left_out else ""
    if not runs:
        return f"no run{left}"
    days = sorted({began(run)[:10] for run in runs})
    commits = list(dict.fromkeys(str(run.provenance["commit"])[:_COMMIT_DIGITS] for run in runs if run.provenance.get("commit")))
    commit = f", commit {commits[0]}" if len(commits) == 1 else f", {len(commits)} commits" if commits else ""
    requests = sum(count for run in runs if isinstance(count := run.requests.get("judged"), int))
    span = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return f"{len(runs)} {'run' if len(runs) == 1 else 'runs'}{left}, {count_shown(requests)} requests, {span}{commit}"


def _notes(comparison: Comparison) -> Iterator[str]:
    margins = comparison.margins
    effect, share = shown("error_rate", margins.least_effect), shown("error_rate", margins.least_share).replace(" %", " points")
    yield f"worse, better: by more than {effect} (shares of requests {share}), at 95 % confidence; no worse: by less; * does not decide"
    spread = shown("error_rate", margins.typical_spread)
    if any(len(case.before) == len(case.after) == 1 for case in comparison.cases):
        yield f"one run a side shows no spread between runs: {spread} is taken for it, and nothing rarer than a run is long is seen"
    for side, ids in (("before", comparison.only_before), ("after", comparison.only_after)):
        if ids:
            more = f" and {len(ids) - 10} more" if len(ids) > 10 else ""
            yield f"only {side}, not compared: {', '.join(ids[:10])}{more}"
    kinds = {str(case.newest.provenance.get("target")) for case in comparison.cases}
    yield from (note for kind, note in KIND_NOTES.items() if kind in kinds)
