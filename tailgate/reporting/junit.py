"""JUnit properties of numbers: each value and each end of its interval under a name of its own, to the last digit.

Seconds, fractions, requests per second, USD; `inf` is infinite. An end that is not known has no property.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tailgate.analysis.paired import Comparison
from tailgate.analysis.quantiles import Estimate

Property = tuple[str, object]


def estimate_properties(estimate: Estimate, of: str = "tailgate") -> Iterator[Property]:
    """`tailgate.p99`, `tailgate.p99.low`, `tailgate.p99.high`; of an arm, `tailgate.first.p99`."""
    yield from _known(f"{of}.{estimate.metric}", {"": estimate.value, ".low": estimate.low, ".high": estimate.high})


def comparison_properties(metric: str, comparison: Comparison) -> Iterator[Property]:
    """Of a metric of two arms: `tailgate.paired.p99`, the difference, with `.low` and `.high`, `.first`, `.second` and `.p_value`."""
    parts = {
        "": comparison.difference_s,
        ".low": comparison.low_s,
        ".high": comparison.high_s,
        ".first": comparison.first_s,
        ".second": comparison.second_s,
        ".p_value": comparison.p_value,
    }
    yield from _known(f"tailgate.paired.{metric}", parts)


def _known(name: str, parts: Mapping[str, float | None]) -> Iterator[Property]:
    yield from ((f"{name}{part}", float(number)) for part, number in parts.items() if number is not None)
