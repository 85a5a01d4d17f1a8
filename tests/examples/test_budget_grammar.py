"""The grammar of a budget's clauses as docs/api.md writes it: what it describes is read, with the value that it says."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate import Budget
from tailgate.errors import PlanError
from tailgate.plan.budget import Limit
from tailgate.plan.vocabulary import METRICS, TIME
from tests.examples.test_public_names import PAGE

(GRAMMAR,) = re.findall(r"^```\n(clause.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
DURATIONS = re.findall(r'"(\w+)"', re.findall(r"duration.*", GRAMMAR)[0])
SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}

numbers = st.decimals("0.001", "20", places=3).map(lambda number: f"{number:f}")
blanks = st.sampled_from(["", " ", "  "])
percentiles = st.one_of(st.integers(1, 99).map(str), st.decimals("0.0001", "99.9999", places=4).map(lambda number: f"{number:f}"))
times = st.one_of(
    st.builds("{}p{}".format, st.sampled_from(["", "ttfb_"]), percentiles),
    st.sampled_from(sorted(n for n in METRICS if METRICS[n].unit is TIME)),
)


def test_the_grammar_has_the_units_that_are_read() -> None:
    """All that a duration may be written in."""
    assert set(DURATIONS) == set(SECONDS)


@given(metric=times, number=numbers, unit=st.sampled_from(DURATIONS), blank=blanks)
def test_a_limit_of_a_time_is_read(metric: str, number: str, unit: str, blank: str) -> None:
    """Any percentile, mean and maximum; blanks do not matter; the bound is in seconds."""
    limit = Limit.of(f"{metric}{blank}<={blank}{number}{blank}{unit}")
    assert limit.bound == pytest.approx(float(number) * SECONDS[unit])
    assert (limit.metric, limit.op) == (metric, "<=")


@given(metric=times, number=numbers)
def test_a_number_without_its_unit_is_refused(metric: str, number: str) -> None:
    """With a sentence that says what to write."""
    with pytest.raises(PlanError, match="write a number and its unit"):
        Limit.of(f"{metric} <= {number}")


@given(number=numbers)
def test_limits_of_other_metrics_are_read(number: str) -> None:
    """Shares, rates and costs, each with its own unit and operator."""
    share = Limit.of(f"error_rate <= {number} %")
    assert share.bound == pytest.approx(float(number) / 100)
    assert Limit.of(f"achieved_rate >= {number}/s").bound == pytest.approx(float(number))
    assert Limit.of(f"cost_per_1000 <= {number}usd").bound == pytest.approx(float(number))


def test_the_example_has_every_metric() -> None:
    """Each kind of limit once."""
    (example,) = re.findall(r"^Budget\.of\((.*?)^\)", PAGE, re.MULTILINE | re.DOTALL)
    budget = Budget.of(*re.findall(r'^    "(.*?)"', example, re.MULTILINE))
    assert {limit.metric for limit in budget.limits} == {*METRICS, "p50", "ttfb_p99"}
