"""Pairs: what two arms of one run differ by, as the record says it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from tailgate.analysis.arms.contrast import Contrast
from tailgate.analysis.arms.contrast_wording import difference_text
from tailgate.analysis.paired import Comparison
from tailgate.reporting.run_file import Run


def pair_fields(contrast: Contrast, arm: int) -> dict[str, object]:
    """What the run of one arm records of both, as run_file.py documents it."""
    return {
        "arm": arm,
        "cases": [case.id for case in contrast.pair.cases],
        "labels": contrast.labels,
        "seed": contrast.seed,
        "requests": contrast.requests,
        "differences": {metric: _fields(comparison) for metric, comparison in contrast.differences.items()},
        "explanation": contrast.explain(),
    }


def pair_differences(runs: Sequence[Run]) -> list[str]:
    """A line for each run of two arms: `privatelink minus public on ml.t2.xlarge in one run: p50 -0.9 ms [-1.1, -0.7], …`."""
    return [line for run in runs for line in _line(run)]


def pair_of(run: Run) -> tuple[str, str, dict[str, Mapping[str, object]]] | None:
    """Of the second arm, both labels and the differences by metric; None of the first, and where nothing was compared."""
    match run.pair:
        case {"arm": 1, "labels": [str(first), str(second)], "differences": {**differences}} if differences:
            return first, second, {str(metric): one for metric, one in differences.items() if isinstance(one, Mapping)}
    return None


def difference_shown(difference: Mapping[str, object]) -> str:
    """As the explanation has it; what is infinite was recorded as null."""
    first_s, second_s, low_s, high_s = (_number(difference.get(name)) for name in ("first_s", "second_s", "low_s", "high_s"))
    known = difference.get("difference_s")
    return difference_text(float(known) if isinstance(known, int | float) else second_s - first_s, low_s, high_s)


def _line(run: Run) -> Iterator[str]:
    pair = pair_of(run)
    if pair is not None:
        first, second, differences = pair
        shown = ", ".join(f"{metric} {difference_shown(one)}" for metric, one in differences.items())
        yield f"{second} minus {first} on {run.case.get('instance_type')} in one run: {shown}"


def _number(recorded: object) -> float:
    return float(recorded) if isinstance(recorded, int | float) else math.inf


def _fields(comparison: Comparison) -> dict[str, object]:
    return {name: getattr(comparison, name) for name in ("first_s", "second_s", "difference_s", "low_s", "high_s", "p_value")}
