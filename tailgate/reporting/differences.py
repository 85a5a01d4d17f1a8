"""Differences: what keeps a recorded run from being compared with a case, in words."""

from __future__ import annotations

from collections.abc import Iterator

from tailgate.plan.case import Case
from tailgate.reporting.plain import Plain, plain
from tailgate.reporting.run_file import Run

_PASSED_OVER = {"id", "key", "model", "expect", "budget"}
"""What may differ: the model's version is the question, and the budget is judged by itself."""


def differences(run: Run, case: Case, target_kind: str, vantage: str) -> Iterator[str]:
    """Each difference, then and now: `instance_type was ml.m5.large, is ml.m5.xlarge`."""
    for name, now in (("target", target_kind), ("vantage", vantage)):
        yield from _difference(name, run.provenance.get(name), now)
    asked = plain(case.fields())
    if isinstance(asked, dict):
        for name in sorted({*asked, *run.case} - _PASSED_OVER):
            yield from _difference(name, run.case.get(name), asked.get(name))


def unlike(before: Run, after: Run) -> list[str]:
    """Each difference of two runs that keeps them from being compared, before and after; none where they are alike."""
    found = [line for name in ("target", "vantage") for line in _difference(name, before.provenance.get(name), after.provenance.get(name))]
    for name in sorted({*before.case, *after.case} - _PASSED_OVER - {"prices"}):
        found += _difference(name, before.case.get(name), after.case.get(name))
    arms = [f"an arm beside {_other(run)}" if run.pair else "alone" for run in (before, after)]
    return [*found, *_difference("it", *arms)]


def _other(run: Run) -> str:
    cases, arm = run.pair.get("cases"), run.pair.get("arm")
    return str(cases[1 - arm]) if isinstance(cases, list) and len(cases) == 2 and arm in (0, 1) and isinstance(arm, int) else "another"


def _difference(name: str, then: Plain, now: Plain) -> Iterator[str]:
    """Of two values; of two mappings, each of their keys."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in sorted({*then, *now}):
            yield from _difference(f"{name} {key}", then.get(key), now.get(key))
    elif then != now:
        yield f"{name} was {_shown(then)}, is {_shown(now)}"


def _shown(value: Plain) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
