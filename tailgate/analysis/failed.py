"""Failed: which requests failed and how, in lines for people, with what may be done about it. Nothing is decided here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from tailgate.failures import Error
from tailgate.samples import Samples
from tailgate.units import format_count

_KINDS_ADVISED = 3

_SERVER_ERRORS = {
    500: "500 is a failure of SageMaker's own",
    503: "503 says that it is not available: too few instances, or busy ones",
    530: "530 is a failure of what SageMaker itself depends on",
}
_ON_AWS = frozenset({"sagemaker", "existing", "emulated"})

_ADVICE: Mapping[Error, str] = {
    Error.THROTTLED: "asked faster than a quota or the endpoint allows; lower the rate, or have the quota raised",
    Error.NOT_READY: "the model is still being loaded; warm up for longer, or wait until it is there",
    Error.CLIENT_ERROR: "the request itself was refused; look at payload, content type, and the endpoint's and the variant's name",
    Error.WRONG_ANSWER: "answered, but not as `expect` says",
    Error.TIMEOUT: "not answered in the time that the address allows (on AWS 70 s; a model has 60 s)",
    Error.CENSORED: "sent, and not answered when the run ended",
    Error.CONNECTION_LOST: "the connection ended amid the request: the server, or something on the way, closed it",
    Error.CONNECT_FAILED: "no connection could be had; the server, a security group, or the way there",
    Error.REDIRECT: "the address leads elsewhere; name where it leads",
}
_ADVICE_ON_AWS: Mapping[Error, str] = {
    Error.MODEL_ERROR: "the container answered with an error, or not within 60 s; its log: CloudWatch Logs, /aws/sagemaker/Endpoints",
}


def errors_line(samples: Samples) -> str:
    """How many requests failed, by kind and status, the most frequent first: `12 requests failed: 10 server error (530), 2 timeout`."""
    statuses = _by_kind(samples)
    kinds = sorted(statuses.items(), key=lambda item: -item[1].total())
    failed = format_count(sum(found.total() for _, found in kinds))
    return f"{failed} requests failed: " + ", ".join(f"{format_count(found.total())} {_named(kind, found)}" for kind, found in kinds)


def advice_lines(samples: Samples, target_kind: str) -> Iterator[str]:
    """What the most frequent kinds mean, and what to do; nothing of kinds that are a reason against the run, which says it."""
    statuses = _by_kind(samples)
    for kind, found in sorted(statuses.items(), key=lambda item: -item[1].total())[:_KINDS_ADVISED]:
        told = _advice(kind, found, target_kind)
        if told:
            yield f"{kind.label}: {told}"


def _advice(kind: Error, statuses: Counter[int], target_kind: str) -> str:
    if target_kind in _ON_AWS:
        if kind is Error.SERVER_ERROR:
            return "; ".join(_SERVER_ERRORS[status] for status in sorted(statuses) if status in _SERVER_ERRORS)
        if kind in _ADVICE_ON_AWS:
            return _ADVICE_ON_AWS[kind]
    return _ADVICE.get(kind, "")


def _by_kind(samples: Samples) -> dict[Error, Counter[int]]:
    """Of each kind of failure, how many requests had which HTTP status, 0 for none."""
    records = samples.records[samples.failed]
    pairs, counts = np.unique(records[["error", "status"]], return_counts=True)
    found: dict[Error, Counter[int]] = {}
    for (kind, status), count in zip(pairs.tolist(), counts.tolist(), strict=True):
        found.setdefault(Error(kind), Counter())[status] += count
    return found


def _named(kind: Error, statuses: Counter[int]) -> str:
    """`server error (503 × 3, 530)`; a status that says no more than the kind is left out."""
    known = {status: count for status, count in statuses.most_common() if status not in (0, 200)}
    if not known:
        return kind.label
    several = len(known) > 1
    return f"{kind.label} ({', '.join(f'{status} × {count}' if several else str(status) for status, count in known.items())})"
