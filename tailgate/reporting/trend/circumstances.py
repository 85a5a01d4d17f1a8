"""Circumstances: what else was other where a level began, by what the runs on both sides of it say of where they were made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tailgate.reporting.plain import Plain
from tailgate.reporting.run_file import Run

_LONGEST = 60
_FACTS = ("region", "model", "plan")
_MEASURED = {"counters", "deploy_s", "well_after_s", "dead_man", "billed_since", "last_modified"}
"""Facts of hosts and endpoints that tell how one run went, not where."""


def changed(before: Sequence[Run], after: Sequence[Run]) -> tuple[str, ...]:
    """What all runs before and all runs after it agree on among themselves, and not with each other: `botocore 1.44.1 → 1.44.5`.

    So what is new in each run, such as the name of an endpoint that was deployed for it, is not told. Runs that are older than
    a fact, and say nothing of it, do not tell that it changed.
    """
    then, now = _common(before), _common(after)
    return tuple(f"{name} {_shown(then[name])} → {_shown(now[name])}" for name in then if name in now and then[name] != now[name])


def _common(runs: Sequence[Run]) -> Mapping[str, Plain]:
    told = [dict(_facts(run)) for run in runs]
    return {name: value for name, value in told[0].items() if all(name in one and one[name] == value for one in told)} if told else {}


def _facts(run: Run) -> Iterator[tuple[str, Plain]]:
    """Each with a name that a reader knows."""
    provenance = run.provenance
    yield from ((name, provenance[name]) for name in _FACTS if name in provenance)
    yield from ((name, run.case[name]) for name in ("expect",) if name in run.case)
    for part in ("versions", "host", "endpoint"):
        told = provenance.get(part)
        if isinstance(told, dict):
            word = "" if part == "versions" else f"{part} "
            yield from ((f"{word}{name.replace('_', ' ')}", value) for name, value in told.items() if name not in _MEASURED)


def _shown(value: Plain) -> str:
    text = "none" if value is None else " ".join(str(value).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
