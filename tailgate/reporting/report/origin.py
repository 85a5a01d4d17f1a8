"""Origin: where runs come from, as facts, each a name and its text; what is not known is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tailgate.reporting.figures.recorded_values import items, mapping, text
from tailgate.reporting.plain import Plain
from tailgate.reporting.run_file import Run

Fact = tuple[str, str]

_MOST_TOLD = 3
_OF_RUN = (
    "target",
    "vantage",
    "region",
    "network_path",
    "url",
    "model",
    "started_at",
    "commit",
    "branch",
    "plan",
    "session",
    "test",
    "clock",
)
_OF_VERSIONS = ("tailgate", "python", "locust", "boto3")
_COMMIT_DIGITS = 12


def facts(run: Run) -> Iterator[Fact]:
    """All that a run's record says of it."""
    told = run.provenance
    yield from ((name.replace("_", " "), str(told[name])) for name in _OF_RUN if told.get(name) is not None)
    yield "case key", str(run.case.get("key"))
    yield "budget", "; ".join(str(limit) for limit in items(run.case.get("budget"))) or "none"
    for name in ("endpoint", "host", "versions", "floor"):
        yield from ((f"{name} {key}", value) for key, value in _flat(told.get(name)))
    if run.file:
        yield "run file", run.file


def common(of_each: Sequence[Mapping[str, str]]) -> list[Fact]:
    """The facts that all of them have."""
    return [(name, value) for name, value in of_each[0].items() if all(one.get(name) == value for one in of_each)]


def in_plain_sight(runs: Sequence[Run]) -> list[Fact]:
    """What stands beside the verdict: of several runs each different value, the first few."""
    told = [dict(_first_of(run)) for run in runs]
    names = dict.fromkeys(name for one in told for name in one)
    return [(name, _several([one[name] for one in told if name in one])) for name in names]


def _first_of(run: Run) -> Iterator[Fact]:
    told = run.provenance
    for name in ("vantage", "region"):
        yield from _known(name, told.get(name))
    endpoint = mapping(told.get("endpoint"))
    yield from _known("client zone", told.get("zone") or endpoint.get("client_zone"))
    yield from _known("model", told.get("model"))
    yield from _known("plan", told.get("plan"))
    yield from _known("commit", (text(told.get("commit")) or "")[:_COMMIT_DIGITS])
    yield from _known("branch", told.get("branch"))
    versions = mapping(told.get("versions"))
    yield from _known("versions", " · ".join(f"{name} {versions[name]}" for name in _OF_VERSIONS if text(versions.get(name))))


def _known(name: str, value: object) -> Iterator[Fact]:
    if text(value) is not None:
        yield name, str(value)


def _several(values: Sequence[str]) -> str:
    different = list(dict.fromkeys(values))
    more = f" and {len(different) - _MOST_TOLD} more" if len(different) > _MOST_TOLD else ""
    return ", ".join(different[:_MOST_TOLD]) + more


def _flat(value: Plain) -> Iterator[Fact]:
    for key, one in mapping(value).items():
        if isinstance(one, dict):
            yield from ((f"{key} {below}", told) for below, told in _flat(one))
        elif one is not None:
            yield key, str(one)
