"""Matching: which runs before are comparable with which runs after, and why others are not.

Comparable are runs of one case key, target kind and vantage; an arm of two with the same arm beside the same other. A run that
stands on both sides belongs to the later one, so that a history may hold the session that is compared with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tailgate.errors import RecordError, nearest
from tailgate.reporting.baseline import last_of_repeats
from tailgate.reporting.differences import unlike
from tailgate.reporting.history import NEWEST_RUNS
from tailgate.reporting.recorded import began, kept
from tailgate.reporting.run_file import Run

_MOST_NAMED = 3
_Groups: TypeAlias = "dict[tuple[str, ...], list[Run]]"


@dataclass(frozen=True, slots=True)
class Matched:
    """Comparable runs, oldest first, at most the newest 20 a side, trusted or not."""

    before: tuple[Run, ...]
    after: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Sides:
    """All that can be compared, in the order of the cases after; ids of cases that one side alone has.

    What is after and was asked otherwise than what a case of the same id is compared by is in only_after, with the differences.
    """

    matched: tuple[Matched, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]


def sides(before: Sequence[Run], after: Sequence[Run], cases: Collection[str] = ()) -> Sides:
    """Match runs. cases: ids of those that are meant, all where none is named.

    Raises RecordError where a case is on both sides but nothing before is like what is after, saying in what they differ; likewise
    where the sides have no case in common.
    """
    later = {_which(run): run for run in after}
    earlier = {which: run for run in before if (which := _which(run)) not in later}
    _check_cases(cases, [*earlier.values(), *later.values()])
    first, second = (_grouped(runs.values(), cases) for runs in (earlier, later))
    if not first or not second:
        raise RecordError(_empty(bool(first), bool(before), cases))
    common = [key for key in second if key in first]
    ids = [{_id(key) for key in groups} for groups in (first, second)]
    refused = [key for key in second if key not in first and _id(key) in ids[0] and not any(_id(key) == _id(one) for one in common)]
    if refused or not common:
        raise RecordError(_refusal(first, second, refused or list(second)))
    matched = tuple(Matched(tuple(first[key]), tuple(second[key])) for key in common)
    otherwise = [line for key in second if key not in first and _id(key) in ids[0] for line in _lines(first, second[key][-1])]
    return Sides(matched, tuple(sorted(ids[0] - ids[1])), tuple(sorted({*(ids[1] - ids[0]), *otherwise})))


def _grouped(runs: Collection[Run], cases: Collection[str]) -> _Groups:
    """By what makes runs comparable, oldest first; of measurements that were repeated those that counted."""
    found: _Groups = {}
    for run in last_of_repeats(sorted(runs, key=began)):
        if not cases or run.case.get("id") in cases:
            found.setdefault((str(run.case.get("id")), *kept(run), str(run.pair.get("cases")), str(run.pair.get("arm"))), []).append(run)
    return {key: several[-NEWEST_RUNS:] for key, several in found.items()}


def _id(key: tuple[str, ...]) -> str:
    return key[0]


def _which(run: Run) -> tuple[str, ...]:
    """What tells runs apart: one that stands in two files is one run."""
    return str(run.provenance.get("session")), run.samples, began(run), *kept(run), str(run.pair.get("arm"))


def _check_cases(cases: Collection[str], runs: Sequence[Run]) -> None:
    known = {str(run.case.get("id")) for run in runs}
    for case in cases:
        if case not in known:
            raise RecordError(f"--case {case}: there is no run of it{nearest(case, known)}")


def _empty(first: bool, given: bool, cases: Collection[str]) -> str:
    side = "after" if first else "before"
    if cases:
        return f"the runs {side} hold none of {', '.join(cases)}; name other cases with --case, or other files"
    if side == "before" and given:
        return "all runs before are runs after, too; name earlier ones first, then the new ones"
    return f"there is no run {side}; name run files, benchmark JSON or folders that tailgate wrote"


def _refusal(first: _Groups, second: _Groups, refused: Sequence[tuple[str, ...]]) -> str:
    lines = [line for key in refused[:_MOST_NAMED] for line in _lines(first, second[key][-1])]
    more = f"; and {len(refused) - _MOST_NAMED} more" if len(refused) > _MOST_NAMED else ""
    others = sorted({_id(key) for key in second if key in first})
    advice = f"pick those that are alike with --case, such as {others[0]}" if others else "measure the same case on both sides"
    return f"unlike runs are not compared: {'; '.join(lines)}{more}; {advice}"


def _lines(first: _Groups, after: Run) -> Iterator[str]:
    """In what a run differs from the one before that is nearest to it: the same case's, else the one with the fewest differences."""
    of_case = [group[-1] for key, group in first.items() if _id(key) == after.case.get("id")]
    before = min(of_case or [group[-1] for group in first.values()], key=lambda run: len(unlike(run, after)))
    beside = "" if of_case else f", beside {before.case.get('id')} before"
    yield f"{after.case.get('id')}{beside}: {', '.join(unlike(before, after)) or 'their case keys differ'}"
