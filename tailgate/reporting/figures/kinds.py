"""Errors by kind: which failures there were, how many, and when."""

from __future__ import annotations

from dataclasses import dataclass

from tailgate.errors import RecordError
from tailgate.exceedances import FAILED
from tailgate.reporting.figures.recorded_values import failed_requests, mapping, whole
from tailgate.reporting.per_second import kind_in
from tailgate.reporting.run_file import Run


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """One kind of failure. share: of all judged requests, None where their number is unknown."""

    kind: str
    requests: int
    share: float | None


@dataclass(frozen=True, slots=True)
class Errors:
    """kinds: the most frequent first. per_second: failed requests in each second of due time, None in older runs."""

    judged: int | None
    failed: int
    kinds: tuple[ErrorKind, ...]
    per_second: tuple[int, ...] | None


def errors(run: Run) -> Errors | None:
    """The failures of one run, of which there may be none; None where the record does not tell."""
    if not isinstance(run.requests.get("failed"), dict):
        return None
    judged = whole(run.requests.get("judged"))
    counted = {kind: whole(count) or 0 for kind, count in mapping(run.requests.get("failed")).items()}
    ordered = sorted(((kind, count) for kind, count in counted.items() if count), key=lambda one: (-one[1], one[0]))
    kinds = tuple(ErrorKind(kind, count, count / judged if judged else None) for kind, count in ordered)
    return Errors(judged, failed_requests(run), kinds, _per_second(run))


def _per_second(run: Run) -> tuple[int, ...] | None:
    try:
        counts = kind_in(run.per_second, FAILED)
    except RecordError:
        return None
    return None if counts is None else tuple(counts.tolist())
