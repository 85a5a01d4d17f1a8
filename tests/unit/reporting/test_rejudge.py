"""Judging again: the same answer as the samples give, or none, from the record alone."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.series import Draw, autoregressive, independent, response_s, spells
from tailgate import Budget, Case, ConstantRate, EndpointSpec
from tailgate.analysis.estimates import estimates
from tailgate.analysis.looks.rhythm import USUAL
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.verdict import judge
from tailgate.errors import PlanError, RecordError
from tailgate.reporting.rejudge import rejudge
from tailgate.reporting.run_file import Run, run_of
from tests.unit.reporting.synthetic import case_of, run_from, samples_of

OWN = ("p50 <= 30ms", "p99 <= 45ms", "error_rate <= 1%", "max <= 2s", "mean <= 30ms", "achieved_rate >= 99/s", "ttfb_p99 <= 45ms")
CASE = case_of("ranker", 100, 60, 2, *OWN)
SAMPLES = samples_of(CASE, failed=[100, 3000, 3001])
RUN = run_from(CASE, SAMPLES)


def test_a_limit_that_the_run_had_keeps_the_answer_that_its_history_gave() -> None:
    """Five earlier runs make it harder to pass, and a PASS no longer provisional; they are not in the record, their answer is."""
    case = replace(CASE, budget=Budget.of("p99 <= 45ms"))
    calm, wild = ([100] * 60, [0] * 60), ([100] * 60, [60, *[0] * 59])
    for history, outcome in (([calm] * 5, Outcome.PASS), ([wild, calm] * 3, Outcome.INCONCLUSIVE)):
        judged = SAMPLES.after_warmup()
        verdict = judge(case, judged, target_kind="emulated", history={"p99 <= 45ms": history})
        assert verdict.outcome is outcome
        run = run_of(case, verdict, estimates(judged), SAMPLES, {"target": "emulated"}, samples_file="x.samples")
        again = rejudge(run, case.budget)
        assert again.outcome is outcome
        assert again.checks[0].decision == verdict.checks[0].decision
        assert not again.checks[0].decision.provisional


def with_budget(*clauses: str) -> Run:
    case = replace(CASE, budget=Budget.of(*clauses))
    return run_from(case, SAMPLES)


def test_a_run_judged_by_its_own_budget_again_is_judged_the_same() -> None:
    """Every limit's numbers and estimates, to the last digit; only the text says where they come from."""
    again, then = rejudge(RUN, CASE.budget), judge(CASE, SAMPLES.after_warmup(), target_kind="emulated")
    assert again.outcome is then.outcome
    for one, other in zip(again.checks, then.checks, strict=True):
        assert one.decision.outcome is other.decision.outcome
        assert (one.decision.low, one.decision.high) == pytest.approx((other.decision.low, other.decision.high))
        assert one.estimate == other.estimate
    assert again.heading == then.heading
    assert "judged again from the record of 2026-11-22T09:36:12.000+00:00, without new load" in again.explain()
    assert "emulated: a statement about the emulator's" in again.explain()


METRICS = st.sampled_from(["p50", "p90", "p99", "p99.9", "ttfb_p50", "ttfb_p99", "mean", "max"])


@given(metric=METRICS, bound_ms=st.floats(8, 80))
@settings(max_examples=80)
def test_another_bound_is_never_decided_against_the_samples(metric: str, bound_ms: float) -> None:
    """What the record passes the samples do not fail, and the other way round; and far from the bound both decide."""
    budget = Budget.of(f"{metric} <= {bound_ms:.3f}ms")
    from_record = rejudge(RUN, budget).outcome
    from_samples = judge(replace(CASE, budget=budget), SAMPLES.after_warmup(), target_kind="emulated").outcome
    assert {from_record, from_samples} != {Outcome.PASS, Outcome.FAIL}
    if metric == "p50" and not 18 < bound_ms < 22:
        assert from_record is from_samples is not Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("clause", "outcome", "said"),
    [
        ("p99 <= 60ms", Outcome.PASS, "p99 response time   40.7 ms   [38.4, 43.3]   budget 60.0 ms   emulated PASS  (provisional)"),
        ("p97.5 <= 60ms", Outcome.PASS, "p97.5 response time   36.3 ms   [–, –]   budget 60.0 ms   emulated PASS  (provisional)"),
        ("p99 <= 30ms", Outcome.FAIL, "FAIL  (+36 %)"),
        ("error_rate <= 0.5%", Outcome.PASS, "error rate"),
        ("throttle_rate <= 0.5%", Outcome.PASS, "throttle rate"),
        ("mean <= 10ms", Outcome.FAIL, "mean response time"),
        ("max <= 1s", Outcome.FAIL, "max response time      ∞"),
        ("achieved_rate >= 120/s", Outcome.FAIL, "FAIL  (-17 %)"),
        ("cost_per_1000 <= 0.001usd", Outcome.PASS, "cost: 1 × ml.m5.large at 0.115 USD an hour each (indicative"),
        ("ttfb_p99 <= 100ms", Outcome.PASS, "p99 time to first byte"),
    ],
)
def test_any_limit_may_be_asked_of_a_recorded_run(clause: str, outcome: Outcome, said: str) -> None:
    """Also those that its own budget did not hold."""
    verdict = rejudge(with_budget("p50 <= 30ms"), Budget.of(clause))
    assert verdict.outcome is outcome
    assert " ".join(said.split()) in " ".join(verdict.explain().split())


def test_a_bound_within_a_class_that_decides_is_undecided_with_the_reason() -> None:
    """Sixty-two of six thousand are just at the bound: with them it is a FAIL, without them a PASS, and the record cannot tell."""
    samples = samples_of(CASE)
    order = np.flatnonzero(samples.due_s >= 2)[::17]
    samples.records["done_after_s"][order[:300]] = 0.150002
    run = run_from(replace(CASE, budget=Budget.of("p50 <= 30ms")), samples)
    verdict = rejudge(run, Budget.of("p99 <= 150ms"))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "undecided: p99 <= 150ms: between 0 and 300 of 6 000 requests exceed" in verdict.explain()
    assert rejudge(run, Budget.of("p99 <= 151ms")).outcome is Outcome.PASS
    assert rejudge(run, Budget.of("p99 <= 149ms")).outcome is Outcome.FAIL
    longest = rejudge(run, Budget.of("max <= 150ms"))  # of which the exact value is on record
    assert longest.outcome is Outcome.FAIL


def test_what_spoke_against_a_run_speaks_against_it_under_any_budget() -> None:
    """INCONCLUSIVE with the recorded reasons, and no outcome beside any limit."""
    run = run_from(CASE, replace(SAMPLES, faults=("the load generator was killed by signal 9",)))
    verdict = rejudge(run, Budget.of("p99 <= 10s", "mean <= 1ms"))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons == ("the load generator was killed by signal 9",)
    assert {check.decision.outcome for check in verdict.checks} == {Outcome.INCONCLUSIVE}
    assert "not trusted: the load generator was killed by signal 9" in verdict.explain()


def test_a_bound_too_near_to_the_generators_lag_is_not_judged() -> None:
    """Lags of 50 µs are fine for milliseconds, and too much for 200 µs; of rare requests' lags the longest is on record."""
    (reason,) = rejudge(RUN, Budget.of("p50 <= 0.2ms", "p99 <= 0.21ms")).reasons
    assert reason.startswith("send lag p99 is 0.0 ms where 0.0 ms may be (20.0 % of 'p50 <= 0.2ms'): the generator was too late for")
    late = samples_of(CASE)
    late.records["sent_after_s"][5000] = 0.03
    run = run_from(replace(CASE, budget=Budget.of("p50 <= 30ms")), late)
    assert rejudge(run, Budget.of("p99 <= 60ms")).reasons == ()
    for clause in ("p99.9 <= 60ms", "max <= 60ms"):
        assert "is not in the record, and" in rejudge(run, Budget.of(clause)).reasons[0]
    held = run_from(replace(CASE, budget=Budget.of("p99.9 <= 60ms")), late)
    assert rejudge(held, Budget.of("p99.9 <= 70ms")).reasons == ()


def test_a_run_that_its_own_budget_ended_early_passes_no_other() -> None:
    """When it ended depends on what was seen; a clear FAIL at one of its looks is one, all else wants the full length."""
    case = case_of("ranker", 100, 600, 2, "p50 <= 30ms")
    samples = samples_of(case)
    samples = replace(samples, records=samples.records[samples.due_s < 62])
    cut = replace(samples, stopped_s=62.3, enough_s=60.0)
    verdict = judge(case, cut.after_warmup(), target_kind="emulated", rhythm=USUAL, history={"p50 <= 30ms": [([100] * 600, [5] * 600)] * 5})
    assert verdict
    run = run_of(case, verdict, estimates(cut.after_warmup()), cut, {"target": "emulated"}, samples_file="x.samples")
    own = rejudge(run, case.budget)
    assert own.outcome is Outcome.PASS
    assert not own.checks[0].decision.provisional
    passed = rejudge(run, Budget.of("p99 <= 60ms"))
    assert passed.outcome is Outcome.INCONCLUSIVE
    assert "the run was ended after 60 of 600 s, when its own budget was clear; this one was not yet" in passed.explain()
    assert rejudge(run, Budget.of("p99 <= 20ms")).outcome is Outcome.FAIL
    assert rejudge(run, Budget.of("max <= 20ms")).outcome is Outcome.FAIL
    assert rejudge(run, Budget.of("mean <= 1ms")).outcome is Outcome.INCONCLUSIVE


def test_a_record_of_an_older_tailgate_is_judged_as_far_as_it_goes() -> None:
    """Without kinds, maximum and the rate's interval: counts still decide; what wants an interval says that there is none."""
    raw = copy.deepcopy(with_budget("p50 <= 30ms").fields())
    del raw["per_second"]["kinds"]  # type: ignore[union-attr, attr-defined]
    newer = {"max", "send_lag_max", "ttfb_p50", "ttfb_p99", "throttle_rate"}
    raw["estimates"] = [one for one in raw["estimates"] if one["metric"] not in newer]  # type: ignore[union-attr, index, call-overload]
    for one in raw["estimates"]:
        if one["metric"] == "achieved_rate":
            one["low"] = one["high"] = None
    run = Run.from_fields(raw, "older")
    assert rejudge(run, Budget.of("p99 <= 60ms", "error_rate <= 1%")).outcome is Outcome.PASS
    assert "there is no interval of it" in rejudge(run, Budget.of("achieved_rate >= 90/s")).explain()
    assert rejudge(run, Budget.of("throttle_rate <= 1%")).outcome is Outcome.PASS
    assert "is not in the record" in rejudge(run, Budget.of("max <= 1s")).explain()


def test_a_cost_wants_a_price_of_the_runs_own_region() -> None:
    """Stated when it is judged, or when it was measured; else bundled, where it is of that region."""
    budget = Budget.of("cost_per_1000 <= 0.0004usd")
    assert rejudge(RUN, budget).outcome is Outcome.PASS
    assert rejudge(RUN, budget, prices={"ml.m5.large": 0.2}).outcome is Outcome.FAIL
    elsewhere = replace(RUN, provenance={**RUN.provenance, "region": "ap-northeast-1"})
    with pytest.raises(PlanError, match="in ap-northeast-1 is known"):
        rejudge(elsewhere, budget)
    then = replace(elsewhere, case={**elsewhere.case, "prices": {"ml.m5.large": 0.1}})
    assert "at 0.1 USD an hour each (as stated)" in rejudge(then, budget).explain()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"case": {}}, "does not say how long it was"),
        ({"per_second": {}}, "counts are damaged"),
        ({"blocks": {}}, "damaged"),
        ({"estimates": [1, {"metric": 3}]}, None),
        ({"verdict": {}}, None),
    ],
)
def test_a_damaged_record_is_an_error_of_ours_or_judged_by_what_is_left(change: dict[str, object], said: str | None) -> None:
    """Never a traceback."""
    run = replace(RUN, **change)  # type: ignore[arg-type]
    if said is None:
        assert rejudge(run, Budget.of("p99 <= 60ms")).outcome in Outcome
    else:
        with pytest.raises(RecordError, match=said):
            rejudge(run, Budget.of("p99 <= 60ms"))


@pytest.mark.parametrize("draw", [independent, autoregressive(0.9), spells(1.5, 60)], ids=["independent", "AR .9", "bursts"])
def test_of_series_whose_slow_requests_keep_company_the_record_knows_what_the_samples_do(draw: Draw) -> None:
    """Of a bound that was not recorded: the same outcome in 717 of 720 series, and in the others never the opposite."""
    case = Case(EndpointSpec("ranker"), b"", ConstantRate(50, 300, 0), Budget.of("p50 <= 60ms"))
    asked = Budget.of("p99 <= 100ms")
    random, alike = np.random.default_rng(3), 0
    for fraction in (0.005, 0.02):
        for row in response_s(draw(random, 6, 15_000, fraction), fraction):
            samples = samples_of(case)
            samples.records["done_after_s"], samples.records["first_byte_after_s"] = row, row
            from_record = rejudge(run_from(case, samples), asked).outcome
            from_samples = judge(replace(case, budget=asked), samples, target_kind="emulated").outcome
            assert {from_record, from_samples} != {Outcome.PASS, Outcome.FAIL}
            alike += from_record is from_samples
    assert alike >= 11
