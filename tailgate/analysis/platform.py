"""Platform: what the platform itself counted and timed of a run, joined with what the client saw of it.

A mean service time is network + overhead + model: the model's and the platform's own part come from the platform's whole minutes,
the network is what is left. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from tailgate.analysis.phases import CARRYING, phases
from tailgate.minutes import Minute, Stream, Told, together, touched
from tailgate.samples import Error, Samples
from tailgate.units import format_count

SOURCE = "CloudWatch"

_ANSWERED = (Error.NONE, Error.WRONG_ANSWER, Error.MODEL_ERROR)
"""What a variant answered itself, so that it certainly was counted and timed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one run, or the warming up of a fresh endpoint, asked of one stream; a run's own warm-up is included.

    first_s, last_s: when its first request was sent and its last one over, seconds since 1970. last_sent_s: when the last was
    sent. sent: requests; answered: of them, by the variant itself. service_s: their mean service time, None without any;
    phases: by name, what the client saw of it, means over the same requests, seconds. warmup_s: how much of it was the warm-up.
    """

    stream: Stream
    first_s: float
    last_s: float
    last_sent_s: float
    sent: int
    answered: int
    service_s: float | None
    response_s: float | None
    phases: Mapping[str, float]
    warmup_s: float

    def fields(self) -> dict[str, object]:
        """Who asked whom when and how often, in plain form; `asked_from` reads it."""
        times = {"first_at": self.first_s, "last_sent_at": self.last_sent_s, "last_at": self.last_s}
        known: dict[str, object] = {"variant": self.stream.variant, "sent": self.sent, "answered": self.answered}
        return known | {name: datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds") for name, at_s in times.items()}

    @property
    def minutes(self) -> range:
        """The minutes of which the platform has to be asked."""
        return touched(self.first_s, self.last_s)


def asked_from(fields: Mapping[str, object]) -> Asked | None:
    """The inverse of `Asked.fields`, with the `endpoint` beside them, but for the times; None where they are not all there."""
    match fields:
        case {"endpoint": str(endpoint), "variant": str(variant), "sent": int(sent), "answered": int(answered), **rest}:
            try:
                first_s, last_s, last_sent_s = (
                    datetime.fromisoformat(str(rest[name])).timestamp() for name in ("first_at", "last_at", "last_sent_at")
                )
            except (KeyError, ValueError):
                return None
            return Asked(Stream(endpoint, variant), first_s, last_s, last_sent_s, sent, answered, None, None, {}, 0.0)
    return None


def asked_in(samples: Samples, stream: Stream) -> Asked | None:
    """What these samples asked of a stream; None where nothing was sent."""
    records, origin_s = samples.records, samples.header.origin_unix_s
    sent = ~np.isnan(records["sent_after_s"])
    if not sent.any():
        return None
    sent_s = samples.due_s[sent] + records["sent_after_s"][sent]
    over_s = samples.due_s[sent] + np.nan_to_num(records["done_after_s"][sent], nan=0.0)
    answered = np.isin(records["error"], _ANSWERED) & ~np.isnan(records["done_after_s"])
    of_each = phases(samples)
    return Asked(
        stream,
        origin_s + float(sent_s.min()),
        origin_s + max(float(sent_s.max()), float(over_s.max())),
        origin_s + float(sent_s.max()),
        int(sent.sum()),
        int(answered.sum()),
        _mean((records["done_after_s"].astype(np.float64) - records["sent_after_s"])[answered]),
        _mean(records["done_after_s"].astype(np.float64)[answered]),
        {
            f"{name}_s": mean_s
            for name, times_s in (("lag", records["sent_after_s"]), *((name, of_each[name]) for name in CARRYING))
            if (mean_s := _mean(times_s[answered])) is not None
        },
        samples.header.warmup_s,
    )


def enough_for(asked: Sequence[Asked], *, alone: bool) -> Callable[[Told], bool]:
    """Whether what is told covers these: it counts at least what surely was counted, and has times.

    Where others ask too, theirs may have made up the count: then each one's last minute has to be there as well.
    """

    def enough(told: Told) -> bool:
        for one in asked:
            beside = beside_of(one, asked)
            counted = _counted(beside, told)
            last = counted if alone else told.get(one.stream, {}).get(touched(one.last_sent_s, one.last_sent_s)[0], Minute())
            if counted.invocations < sum(each.answered for each in beside) or (one.answered and not last.model_count):
                return False
        return True

    return enough


def beside_of(one: Asked, asked: Iterable[Asked]) -> list[Asked]:
    """The loads, this one among them, whose minutes cannot be told apart: of one stream, in minutes that hang together."""
    found, minutes = [one], set(one.minutes)
    others = [each for each in asked if each is not one and each.stream == one.stream]
    while near := [each for each in others if not minutes.isdisjoint(each.minutes)]:
        found += near
        minutes.update(at_s for each in near for at_s in each.minutes)
        others = [each for each in others if each not in near]
    return found


def platform_of(one: Asked, asked: Sequence[Asked], told: Told, *, alone: bool) -> dict[str, object]:
    """What a run's record says of the platform's own figures (run_file.py says which). Pure.

    network is what is left of our mean service time: it may be negative, where the platform's minutes hold other requests too.
    """
    beside, own = beside_of(one, asked), together(told.get(one.stream, {}).get(at_s, Minute()) for at_s in one.minutes)
    model_s, overhead_s, counted = own.mean_model_s, own.mean_overhead_s, _counted(beside, told)
    network_s = None if None in (one.service_s, model_s, overhead_s) else (one.service_s or 0) - (model_s or 0) - (overhead_s or 0)
    return {
        "source": SOURCE,
        "alone": alone,
        "minutes": {
            "first": _iso(one.minutes[0]),
            "last": _iso(one.minutes[-1]),
            "count": len(one.minutes),
            "warmup_s": one.warmup_s,
            "shared_by_loads": len(beside),
        },
        "time": {
            "service_s": one.service_s,
            "network_s": network_s,
            "overhead_s": overhead_s,
            "model_s": model_s,
            "response_s": one.response_s,
            "phases": dict(one.phases),
            "model_count": own.model_count,
        },
        "invocations": {"counted": own.invocations, "errors_4xx": own.errors_4xx, "errors_5xx": own.errors_5xx, "sent": one.sent},
        "notes": [*_count_notes(beside, counted, own, alone=alone), *_residual_notes(network_s, own)],
    }


def _counted(beside: Sequence[Asked], told: Told) -> Minute:
    minutes = {at_s for each in beside for at_s in each.minutes}
    return together(told.get(beside[0].stream, {}).get(at_s, Minute()) for at_s in minutes)


def _count_notes(beside: Sequence[Asked], counted: Minute, own: Minute, *, alone: bool) -> list[str]:
    """Where nobody else asks, the platform has to have counted what we sent, but for what never reached a variant."""
    if own == Minute():
        return [f"{SOURCE} has nothing of these minutes yet; its figures come late: look them up in its console"]
    sent, answered = sum(each.sent for each in beside), sum(each.answered for each in beside)
    if not alone or answered <= counted.invocations <= sent:
        return []
    loads = f" in {len(beside)} loads" if len(beside) > 1 else ""
    why = (
        "somebody else asks this endpoint, or requests were sent again on their way"
        if counted.invocations > sent
        else "the last of them come late, or requests were lost before they reached a variant"
    )
    counts = f"{SOURCE} counts {format_count(round(counted.invocations))} invocations, we sent {format_count(sent)}{loads}"
    return [f"{counts}, {format_count(answered)} of which were answered: {why}"]


def _residual_notes(network_s: float | None, own: Minute) -> list[str]:
    if network_s is None or network_s >= 0:
        return []
    seen = f"{format_count(round(own.model_count))} invocations of whole minutes"
    return [f"network comes out negative: {SOURCE}'s means are over {seen}, ours over this run's answered requests"]


def _mean(times_s: NDArray[np.float64]) -> float | None:
    return float(np.mean(times_s, dtype=np.float64)) if len(times_s) else None


def _iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds")
