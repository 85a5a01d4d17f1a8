"""Phases stacked: where the mean response time went. Means add up; percentiles do not, and are told beside."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tailgate.analysis.phases import CARRYING, PHASES
from tailgate.reporting.figures.recorded_values import estimates_in, mapping, number, whole
from tailgate.reporting.plain import Plain
from tailgate.reporting.run_file import Run

LAG = "send lag"
_BESIDE = "dns"  # names are resolved beside the load


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """One phase: requests that went through it, and their times, seconds, None where unknown."""

    phase: str
    requests: int | None
    mean_s: float | None
    p50_s: float | None
    p99_s: float | None


@dataclass(frozen=True, slots=True)
class Layer:
    """A part of a mean, over all answered requests, seconds; negative where a difference came out so."""

    phase: str
    mean_s: float


@dataclass(frozen=True, slots=True)
class PhaseStack:
    """rows: each phase by itself. layers: what adds up to mean_s, the mean response time; () in older runs.

    platform: what adds up to the mean service time where CloudWatch told: network, overhead, model; else ().
    """

    rows: tuple[PhaseRow, ...]
    layers: tuple[Layer, ...]
    mean_s: float | None
    platform: tuple[Layer, ...]


def phases(run: Run) -> PhaseStack | None:
    """The phases of one run; None where its record does not tell them."""
    told = mapping(run.wire.get("phases"))
    rows = tuple(_row(name, told[name]) for name in PHASES if name in told)
    mean = estimates_in(run).get("mean")
    mean_s = mean.value if mean is not None and math.isfinite(mean.value) else None
    return PhaseStack(rows, _layers(rows, mean_s, run), mean_s, _platform(run)) if rows else None


def _row(name: str, fields: Plain) -> PhaseRow:
    told = mapping(fields)
    return PhaseRow(name, whole(told.get("requests")), *(number(told.get(key)) for key in ("mean_s", "p50_s", "p99_s")))


def _layers(rows: tuple[PhaseRow, ...], mean_s: float | None, run: Run) -> tuple[Layer, ...]:
    """The lag that is no opening of a connection, then the openings, then what every request goes through."""
    answered = whole(run.requests.get("answered"))
    parts = {row.phase: _share(row, answered) for row in rows if row.phase != _BESIDE}
    known = {name: part for name, part in parts.items() if part is not None}
    if mean_s is None or len(known) < len(parts) or not set(CARRYING) <= set(known):
        return ()
    lag_s = mean_s - sum(known.values())
    return (Layer(LAG, lag_s if lag_s > 0 else 0.0), *(Layer(name, part) for name, part in known.items()))


def _share(row: PhaseRow, answered: int | None) -> float | None:
    """What a phase adds to the mean over all answered requests."""
    if row.requests == 0:
        return 0.0
    return row.mean_s * row.requests / answered if row.mean_s is not None and row.requests and answered else None


def _platform(run: Run) -> tuple[Layer, ...]:
    time = mapping(run.platform.get("time"))
    parts = {name: number(time.get(f"{name}_s")) for name in ("network", "overhead", "model")}
    return tuple(Layer(name, part) for name, part in parts.items() if part is not None) if None not in parts.values() else ()
