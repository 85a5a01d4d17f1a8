"""Paired differences: what two arms of one run differ by, most often two network paths, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tailgate.plan.case import NETWORK_PATHS
from tailgate.reporting.figures.recorded_values import items, mapping, number, text
from tailgate.reporting.plain import Plain
from tailgate.reporting.recorded import began, kept
from tailgate.reporting.run_file import Run


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """One metric, second arm minus first, seconds: positive where the second is slower. low_s, high_s: 95 %, None where unbounded.

    first_s, second_s: None where infinite, difference_s then too.
    """

    metric: str
    first_s: float | None
    second_s: float | None
    difference_s: float | None
    low_s: float | None
    high_s: float | None
    p_value: float | None


@dataclass(frozen=True, slots=True)
class PairedArms:
    """Two arms of one run. run: of the second arm, its place among the runs. paths: whether they are two network paths.

    endpoint: its name; instance_type: of the second arm.
    """

    first: str
    second: str
    run: int
    paths: bool
    endpoint: str | None
    instance_type: str | None
    differences: tuple[PairedDifference, ...]


def path_differences(runs: Sequence[Run]) -> tuple[PairedArms, ...]:
    """The comparisons that the runs' own records hold, in their order; of one that was measured again, the newest."""
    newest: dict[tuple[str, ...], int] = {}
    for place, run in enumerate(runs):
        which = (*kept(run), str(run.pair.get("cases")), str(run.pair.get("labels")))
        if run.pair.get("arm") == 1 and (which not in newest or began(run) >= began(runs[newest[which]])):
            newest[which] = place
    return tuple(found for place in sorted(newest.values()) if (found := _arms(runs[place], place)) is not None)


def _arms(run: Run, place: int) -> PairedArms | None:
    labels = [label for one in items(run.pair.get("labels")) if (label := text(one)) is not None]
    differences = tuple(_difference(metric, one) for metric, one in mapping(run.pair.get("differences")).items() if isinstance(one, dict))
    if len(labels) != 2 or not differences:
        return None
    first, second = labels
    paths = {first, second} <= set(NETWORK_PATHS)
    return PairedArms(first, second, place, paths, text(run.case.get("name")), text(run.case.get("instance_type")), differences)


def _difference(metric: str, fields: dict[str, Plain]) -> PairedDifference:
    names = ("first_s", "second_s", "difference_s", "low_s", "high_s", "p_value")
    return PairedDifference(metric, *(number(fields.get(name)) for name in names))
