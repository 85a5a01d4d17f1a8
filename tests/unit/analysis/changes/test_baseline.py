"""A run against a baseline: which metrics, how noise within runs counts, what the text says."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tailgate import Budget, Case
from tailgate.analysis.changes.baseline import Baseline, Earlier, asks_repeat, changes, metrics_of, weighed
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.quantiles import Estimate
from tailgate.analysis.verdict import Verdict, judge


def known(p99_s: float, error: float = 0.01, p50_s: float = 0.05) -> dict[str, Estimate]:
    """A run's times; p99's interval reaches two standard errors either way, as shares of it."""
    p99 = Estimate("p99", p99_s, p99_s * (1 - 2 * error), p99_s * (1 + 2 * error))
    return {"p50": Estimate("p50", p50_s, p50_s * 0.99, p50_s * 1.01), "p99": p99}


def baseline(*p99_s: float, error: float = 0.01) -> Baseline:
    """Runs of one day after the other."""
    runs = (Earlier(known(one, error), f"2026-11-{day:02}T09:00:00+00:00", f"{day:040x}") for day, one in enumerate(p99_s, 1))
    return Baseline("main", tuple(runs))


STEADY = baseline(*[0.1, 0.101, 0.099, 0.1, 0.102, 0.098] * 2)


@pytest.fixture
def case(new_case) -> Case:
    """2 000 requests, of which the slowest hundredth may take 60 ms."""
    return new_case("p99 <= 60ms", per_s=100, for_s=20)


@pytest.fixture
def verdict(case: Case, new_samples) -> Verdict:
    """PASS, of a run in which every request took 10 ms."""
    return judge(case, new_samples(case, 0.01), target_kind="null")


def test_p50_p99_and_the_times_that_are_limited_are_compared() -> None:
    """No share, and no maximum: chance makes it."""
    assert metrics_of(Budget.of("p99 <= 1s", "p90 <= 1s", "mean <= 1s", "max <= 9s", "error_rate <= 1%")) == ("p50", "p90", "p99", "mean")


def test_a_regression_takes_two_runs_and_fails_the_case(verdict: Verdict, case: Case) -> None:
    """The first asks for a repeat and leaves the verdict alone; the second confirms it."""
    first = changes(STEADY, ["p50", "p99"], known(0.12))
    assert [one.change.outcome for one in first] == [Outcome.PASS, Outcome.INCONCLUSIVE]
    told = weighed(verdict, case, first)
    assert told.outcome is Outcome.PASS
    assert asks_repeat(told)
    second = weighed(verdict, case, changes(STEADY, ["p50", "p99"], known(0.12), known(0.121)))
    assert (second.outcome, asks_repeat(second)) == (Outcome.FAIL, False)
    text = second.explain()
    assert text.startswith("p99 slower than before: ")
    line = next(line for line in text.splitlines() if "p99 against main" in line)
    assert "120.0 ms, again 121.0 ms, usually 100.0 ms, at most" in line
    assert "by 12 runs since 2026-11-01, commit 000000000000: FAIL (+20 %, again +21 %)" in line


def test_a_repeat_that_is_as_usual_clears_the_run(verdict: Verdict, case: Case) -> None:
    """Both are told."""
    found = changes(STEADY, ["p99"], known(0.12), known(0.1))
    assert "120.0 ms, again 100.0 ms" in weighed(verdict, case, found).explain()
    assert "not confirmed" in weighed(verdict, case, found).explain()
    assert weighed(verdict, case, found).outcome is Outcome.PASS


def test_fewer_than_five_runs_are_told_and_decide_nothing(verdict: Verdict, case: Case) -> None:
    """However much slower: how much such runs vary is not known."""
    found = changes(baseline(0.1), ["p99"], known(0.2))
    told = weighed(verdict, case, found)
    assert (told.outcome, asks_repeat(told)) == (Outcome.PASS, False)
    assert "200.0 ms after 100.0 ms (+100 %) by 1 earlier run: undecided, it takes 5 runs" in told.explain()


def test_runs_that_are_known_less_well_need_a_larger_change() -> None:
    """A tenth slower counts where p99 is known to 1 %, and not where it is known to 10 %."""
    assert changes(baseline(*[0.1] * 6), ["p99"], known(0.112))[0].change.repeat
    assert not changes(baseline(*[0.1] * 6, error=0.1), ["p99"], known(0.112, error=0.1))[0].change.repeat
    assert not changes(baseline(*[0.1] * 6), ["p99"], known(0.112, error=0.1))[0].change.repeat


def test_a_time_that_the_run_does_not_bound_is_not_compared() -> None:
    """Too few requests for it; an infinite one, which failures make, is."""
    newest = {"p99": Estimate("p99", 0.2), "p50": Estimate("p50", math.inf)}
    assert [one.metric for one in changes(STEADY, ["p99", "p50", "p90"], newest)] == ["p50"]
    assert changes(STEADY, ["p50"], newest)[0].change.repeat


def test_earlier_runs_that_failed_into_a_metric_are_left_out_and_said(verdict: Verdict, case: Case) -> None:
    """An infinite time is no level."""
    mixed = baseline(0.1, math.inf, 0.1, 0.1, 0.1, 0.1)
    (found,) = changes(mixed, ["p99"], known(0.1))
    assert (found.left_out, found.change.runs) == (1, 5)
    assert "1 earlier run is left out: failures reached into p99" in weighed(verdict, case, (found,)).explain()


def test_a_change_that_began_before_says_since_when(verdict: Verdict, case: Case) -> None:
    """The first run beyond the bound and its commit, where to look for the cause."""
    (found,) = changes(baseline(*[0.1] * 12, 0.13, 0.131), ["p99"], known(0.13), known(0.13))
    assert found.change.outcome is Outcome.FAIL
    assert (found.since, found.commit) == ("2026-11-13T09:00:00+00:00", f"{13:040x}")
    assert "its last 2 runs were beyond that already: look for the cause from 2026-11-13" in weighed(verdict, case, (found,)).explain()


def test_a_run_that_cannot_be_trusted_is_not_judged_by_its_history(case: Case, new_samples) -> None:
    """Neither failed nor repeated for it."""
    late = judge(case, replace(new_samples(case, 0.01), faults=("a process died",)), target_kind="null")
    assert weighed(late, case, changes(STEADY, ["p99"], known(0.12), known(0.12))) == late
    assert not asks_repeat(late)


def test_a_case_over_budget_says_both(case: Case, new_samples) -> None:
    """What is over, and what is slower than before."""
    over = judge(case, new_samples(case, 0.1), target_kind="emulated")
    text = weighed(over, case, changes(STEADY, ["p99"], known(0.12), known(0.12))).explain()
    assert text.startswith("p99 over budget, p99 slower than before: ")
    assert "emulated FAIL (+20 %, again +20 %)" in text
