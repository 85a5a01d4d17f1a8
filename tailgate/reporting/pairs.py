"""Pairs: what two arms of one run differ by, as the record says it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tailgate.analysis.arms.contrast import Contrast
from tailgate.analysis.arms.contrast_wording import difference_text
from tailgate.analysis.paired import Comparison
from tailgate.reporting.figures.recorded_values import number
from tailgate.reporting.numbers import end_shown, outcome_shown
from tailgate.reporting.plain import plain
from tailgate.reporting.run_file import Run, write_run


def pair_fields(contrast: Contrast, arm: int) -> dict[str, object]:
    """What the run of one arm records of both, as run_file.py documents it."""
    return {
        "arm": arm,
        "cases": [case.id for case in contrast.pair.cases],
        "labels": contrast.labels,
        "seed": contrast.seed,
        "requests": contrast.requests,
        "differences": {metric: _fields(comparison) for metric, comparison in contrast.differences.items()},
        "asked": [
            {"metric": one.metric, "margin_s": one.margin_s, "outcome": one.outcome, "more_requests": one.more_requests}
            for one in contrast.asked
        ],
        "explanation": contrast.explain(),
    }


def answered(run: Run, contrast: Contrast) -> Run:
    """The run of an arm, written again with what was asked of both since: whole and durably, or not at all. Raises RecordError.

    A run that is in no file stays there. So an answer is on disk before anyone asserts on it.
    """
    arm = run.pair.get("arm")
    pair = plain(pair_fields(contrast, arm if isinstance(arm, int) else 0))
    told = replace(run, pair=pair) if isinstance(pair, dict) else run
    return told if run.path is None else write_run(told, run.path)


@dataclass(frozen=True, slots=True)
class Margin:
    """By how much the second arm might be slower, and whether that was shown. margin_s: None where the record does not say."""

    metric: str
    margin_s: float | None
    outcome: str


def margins_of(run: Run) -> tuple[Margin, ...]:
    """What was asked of both arms, each margin once, as it was answered last; nothing of a run of one arm, or an older one."""
    asked = run.pair.get("asked")
    found: dict[tuple[str, float | None], Margin] = {}
    for one in asked if isinstance(asked, list) else []:
        match one:
            case {"metric": str(metric), "outcome": "PASS" | "FAIL" | "INCONCLUSIVE" as outcome, **rest}:
                known = number(rest.get("margin_s"))
                found[metric, known] = Margin(metric, known, outcome)
    return tuple(found.values())


def margin_shown(run: Run, margin: Margin) -> str:
    """`p99 no worse than 5.0 ms: emulated PASS`."""
    return f"{margin.metric} no worse than {end_shown(margin.metric, margin.margin_s)}: {outcome_shown(run, margin.outcome)}"


def pair_differences(runs: Sequence[Run]) -> list[str]:
    """A line for each run of two arms: `privatelink minus public on ml.t2.xlarge in one run: p50 -0.9 ms [-1.1, -0.7], …`; and one
    for what was asked of it: `  privatelink against public: p99 no worse than 5.0 ms: PASS`.
    """
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
    known = number(difference.get("difference_s"))
    return difference_text(known if known is not None else second_s - first_s, low_s, high_s)


def asked_of(runs: Sequence[Run]) -> list[tuple[Run, str, Margin]]:
    """What was asked of pairs: of each second arm, what stands against what, `privatelink minus public`, and each margin."""
    found: list[tuple[Run, str, Margin]] = []
    for run in runs:
        match run.pair:
            case {"arm": 1, "labels": [str(first), str(second)]}:
                found += [(run, f"{second} minus {first}", margin) for margin in margins_of(run)]
    return found


def _line(run: Run) -> Iterator[str]:
    pair = pair_of(run)
    if pair is not None:
        first, second, differences = pair
        shown = ", ".join(f"{metric} {difference_shown(one)}" for metric, one in differences.items())
        yield f"{second} minus {first} on {run.case.get('instance_type')} in one run: {shown}"
        if margins := "; ".join(margin_shown(run, margin) for margin in margins_of(run)):
            yield f"  {second} against {first}: {margins}"


def _number(recorded: object) -> float:
    known = number(recorded)
    return math.inf if known is None else known


def _fields(comparison: Comparison) -> dict[str, object]:
    return {name: getattr(comparison, name) for name in ("first_s", "second_s", "difference_s", "low_s", "high_s", "p_value")}
