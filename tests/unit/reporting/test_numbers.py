"""Numbers: a recorded value is the same text wherever people read it."""

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailgate.analysis.quantiles import Estimate
from tailgate.plan.vocabulary import METRICS, unit_of
from tailgate.reporting.junit import estimate_properties
from tailgate.reporting.markdown import page as markdown_page
from tailgate.reporting.numbers import (
    change_shown,
    difference_in,
    estimate_of,
    failed_of,
    interval_of,
    outcome_of,
    provisional,
    relative_in,
    requests_of,
    shown,
    value_of,
    without_unit,
)
from tailgate.reporting.report import page as report_page
from tailgate.reporting.run_file import Run
from tailgate.reporting.show import described
from tailgate.reporting.terminal import COLUMNS, run_line, summary
from tests.unit.reporting.synthetic import case_of, run_from, samples_of

CASE = case_of()
RUN = run_from(CASE, samples_of(CASE, failed=[10, 500, 1999]))
ENDS = st.none() | st.floats(0, 100)


def told(run: Run, metric: str, value: float | None, low: float | None, high: float | None) -> Run:
    """The run with another estimate of a metric."""
    estimates = [one for one in run.estimates if isinstance(one, dict) and one["metric"] != metric]
    return replace(run, estimates=[*estimates, {"metric": metric, "value": value, "low": low, "high": high}])


@settings(max_examples=60)
@given(metric=st.sampled_from(COLUMNS), value=ENDS, low=ENDS, high=ENDS)
def test_terminal_and_show_print_the_same_digits(metric: str, value: float | None, low: float | None, high: float | None) -> None:
    """Value and both ends of the interval, to the last digit, whatever they are; infinite and unknown ones too."""
    run = told(RUN, metric, value, low, high)
    interval = interval_of(run, metric)
    assert interval is not None
    table, text = summary([run], width=200, styled=False), described(run)
    assert " ".join(map(without_unit, interval)).replace(" ", " [", 1).replace(" ", ", ").replace(", [", " [") + "]" in table
    line = re.findall(rf"^  {re.escape(metric)} .*$", text, re.MULTILINE)[-1]  # below the explanation
    assert line.endswith(f"[{interval.low}, {interval.high}]" if interval.known else interval.value)
    assert line.split()[1] == interval.value.split()[0]
    if metric in {"p50", "p99"}:
        assert f"  {metric} {interval.value}  " in run_line(run)


@settings(max_examples=15, deadline=None)
@given(metric=st.sampled_from(["p50", "p99"]), value=ENDS, low=ENDS, high=ENDS)
def test_markdown_and_report_print_them_too(metric: str, value: float | None, low: float | None, high: float | None) -> None:
    """In their tables of cases, as the terminal does."""
    run = told(RUN, metric, value, low, high)
    interval = interval_of(run, metric)
    assert interval is not None
    assert f" {interval} |" in markdown_page([run])
    html = report_page([run])
    assert interval.value in html
    if interval.known:
        assert f"[{without_unit(interval.low)}, {without_unit(interval.high)}]" in html


@given(value=st.floats(0, allow_nan=False), low=st.none() | st.floats(0, 9), high=st.none() | st.floats(0, 9))
def test_junit_has_every_digit(value: float, low: float | None, high: float | None) -> None:
    """Machines are told the number itself; an end that is not known has no property."""
    properties = dict(estimate_properties(Estimate("p99", value, low, high)))
    assert float(str(properties.pop("tailgate.p99"))) == value
    assert properties == {f"tailgate.p99.{end}": number for end, number in (("low", low), ("high", high)) if number is not None}


@given(metric=st.sampled_from(sorted(METRICS)) | st.just("p99"), value=st.floats(0, 1e6))
def test_a_value_is_in_its_metrics_unit(metric: str, value: float) -> None:
    """As the explanation of a verdict has it; without the unit the digits stay."""
    assert shown(metric, value) == unit_of(metric).show(value)
    assert not re.search(r"[a-df-zA-Z%/]", without_unit(shown(metric, value)))
    assert shown(metric, value).startswith(without_unit(shown(metric, value)))


@given(value=st.text() | st.booleans() | st.lists(st.integers()) | st.just(math.nan))
def test_what_is_no_number_is_not_known(value: object) -> None:
    """A damaged record gets a dash, never a traceback or a made-up number."""
    assert shown("p99", value) == change_shown(value) == "–"


@pytest.mark.parametrize(("value", "text"), [(None, "∞"), (math.inf, "∞"), (10**400, "∞"), (0, "0.0 ms"), (0.0198, "19.8 ms")])
def test_a_time_that_no_request_kept_is_infinite(value: object, text: str) -> None:
    """JSON has null for it; Python's reader takes Infinity and integers of any length as well."""
    assert shown("p99", value) == text


def test_what_only_a_limit_tells_of_is_found() -> None:
    """A percentile that is estimated for its limit alone stands in the check."""
    case = case_of("ranker", 100, 20, 2, "p97.5 <= 500ms")
    run = run_from(case, samples_of(case))
    assert estimate_of(run, "p97.5") is not None
    assert value_of(run, "p97.5").endswith(" ms")
    assert value_of(run, "p12.5") == "–"


def test_counts_and_outcomes() -> None:
    """Requests and failures in groups of three; an emulated outcome says what it is; a pass that more runs may overturn is known."""
    assert (requests_of(RUN), failed_of(RUN), outcome_of(RUN)) == ("2 000", "3", "emulated PASS")
    assert provisional(RUN)
    assert outcome_of(replace(RUN, provenance={"target": "sagemaker"})) == "PASS"
    bare = replace(RUN, requests={}, verdict={}, provenance={})
    assert (requests_of(bare), failed_of(bare), outcome_of(bare), provisional(bare)) == ("–", "–", "–", False)


@pytest.mark.parametrize(
    ("metric", "ends", "text"),
    [
        ("p99", (0.0012, -0.0003, 0.00271), "+1.2 ms [-0.3, 2.7]"),
        ("p99", (-0.0012, None, 0.0), "-1.2 ms [–, 0.0]"),
        ("p99", (-0.00001, -0.00002, 0.00001), "0.0 ms [0.0, 0.0]"),
        ("p99", (None, None, None), "–"),
        ("error_rate", (0.002, 0.0, 0.004), "+0.2 points [0.0, 0.4]"),
        ("error_rate", (0.0, -0.0005, 0.0005), "0.0 points [-0.05, 0.05]"),
        ("achieved_rate", (-5.0, -6.0, -4.0), "-5/s [-6, -4]"),
        ("cost_per_1000", (0.0231, None, None), "+0.0231 USD"),
    ],
)
def test_a_difference_has_its_sign_and_its_unit_once(metric: str, ends: tuple[float | None, ...], text: str) -> None:
    """Shares of requests differ by points; what is printed as nought has no sign."""
    assert difference_in(metric, *ends) == text


@given(st.floats(-0.999, 1e3), st.floats(0, 1))
def test_a_relative_change_reads_back_as_it_was_and_its_ends_stand_on_either_side(relative: float, reach: float) -> None:
    """To a tenth of a per cent below ten, to one above."""
    value, _, ends = relative_in(relative, relative - reach, relative + reach).partition(" % [")
    assert float(value) == pytest.approx(100 * relative, abs=0.051 if abs(relative) < 0.099 else 0.51)
    low, high = (float(end) for end in ends.removesuffix("]").split(", "))
    assert low <= float(value) <= high or (high - low) < 1.1
