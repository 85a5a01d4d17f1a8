"""Instance types side by side: mean and p99 by type within a family, as the two charts of the experiment that this began with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tailgate.analysis.quantiles import Estimate
from tailgate.plan.instances import vcpus_by_type
from tailgate.reporting.figures.alike import Question, groups
from tailgate.reporting.figures.recorded_values import estimates_in, outcome_in, text
from tailgate.reporting.run_file import Run


@dataclass(frozen=True, slots=True)
class SizeBar:
    """One instance type. run: its place among the runs. vcpus: None for a type that is not known."""

    instance_type: str
    vcpus: int | None
    run: int
    outcome: str | None
    mean: Estimate | None
    p50: Estimate | None
    p99: Estimate | None


@dataclass(frozen=True, slots=True)
class Family:
    """One family, such as `ml.m5`; its types, the smallest first."""

    family: str
    bars: tuple[SizeBar, ...]


@dataclass(frozen=True, slots=True)
class InstanceTypes:
    """Types that were asked the same question."""

    question: Question
    families: tuple[Family, ...]


def instance_types(runs: Sequence[Run]) -> tuple[InstanceTypes, ...]:
    """A comparison for each question that two instance types or more were asked."""
    found = []
    for question, places in groups(runs, {"instance_type"}):
        bars = [bar for place in places if (bar := _bar(runs[place], place)) is not None]
        if len(bars) > 1:
            found.append(InstanceTypes(question, _families(bars)))
    return tuple(found)


def _bar(run: Run, place: int) -> SizeBar | None:
    instance_type, estimates = text(run.case.get("instance_type")), estimates_in(run)
    if instance_type is None or not estimates:
        return None
    vcpus = vcpus_by_type().get(instance_type)
    return SizeBar(instance_type, vcpus, place, outcome_in(run), *(estimates.get(metric) for metric in ("mean", "p50", "p99")))


def _families(bars: list[SizeBar]) -> tuple[Family, ...]:
    """Families in the order of their names; sizes by vCPUs, and `medium` before `large` where those are equal."""
    ordered = sorted(bars, key=lambda bar: (_family(bar), bar.vcpus or 0, _size(bar) != "medium", bar.instance_type))
    names = dict.fromkeys(map(_family, ordered))
    return tuple(Family(name, tuple(bar for bar in ordered if _family(bar) == name)) for name in names)


def _family(bar: SizeBar) -> str:
    return bar.instance_type.rpartition(".")[0] or bar.instance_type


def _size(bar: SizeBar) -> str:
    return bar.instance_type.rpartition(".")[2]
