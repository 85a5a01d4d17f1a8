from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tailgate import Budget, Case, ClosedLoop, ConstantRate, EndpointSpec, Poisson
from tailgate.analysis.metrics import NAMED, evidence_in, metric_of
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.verdict import judge
from tailgate.errors import AnalysisError
from tailgate.plan.budget import Limit
from tailgate.plan.vocabulary import METRICS
from tailgate.samples import Error, Samples


def exceeding(name: str, samples: Samples, bound: float = 0.06) -> list[int]:
    """Which requests exceed, by number."""
    counted = metric_of(name).counted
    assert counted is not None
    return np.flatnonzero(counted(bound).of(samples.records)).tolist()


def test_each_metric_that_a_plan_may_name_can_be_judged_and_no_other() -> None:
    """The table and the plan's vocabulary hold the same names; percentiles of either spelling are known to both."""
    assert set(NAMED) == set(METRICS)
    assert all(metric_of(name).name == name for name in METRICS)
    for name in ("p1", "p50", "p95", "p99", "p99.9", "p99.99", "ttfb_p50", "ttfb_p99.9"):
        assert Limit.of(f"{name} <= 5ms").metric == metric_of(name).name
    for name in ("p0", "p100", "p101", "ttfb_p0", "eror_rate"):
        with pytest.raises(AnalysisError, match=f"'{name}' cannot be judged"):
            metric_of(name)


def test_what_counts_decide_is_what_has_an_allowed_share() -> None:
    """A metric of which no request exceeds by itself has no share of requests that may, and the other way round."""
    bounds = {"time": "5ms", "share": "1%", "rate": "5/s", "cost": "1usd"}
    for name, named in METRICS.items():
        limit = Limit.of(f"{name} {'>=' if named.at_least else '<='} {bounds[named.unit.name]}")
        assert (limit.allowed is not None) == (metric_of(name).counted is not None and name != "max"), name


def test_a_slow_or_failed_request_exceeds_a_percentile_and_only_a_failed_one_an_error_rate(new_case, new_samples) -> None:
    """Above the bound, or failed however fast: an exceedance of p99. An error rate counts the failed ones, a throttle rate some of them."""
    case = new_case("p99 <= 60ms", per_s=1, for_s=300)
    service_s, error = np.full(300, 0.01), np.zeros(300)
    service_s[3], error[5], error[6], error[7] = 0.07, Error.WRONG_ANSWER, Error.CENSORED, Error.THROTTLED
    samples = new_samples(case, service_s, error=error)
    for name in ("p99", "ttfb_p99", "max"):
        assert exceeding(name, samples) == [3, 5, 6, 7], name
    assert exceeding("error_rate", samples) == [5, 6, 7]
    assert exceeding("throttle_rate", samples) == [7]
    assert metric_of("error_rate").estimate(samples).value == pytest.approx(3 / 300)
    assert metric_of("throttle_rate").estimate(samples).value == pytest.approx(1 / 300)
    assert metric_of("p50").estimate(samples).value == pytest.approx(0.0101, rel=1e-4)
    assert metric_of("max").estimate(samples).value == math.inf


def test_the_first_byte_has_percentiles_of_its_own(new_case, new_samples) -> None:
    """A streamed answer begins long before it ends."""
    case = new_case("ttfb_p99 <= 60ms")
    samples = new_samples(case, 0.5)
    samples.records["first_byte_after_s"] = 0.02
    assert metric_of("ttfb_p99").estimate(samples).value == pytest.approx(0.02)
    assert metric_of("p99").estimate(samples).value == pytest.approx(0.5001)
    assert judge(case, samples, target_kind="sagemaker")


@pytest.mark.parametrize(
    ("limit", "passes", "fails", "shown"),
    [
        ("mean <= 60ms", 0.05, 0.07, "mean response time    50.1 ms   [50.1, 50.1]   budget 60.0 ms   PASS  (of this run)"),
        ("max <= 60ms", 0.05, 0.07, "max response time    50.1 ms   [–, –]   budget 60.0 ms   PASS  (of this run)"),
        ("ttfb_p99 <= 60ms", 0.05, 0.07, "p99 time to first byte    50.1 ms   [50.1, 50.1]   budget 60.0 ms   PASS  (provisional)"),
    ],
)
def test_limits_of_times_pass_fail_and_are_shown(new_case, new_samples, limit: str, passes: float, fails: float, shown: str) -> None:
    """A line of the table, and the sentence that says what a PASS leaves open."""
    case = new_case(limit)
    passed, failed = (judge(case, new_samples(case, service_s), target_kind="sagemaker") for service_s in (passes, fails))
    assert passed
    assert " ".join(shown.split()) in [" ".join(line.split()) for line in passed.explain().splitlines()]
    assert ("of this run:" in passed.explain()) == ("(of this run)" in shown)
    assert failed.outcome is Outcome.FAIL
    assert failed.heading.startswith(f"{limit.partition(' ')[0].replace('_', ' ')} over budget: ")


def test_one_request_above_it_fails_a_maximum_and_none_passes_this_run_alone(new_case, new_samples) -> None:
    """Also one that failed. No number of requests proves that none will ever be slower, so the PASS is provisional for ever."""
    case = new_case("max <= 60ms")
    service_s = np.full(3000, 0.01)
    within = judge(case, new_samples(case, service_s), target_kind="sagemaker", history={"max <= 60ms": [([50] * 60, [0] * 60)] * 9})
    assert within
    (check,) = within.checks
    assert check.decision.provisional
    assert check.decision.high == pytest.approx(0.001, rel=0.01)
    service_s[1234] = 0.061
    assert judge(case, new_samples(case, service_s), target_kind="sagemaker").outcome is Outcome.FAIL
    lost = np.where(np.arange(3000) == 77, Error.CONNECTION_LOST, 0)
    assert judge(case, new_samples(case, 0.01, error=lost), target_kind="sagemaker").outcome is Outcome.FAIL


def test_one_request_that_the_generator_sent_late_is_no_reason_to_fail_a_maximum(new_case, new_samples) -> None:
    """The limit speaks of the slowest of all, so the longest of all the generator's lags is held against it."""
    case = new_case("max <= 60ms")
    lag_s = np.where(np.arange(3000) == 1234, 0.08, 1e-4)
    verdict = judge(case, new_samples(case, 0.01, lag_s=lag_s), target_kind="sagemaker")
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons[0].startswith("send lag max is 80.0 ms where 12.0 ms may be")


def test_a_mean_is_decided_by_its_batches_and_says_what_it_would_take(new_case, new_samples, lognormal) -> None:
    """Near its bound it is undecided, and the advice shrinks the interval to the distance."""
    service_s = lognormal(3000, 0.05, 0.5)
    mean_ms = float(service_s.mean() + 1e-4) * 1e3
    outcomes = {}
    for factor in (0.95, 1.001, 1.05):
        case = new_case(f"mean <= {mean_ms * factor:.4f}ms")
        verdict = judge(case, new_samples(case, service_s), target_kind="sagemaker")
        outcomes[factor] = verdict.outcome
        if factor == 1.001:
            assert verdict.checks[0].decision.more_requests
            assert "more requests like these would settle it" in verdict.explain()
    assert outcomes == {0.95: Outcome.FAIL, 1.001: Outcome.INCONCLUSIVE, 1.05: Outcome.PASS}


def test_a_mean_of_those_who_were_answered_passes_nothing_where_many_were_not(new_case, new_samples) -> None:
    """Failures have no time: a server that sheds half its load would look twice as good. One in a hundred may be missing."""
    case = new_case("mean <= 60ms")
    for every, outcome in ((200, Outcome.PASS), (20, Outcome.INCONCLUSIVE), (1, Outcome.FAIL)):
        error = np.where(np.arange(3000) % every == 0, Error.SERVER_ERROR, 0)
        verdict = judge(case, new_samples(case, 0.01, error=error), target_kind="sagemaker")
        assert verdict.outcome is outcome, every
        if outcome is Outcome.INCONCLUSIVE:
            assert "undecided: mean <= 60ms: 5.0 % of the requests failed and have no time" in verdict.explain()


def test_an_achieved_rate_has_a_lower_bound_and_says_so(new_case, new_samples) -> None:
    """A schedule that was kept achieves what it offered, exactly; one of which the end was never reached does not."""
    case = new_case("achieved_rate >= 49.9/s")
    kept = judge(case, new_samples(case, 0.01), target_kind="sagemaker")
    assert kept
    assert "achieved rate        50 /s   [50, 50]   budget ≥ 49.9 /s   PASS  (of this run)" in kept.explain()
    behind_s = np.linspace(0, 0.9, 3000)  # falls behind steadily: 45 requests are sent after the load's end
    late = judge(case, new_samples(case, 0.01, lag_s=behind_s, waited=1), target_kind="sagemaker")
    assert late.outcome is Outcome.FAIL
    assert late.heading.startswith("achieved rate under budget: ")
    assert "FAIL  (-1 %)" in late.explain()


def test_a_few_milliseconds_of_lag_are_no_shortfall(new_case, new_samples) -> None:
    """All were sent in the second they were due in: what was offered is what was achieved, without a doubt."""
    case = new_case("achieved_rate >= 50/s")
    lag_s = np.random.default_rng(1).exponential(0.003, 3000)
    lag_s[-1] = 0.025  # it left after the load's end
    assert judge(case, new_samples(case, 0.01, lag_s=lag_s), target_kind="sagemaker")


def test_the_rate_of_a_closed_loop_is_its_throughput_with_an_interval(new_samples) -> None:
    """Callers that wait make a rate of their own, which varies as the answers do."""
    arrivals = Case(EndpointSpec("x"), b"", Poisson(50, 60, warmup_s=0), Budget.of("p50 <= 1s"))
    samples = new_samples(arrivals, 0.05)
    samples = replace(samples, header=replace(samples.header, scheduled=None))
    outcomes = {}
    for bound in (40, 50, 60):
        case = Case(EndpointSpec("ranker"), b"", ClosedLoop(callers=4, for_s=60, warmup_s=0), Budget.of(f"achieved_rate >= {bound}/s"))
        (limit,) = case.budget.limits
        outcomes[bound] = metric_of("achieved_rate").decide(limit, evidence_in(samples, limit, case)).decision.outcome
    assert outcomes == {40: Outcome.PASS, 50: Outcome.INCONCLUSIVE, 60: Outcome.FAIL}


def test_a_cost_is_the_price_of_the_instances_over_the_achieved_rate(new_samples) -> None:
    """Two instances at 0.36 USD an hour and 50 requests a second: 0.004 USD a thousand, whatever the bound; stated or bundled."""
    for bound, outcome in ((0.005, Outcome.PASS), (0.003, Outcome.FAIL)):
        budget = Budget.of(f"cost_per_1000 <= {bound}usd")
        spec = EndpointSpec("ranker", instance_type="ml.c7i.xlarge", instance_count=2)
        case = Case(spec, b"", ConstantRate(50, 60), budget, prices={"ml.c7i.xlarge": 0.36})
        verdict = judge(case, new_samples(case, 0.01), target_kind="sagemaker")
        assert verdict.outcome is outcome
        (check,) = verdict.checks
        assert check.estimate is not None
        assert check.estimate.value == pytest.approx(0.004)
        assert check.decision.low == pytest.approx(0.004)
        assert "cost: 2 × ml.c7i.xlarge at 0.36 USD an hour each (as stated)" in verdict.explain()
    bundled = Case(EndpointSpec("ranker"), b"", ConstantRate(50, 60), Budget.of("cost_per_1000 <= 1usd"))
    assert (
        "at 0.115 USD an hour each (indicative, us-east-1 and us-west-2, 2022 to 2026)"
        in judge(bundled, new_samples(bundled, 0.01), target_kind="sagemaker").explain()
    )
