"""How often `tailgate compare` is wrong on runs of known truth: `python -m benchmarks.verdicts compare`, shortened, with fixed seeds."""

from __future__ import annotations

import pytest

from benchmarks.verdicts_compare import alike, changed
from tests.accuracy.test_verdicts import at_most

MANY = 60


@pytest.mark.parametrize(
    ("model", "runs"),
    [
        ("ar90", 1),
        ("bursts", 3),
        *(pytest.param(*one, marks=pytest.mark.thorough) for one in (("ar99", 3), ("neighbour", 5), ("queue", 1))),
    ],
)
def test_runs_of_the_same_thing_are_hardly_ever_told_apart(model: str, runs: int) -> None:
    """At most 5 % false alarms though requests depend on each other and runs differ by 3 %; intervals hold what they say."""
    figures = alike(model, runs, MANY)
    assert figures["worse"] <= at_most(0.05, MANY)
    assert figures["p50_covered"] >= 1 - at_most(0.05, MANY)
    assert figures["last"] > 2 * figures["worse"], "5 % above is what runs of the same thing are"


def test_a_change_that_matters_is_found_with_five_runs_a_side_and_never_passed() -> None:
    """A tenth of the median in four of five comparisons, a fifth of p99 in two of three; + 20 % is never no worse than + 10 %."""
    figures = changed("independent", 5, MANY)
    assert figures["p50"]["found_10"] >= 1 - at_most(0.2, MANY)
    assert figures["p99"]["found_20"] >= 1 - at_most(0.33, MANY)
    assert figures["p50"]["no_worse"] >= 1 - at_most(0.05, MANY)
    assert {figures[metric]["passed_20"] for metric in figures} == {0.0}


def test_one_run_a_side_proves_little() -> None:
    """Of a tenth it finds hardly any, of a fifth of the median most."""
    figures = changed("independent", 1, MANY)["p50"]
    assert figures["found_10"] < 0.5 < figures["found_20"]
