"""Baselines: what `--latency-baseline` names (a file, a folder, `latest`, a branch, a commit), as runs of a case to be held against.

Only comparable runs count: same case key, same target kind, same vantage. What was named and is not there is an error,
never a comparison with nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tailgate.analysis.changes.baseline import Baseline, Earlier
from tailgate.analysis.history import LEAST_EFFECT
from tailgate.analysis.quantiles import Estimate
from tailgate.errors import PlanError, RecordError, nearest
from tailgate.plan.case import Case
from tailgate.reporting.differences import differences
from tailgate.reporting.history import NEWEST_RUNS
from tailgate.reporting.plain import Plain
from tailgate.reporting.recorded import began, benchmarks_folder, kept, newest_runs, trusted, which
from tailgate.reporting.run_file import Run
from tailgate.reporting.show import runs_of

LATEST = "latest"
MOST_FILES = 400
"""Of a folder, the newest: a branch's runs may lie behind many of other branches."""

_OPTION = "--latency-baseline"
_COMMIT = re.compile(r"[0-9a-f]{7,40}")


class Baselines:
    """What was named, read once when it is made. Raises PlanError where a name is of nothing, or of nothing that can be read.

    names: as they were given; the runs of several are taken together. history: where earlier runs lie. start: what
    paths are relative to. least_effect: the share that matters, 3 % where nobody says.
    """

    def __init__(self, names: Sequence[str], history: Path, start: Path, *, least_effect: float | None = None) -> None:
        self.name = ", ".join(names)
        self._least_effect = LEAST_EFFECT if least_effect is None else least_effect
        found = {which(run): run for name in names for run in _named(name, history, start)}
        self._all = sorted(found.values(), key=began)
        self._runs = last_of_repeats(trusted(self._all))

    def of(self, case: Case, target_kind: str, vantage: str = "local") -> Baseline:
        """The newest 20 comparable runs. Raises PlanError saying what is different where there are none."""
        runs = self._comparable(case, target_kind, vantage)
        if not runs:
            raise PlanError(f"{_OPTION} {self.name}: {self._why_none(case, target_kind, vantage)}")
        return Baseline(self.name, tuple(map(_earlier, runs)), self._least_effect)

    def check(self, cases: Iterable[Case], target_kind: str, vantage: str = "local") -> None:
        """See whether any of these cases can be held against it, at least as an arm. Raises PlanError with the first one's reason."""
        asked = list(cases)
        if asked and not any(self._comparable(case, target_kind, vantage) or self._as_arm(case, target_kind, vantage) for case in asked):
            others = f" (and none of the other {len(asked) - 1} cases)" if len(asked) > 1 else ""
            raise PlanError(f"{_OPTION} {self.name}: {self._why_none(asked[0], target_kind, vantage)}{others}")

    def _comparable(self, case: Case, target_kind: str, vantage: str) -> list[Run]:
        return [run for run in self._runs if kept(run) == (case.key, target_kind, vantage)][-NEWEST_RUNS:]

    def _as_arm(self, case: Case, target_kind: str, vantage: str) -> bool:
        """Whether it has runs of the case as one of two arms: which load such an arm has is known when it is measured."""
        return any(run.pair and run.case.get("id") == case.id and kept(run)[1:] == (target_kind, vantage) for run in self._runs)

    def _why_none(self, case: Case, target_kind: str, vantage: str) -> str:
        same = [run for run in self._all if run.case.get("id") == case.id]
        if not same:
            held = ", ".join(sorted({str(run.case.get("id")) for run in self._all}))
            return f"it has no run of {case.id}, only of {held}; measure the case there first, or leave its test out"
        if not trusted(same):
            return f"of {case.id} it has only runs that could not be trusted; measure it there again"
        different = "; ".join(differences(trusted(same)[-1], case, target_kind, vantage)) or "they are of another format"
        return f"its runs of {case.id} cannot be compared with this one: {different}"


def last_of_repeats(runs: Iterable[Run]) -> list[Run]:
    """Of each measurement that was repeated, the last run, the one that counted; runs in the order of time."""
    taken: list[Run] = []
    for run in runs:
        if _repeat(run) and (first := next((one for one in reversed(taken) if _asked(one) == _asked(run)), None)) is not None:
            taken.remove(first)
        taken.append(run)
    return taken


def _named(name: str, history: Path, start: Path) -> list[Run]:
    """The runs that a name means, in any order, at least one. Raises PlanError."""
    if not name.strip():
        raise PlanError(
            f"{_OPTION} {name}: it is empty, as an unset variable makes it; name a benchmark JSON, a folder, {LATEST}, a branch or a commit"
        )
    path, folder = start / name, benchmarks_folder(history)
    if name != LATEST and path.exists():
        return _in(path, name)
    runs = newest_runs(folder, MOST_FILES)
    found = [run for run in runs if name == LATEST or _is_of(run, name)]
    if not found and name == LATEST:
        raise PlanError(f"{_OPTION} {name}: no earlier run in {folder}; measure without it first, or name their folder: --latency-history")
    if not found:
        branches = {str(run.provenance["branch"]) for run in runs if run.provenance.get("branch")}
        there = f"branches there{nearest(name, branches)}" if branches else "no run there names its branch"
        raise PlanError(f"{_OPTION} {name}: no such file or folder, and no run in {folder} of such a branch or commit; {there}")
    return found


def _in(path: Path, name: str) -> list[Run]:
    try:
        runs = newest_runs(benchmarks_folder(path), MOST_FILES) if path.is_dir() else runs_of(path)
    except RecordError as error:
        raise PlanError(f"{_OPTION} {name}: {error}") from None
    if not runs:
        raise PlanError(f"{_OPTION} {name}: it holds no run of tailgate's; name a benchmark JSON of a session's, or a folder of them")
    return runs


def _is_of(run: Run, name: str) -> bool:
    commit = str(run.provenance.get("commit"))
    return run.provenance.get("branch") == name or (_COMMIT.fullmatch(name) is not None and commit.startswith(name))


def _asked(run: Run) -> tuple[object, ...]:
    """What asked for it: a repeat is asked for by the same test of the same session."""
    return run.provenance.get("session"), run.provenance.get("test"), *kept(run)


def _repeat(run: Run) -> bool:
    return str(run.provenance.get("repeat") or "0") != "0"


def _earlier(run: Run) -> Earlier:
    commit = run.provenance.get("commit")
    return Earlier({one.metric: one for one in _estimates(run)}, began(run), commit if isinstance(commit, str) else None)


def _estimates(run: Run) -> Iterator[Estimate]:
    """Its times, as they stand in the record; a value that is null there is infinite."""
    checks = run.verdict.get("checks")
    limited = [one.get("estimate") for one in checks if isinstance(one, dict)] if isinstance(checks, list) else []
    for raw in (*limited, *run.estimates):
        if isinstance(raw, dict) and "value" in raw:
            value, low, high = (_number(raw.get(name)) for name in ("value", "low", "high"))
            if value is None or value > 0:
                yield Estimate(str(raw.get("metric")), math.inf if value is None else value, low, high)


def _number(value: Plain) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
