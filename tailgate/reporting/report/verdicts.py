"""Verdicts of a page: which runs count, the worst first, and what came of them in a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tailgate.analysis.wording import EMULATED
from tailgate.reporting.figures.recorded_values import items, mapping
from tailgate.reporting.numbers import outcome_shown
from tailgate.reporting.pairs import asked_of, margin_shown
from tailgate.reporting.recorded import began, kept
from tailgate.reporting.run_file import Run

WORST_FIRST = ("FAIL", "INCONCLUSIVE", "PASS")
_MOST_NAMED = 3


def newest(runs: Sequence[Run]) -> list[Run]:
    """Of each case the newest run, the one that counts: the worst outcome first, else in the order in which the cases came."""
    found: dict[tuple[str, ...], Run] = {}
    for run in runs:
        which = (*kept(run), str(run.pair.get("cases")), str(run.pair.get("arm")))
        if which not in found or began(run) >= began(found[which]):
            found[which] = run
    return sorted(found.values(), key=lambda run: WORST_FIRST.index(outcome(run)))


def outcome(run: Run) -> str:
    """FAIL, INCONCLUSIVE or PASS; a run that says something else proves nothing."""
    told = str(run.verdict.get("outcome"))
    return told if told in WORST_FIRST else "INCONCLUSIVE"


def limits(run: Run) -> Iterator[tuple[str, str]]:
    """Each limit as it was written, with its outcome."""
    for check in items(run.verdict.get("checks")):
        limit, decision = mapping(mapping(check).get("limit")), mapping(mapping(check).get("decision"))
        yield str(limit.get("source")), str(decision.get("outcome"))


def verdict(counted: Sequence[Run]) -> tuple[str, str]:
    """The worst outcome of the runs that count, and in a sentence who has it, and how many came off better; margins between arms, too."""
    by_outcome = {name: [run for run in counted if outcome(run) == name] for name in WORST_FIRST}
    missed, margins = _margins(counted)
    worst = next((name for name, those in by_outcome.items() if those), "INCONCLUSIVE")
    those = by_outcome[worst]
    if not those:
        return worst, f"{worst}: there is no run."
    emulated = [run for run in those if _is_emulated(run)]
    word = f"{EMULATED} {worst}" if len(emulated) == len(those) else worst
    says = _held(those, emulated) if worst == "PASS" else f"{_named(worst, those, len(counted))}{_others(by_outcome, worst)}"
    if missed is not None and WORST_FIRST.index(missed.verdict) < WORST_FIRST.index(worst):
        worst, word = missed.verdict, missed.shown
    return worst, f"{word}: {says}{margins}."


@dataclass(frozen=True, slots=True)
class _Missed:
    """The worst of the margins that were not shown, plainly and as people read it."""

    verdict: str
    shown: str


def _margins(counted: Sequence[Run]) -> tuple[_Missed | None, str]:
    """The worst of the margins between arms that did not pass, and what is said of all of them."""
    asked = asked_of(counted)
    missed = sorted((one for one in asked if one[2].outcome != "PASS"), key=lambda one: WORST_FIRST.index(one[2].outcome))
    if not missed:
        return None, f"; {len(asked)} {'margin' if len(asked) == 1 else 'margins'} between arms held" if asked else ""
    told = "; ".join(f"{what}, {margin_shown(run, margin)}" for run, what, margin in missed[:_MOST_NAMED])
    more = f" and {len(missed) - _MOST_NAMED} more" if len(missed) > _MOST_NAMED else ""
    run, _, margin = missed[0]
    return _Missed(margin.outcome, outcome_shown(run, margin.outcome)), f"; {told}{more}"


def _held(those: Sequence[Run], emulated: Sequence[Run]) -> str:
    some = f", {len(emulated)} of them emulated" if emulated and len(emulated) < len(those) else ""
    return f"{_name(those[0])} holds its budget" if len(those) == 1 else f"all {len(those)} cases hold their budgets{some}"


def _named(worst: str, those: Sequence[Run], all_of_them: int) -> str:
    """`2 of 14 cases are over budget: a, b`; which of them were emulated, where others were not."""
    what = _failing(those) if worst == "FAIL" else ("is undecided", "are undecided")
    many = f"all {all_of_them}" if len(those) == all_of_them else f"{len(those)} of {all_of_them}"
    how_many = f"{many} cases {what[len(those) > 1]}" if all_of_them > 1 else f"one case {what[0]}"
    mixed = len({_is_emulated(run) for run in those}) > 1
    names = (f"{_name(run)} (emulated)" if mixed and _is_emulated(run) else _name(run) for run in those[:_MOST_NAMED])
    more = f" and {len(those) - _MOST_NAMED} more" if len(those) > _MOST_NAMED else ""
    return f"{how_many}: {', '.join(names)}{more}"


def _failing(those: Sequence[Run]) -> tuple[str, str]:
    """What runs that fail have in common, of one and of several: a budget may hold where a baseline does not."""
    over = [any(found == "FAIL" for _, found in limits(run)) for run in those]
    if all(over):
        return "is over budget", "are over budget"
    slower = "is slower than its baseline", "are slower than their baselines"
    return slower if not any(over) else ("fails", "are over budget, or slower than their baselines")


def _others(by_outcome: dict[str, list[Run]], worst: str) -> str:
    """`; 3 are undecided, 33 hold their budgets`."""
    words = {"INCONCLUSIVE": ("is undecided", "are undecided"), "PASS": ("holds its budget", "hold their budgets")}
    told = [f"{len(those)} {words[name][len(those) > 1]}" for name, those in by_outcome.items() if those and name != worst]
    return f"; {', '.join(told)}" if told else ""


def _is_emulated(run: Run) -> bool:
    return run.provenance.get("target") == EMULATED


def _name(run: Run) -> str:
    return str(run.case.get("id"))
