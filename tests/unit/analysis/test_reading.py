"""What one measurement comes to, with a budget and without."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from tailgate import Budget, Case, ConstantRate, EndpointSpec
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.reading import Reading, read
from tailgate.samples import Error, Samples
from tests.unit.reporting.synthetic import case_of, samples_of

URL = "http://127.0.0.1/ranker"
HOST = {"workers": 1.0, "cpu_s": 20.9, "cpu_share": 0.95, "lasted_s": 22.0}


def _read(samples: Samples, case: Case | None = None, budget: Budget | None = None) -> Reading:
    return read(URL, (case or case_of()).load, samples, budget)


def _lagging(samples: Samples, lag_s: float) -> Samples:
    """The same, sent late by the generator's fault."""
    records = samples.records.copy()
    records["sent_after_s"] += lag_s
    records["done_after_s"] += lag_s
    return dataclasses.replace(samples, records=records)


def test_a_reading_counts_what_was_due_after_the_warmup():
    """2 000 of 2 200 requests at 100/s; their times and errors, and no verdict where no budget was given."""
    case = case_of()
    samples = samples_of(case, failed=range(30))
    reading = _read(samples)
    judged = samples.after_warmup()
    assert (reading.requests, reading.errors, reading.censored) == (2000, 30, 0)
    assert reading.achieved_per_s == pytest.approx(100)
    assert reading.response_s["p50"] == np.sort(judged.response_s)[999]
    assert reading.response_s["p99"] == math.inf
    assert reading.send_lag_s["max"] == pytest.approx(5e-5)
    assert (reading.reasons, reading.verdict, reading.outcome) == ((), None, None)


def test_requests_that_never_came_back_are_censored_errors():
    """They are told apart from the others, and counted among the errors."""
    samples = samples_of(case_of(), failed=range(4))
    lost = np.flatnonzero(samples.failed)[:3]
    samples.records["error"][lost] = Error.CENSORED
    reading = _read(samples)
    assert (reading.errors, reading.censored) == (4, 3)


def test_a_budget_is_judged_and_the_text_names_the_url():
    """A URL has neither instance type nor network path to name."""
    budget = Budget.of("p50 <= 60ms", "p99 <= 120ms")
    reading = _read(samples_of(case_of()), budget=budget)
    assert reading.outcome is Outcome.PASS
    assert reading.verdict is not None
    first, *_ = reading.verdict.explain().splitlines()
    assert first == f"within budget: {URL} at 100/s"
    slow = _read(samples_of(case_of(), median_s=0.2), budget=budget)
    assert slow.outcome is Outcome.FAIL


@pytest.mark.parametrize("budget", [None, Budget.of("p99 <= 60ms")])
def test_a_generator_that_was_late_makes_no_reading(budget):
    """With a budget the send lag is held against the tightest bound, without one against what was measured."""
    reading = _read(_lagging(samples_of(case_of()), 0.05), budget=budget)
    assert reading.outcome is Outcome.INCONCLUSIVE
    assert any("send lag p99" in reason for reason in reading.reasons)


def test_an_ordinary_lag_beside_quick_answers_is_none():
    """A millisecond says little of the host, even where answers take as long; it is shown, and it stands."""
    reading = _read(_lagging(samples_of(case_of(), median_s=0.001), 0.001))
    assert reading.reasons == ()


def test_a_generator_at_its_limit_says_how_many_workers_to_ask_for():
    """22 s of load took 20.9 s of one core: 9.5 ms a request, which is .95 of a core, and two keep that with ease."""
    late = _lagging(samples_of(case_of()), 0.05)
    reading = _read(dataclasses.replace(late, host=HOST))
    assert reading.cpu_s_each == pytest.approx(0.0095)
    assert "--workers 2" in reading.reasons[-1]
    idle = dataclasses.replace(late, host={**HOST, "cpu_s": 5.0, "cpu_share": 0.25})
    assert not any("--workers" in reason for reason in _read(idle).reasons)
    assert _read(dataclasses.replace(samples_of(case_of()), host=HOST)).reasons == ()


def test_what_was_sent_after_the_load_was_over_did_not_keep_its_rate():
    """A generator that is two seconds behind at the end achieved 90/s of 100/s, though it sent all 2 000 in the end."""
    reading = _read(_lagging(samples_of(case_of()), 2.0))
    assert reading.requests == 2000
    assert reading.achieved_per_s == pytest.approx(90)


def test_a_few_requests_are_a_reading_too():
    """Three requests prove nothing, and without a budget nothing is to be proved."""
    case = Case(EndpointSpec("ranker"), payload=b"", load=ConstantRate(1, 3, 0), budget=Budget.of("error_rate <= 99%"))
    reading = _read(samples_of(case), case)
    assert (reading.requests, reading.reasons) == (3, ())


def test_a_reading_of_nothing_says_so():
    """A load that was stopped in its warm-up has nothing to show, and no error of ours comes of it."""
    samples = samples_of(case_of())
    nothing = dataclasses.replace(samples, records=samples.records[:0], stopped_s=1.0)
    for budget in (None, Budget.of("p99 <= 60ms")):
        reading = _read(nothing, budget=budget)
        assert reading.requests == 0
        assert reading.response_s["p99"] is None
        assert reading.outcome is Outcome.INCONCLUSIVE
