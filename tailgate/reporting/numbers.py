"""Numbers: how a recorded value becomes text for people; the one place for terminal, `show`, Markdown and report.

A record has null for what is infinite or unknown. As a value it is infinite, `∞`; as the end of an interval it is not known,
and what a record does not have at all is not known either: `–`. Whatever is no number is not known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tailgate.analysis.wording import EMULATED
from tailgate.plan.vocabulary import unit_of
from tailgate.reporting.plain import Plain
from tailgate.reporting.run_file import Run
from tailgate.units import format_count

UNKNOWN = "–"
"""What is not known."""


class Interval(NamedTuple):
    """A value with its two-sided 95 % interval, each as text with its unit: `19.8 ms`, `19.1 ms`, `20.4 ms`."""

    value: str
    low: str
    high: str

    @property
    def known(self) -> bool:
        """Whether an end of it is."""
        return (self.low, self.high) != (UNKNOWN, UNKNOWN)

    def __str__(self) -> str:
        """`19.8 ms [19.1, 20.4]`: its ends in the value's unit, which is said once; `19.8 ms` where neither end is known."""
        return f"{self.value} [{without_unit(self.low)}, {without_unit(self.high)}]" if self.known else self.value


def shown(metric: str, value: object) -> str:
    """A value of a metric, with its unit: `19.8 ms`, `0.5 %`, `16.67/s`, `0.0231 USD`; null is infinite."""
    if value is None:
        return "∞"
    known = _number(value)
    return UNKNOWN if known is None else unit_of(metric).show(known)


def end_shown(metric: str, value: object) -> str:
    """An end of its interval, likewise; null is not known."""
    return UNKNOWN if value is None else shown(metric, value)


def without_unit(text: str) -> str:
    """The number alone, for where the unit is said beside it: `19.8` of `19.8 ms`."""
    return text.removesuffix(" ms").removesuffix(" %").removesuffix("/s").removesuffix(" USD")


def estimate_of(run: Run, metric: str) -> Mapping[str, Plain] | None:
    """What the run came to in a metric, as recorded (metric, value, low, high), a limited one's too; None where it says nothing."""
    checks = run.verdict.get("checks")
    limited = [check.get("estimate") for check in checks if isinstance(check, dict)] if isinstance(checks, list) else []
    every = (one for one in (*run.estimates, *limited) if isinstance(one, dict))
    return next((one for one in every if one.get("metric") == metric and "value" in one), None)


def interval_of(run: Run, metric: str) -> Interval | None:
    """That estimate as text; None where the run has none of the metric."""
    estimate = estimate_of(run, metric)
    return None if estimate is None else interval_in(metric, estimate)


def interval_in(metric: str, estimate: Mapping[str, Plain]) -> Interval:
    """A recorded estimate as text."""
    low, high = (end_shown(metric, estimate.get(end)) for end in ("low", "high"))
    return Interval(shown(metric, estimate["value"]) if "value" in estimate else UNKNOWN, low, high)


def value_of(run: Run, metric: str) -> str:
    """The value alone: `19.8 ms`, `–` where the run has none."""
    interval = interval_of(run, metric)
    return UNKNOWN if interval is None else interval.value


def requests_of(run: Run) -> str:
    """How many requests were judged: `2 985`."""
    return count_shown(run.requests.get("judged"))


def failed_of(run: Run) -> str:
    """How many of them failed, of all kinds."""
    failed = run.requests.get("failed")
    return count_shown(sum(map(_count, failed.values()))) if isinstance(failed, dict) else UNKNOWN


def count_shown(count: object) -> str:
    """A recorded count, in groups of three."""
    return format_count(count) if isinstance(count, int) and not isinstance(count, bool) else UNKNOWN


def change_shown(relative: object) -> str:
    """A relative change, `+19 %`."""
    known = _number(relative)
    return UNKNOWN if known is None or math.isinf(known) else f"{known * 100:+.0f} %"


def difference_in(metric: str, difference: object, low: object, high: object) -> str:
    """By how much a metric differs, and the ends of that: `+1.2 ms [-0.3, 2.7]`, `+0.2 points [0.0, 0.4]` of a share; – is not known."""
    value, *ends = (_signed(metric, one) for one in (difference, low, high))
    return _enclosed(value, [without_unit(end).removesuffix(" points") for end in ends])


def relative_in(relative: object, low: object, high: object) -> str:
    """The same as a share of what was before: `+6.2 % [-1.4, 14]`."""
    value, *ends = (_signed_percent(one) for one in (relative, low, high))
    return _enclosed(value, [without_unit(end) for end in ends])


def outcome_of(run: Run) -> str:
    """The outcome of a run as people read it: `PASS`, `emulated FAIL`."""
    return outcome_shown(run, run.verdict.get("outcome"))


def outcome_shown(run: Run, outcome: object) -> str:
    """An outcome of any of its limits, likewise; `–` where none is recorded."""
    told = outcome if isinstance(outcome, str) else UNKNOWN
    return f"emulated {told}" if run.provenance.get("target") == EMULATED else told


def provisional(run: Run) -> bool:
    """Whether it passed, with limits of which more runs may say otherwise."""
    checks = run.verdict.get("checks")
    decisions = [check.get("decision") for check in checks if isinstance(check, dict)] if isinstance(checks, list) else []
    passed = run.verdict.get("outcome") == "PASS"
    return passed and any(decision.get("provisional") for decision in decisions if isinstance(decision, dict))


def _enclosed(value: str, ends: Sequence[str]) -> str:
    return f"{value} [{', '.join(end.removeprefix('+') for end in ends)}]" if set(ends) != {UNKNOWN} else value


def _signed(metric: str, difference: object) -> str:
    known = _number(difference)
    if known is None:
        return UNKNOWN
    text = unit_of(metric).show(abs(known))
    return _with_sign(text.replace(" %", " points"), known)


def _signed_percent(relative: object) -> str:
    known = _number(relative)
    if known is None or math.isinf(known):
        return UNKNOWN
    share = abs(known) * 100
    return _with_sign(f"{share:.1f} %" if share < 9.95 else f"{share:.0f} %", known)


def _with_sign(text: str, value: float) -> str:
    """A number's text with its sign; what is printed as nought has none."""
    nought = not any(digit in text for digit in "123456789∞")
    return text if nought else f"+{text}" if value > 0 else f"-{text}"


def moment(iso: str) -> str:
    """`2026-11-22 09:36 UTC`; as it stands where it is no time of ours."""
    return f"{iso[:10]} {iso[11:16]} UTC" if iso[10:11] == "T" and iso.endswith("+00:00") else iso


def _count(count: object) -> int:
    return count if isinstance(count, int) and not isinstance(count, bool) else 0


def _number(value: object) -> float | None:
    """A number, which may be infinite (Python's JSON reader has words for it); None for anything else."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:  # JSON bounds no integer
        return math.inf
    return None if math.isnan(number) else number
