"""Per-second counts as text: `50 49 51`. Text, because pytest-benchmark writes every item of a list on its own line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis.metrics import metric_of
from tailgate.errors import RecordError
from tailgate.exceedances import FAILED, THROTTLED, Counted
from tailgate.plan.budget import Limit
from tailgate.reporting.plain import Plain
from tailgate.samples import Samples

Counts = NDArray[np.int64]


def per_second_fields(samples: Samples, limits: tuple[Limit, ...]) -> dict[str, Plain]:
    """Requests, and exceedances of each limit (by its source), in each second of due time after the warm-up.

    A limit that no request exceeds by itself, such as a mean, has none. kinds: of each, how many failed and how many were
    throttled, whatever the budget was, so that the run can be judged by another.
    """
    requests, _ = samples.per_second(samples.failed)
    counted = ((limit, metric_of(limit.metric).counts(samples, limit.bound)) for limit in limits)
    exceedances = {limit.source: _text(counts[1]) for limit, counts in counted if counts is not None}
    kinds = {what: _text(samples.per_second(Counted(what).of(samples.records))[1]) for what in (FAILED, THROTTLED)}
    return {"requests": _text(requests), "exceedances": {**exceedances}, "kinds": {**kinds}}


def requests_in(fields: Plain) -> Counts:
    """Requests per second, shape (seconds,). Raises RecordError."""
    match fields:
        case {"requests": str(requests)}:
            return _counts(requests)
    raise RecordError("the run's per-second counts are damaged; judge the samples file beside it again")


def kind_in(fields: Plain, what: str) -> Counts | None:
    """Requests of a kind per second, shape (seconds,); None where the record is older than that. Raises RecordError."""
    match fields:
        case {"kinds": {**kinds}} if isinstance(kinds.get(what), str):
            return _counts(str(kinds[what]))
    return None


def counts_in(fields: Plain, source: str) -> tuple[Counts, Counts] | None:
    """Requests and exceedances per second, shapes (seconds,); None where no limit was written so. Raises RecordError."""
    match fields:
        case {"requests": str(requests), "exceedances": {**exceedances}}:
            text = exceedances.get(source)
        case _:
            raise RecordError("the run's per-second counts are damaged; judge the samples file beside it again")
    return (_counts(requests), _counts(text)) if isinstance(text, str) else None


def _text(counts: Counts) -> str:
    return " ".join(map(str, counts.tolist()))


def _counts(text: str) -> Counts:
    try:
        return np.array([int(word) for word in text.split()], dtype=np.int64)
    except ValueError as error:
        raise RecordError(f"the run's per-second counts are damaged ({error}); judge the samples file beside it again") from None
