from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri

from tailgate.analysis.outcome import Outcome
from tailgate.analysis.verdict import judge
from tailgate.plan.budget import Budget
from tailgate.samples import Error

LIMITS = ("p99 <= 120ms", "p50 <= 60ms", "error_rate <= 0.5%")
N = 3000


def evenly_lognormal(median_s: float, sigma: float) -> np.ndarray:
    """The N quantile-spaced times of a lognormal law, in a fixed order in which nothing comes in company."""
    times = median_s * np.exp(sigma * ndtri((np.arange(N) + 0.5) / N))
    return times[(np.arange(N) * 1237) % N]


FAILING = """\
p99 over budget: resnet50 on ml.c6i.xlarge via privatelink at 50/s
  p99 response time   143.5 ms   [134.8, 156.6]   budget 120.0 ms   FAIL  (+20 %)
  p50 response time    41.8 ms   [ 40.8,  42.8]   budget  60.0 ms   PASS
  error rate            0.0 %    [  0.0,   0.1]   budget   0.5 %    PASS
  service time p99    143.4 ms
  3 000 requests in 60 s (offered 50/s, achieved 50/s), schedule kept (send lag p99 0.1 ms), design effect 1.0
  samples: reports/x   replay: pytest -k x"""


def test_the_failure_text_says_what_failed_by_how_much_and_where_to_look(new_case, new_samples) -> None:
    """A heading, an aligned line per limit, the service time, the load, and the notes that were given; word for word."""
    samples = new_samples(new_case(*LIMITS), evenly_lognormal(0.0417, 0.5325))
    verdict = judge(new_case(*LIMITS), samples, target_kind="sagemaker", notes=("samples: reports/x   replay: pytest -k x",))
    assert verdict.explain() == FAILING
    assert verdict.outcome is Outcome.FAIL
    assert not verdict


def test_beside_a_failed_assertion_a_verdict_takes_a_few_words(new_case, new_samples) -> None:
    """pytest prints it there, above the text that says all: what came out, and no dump of every field."""
    case = new_case(*LIMITS)
    failing = judge(case, new_samples(case, evenly_lognormal(0.0417, 0.5325)), target_kind="sagemaker")
    assert repr(failing) == "<FAIL: p99 over budget>"
    assert repr(judge(case, new_samples(case, evenly_lognormal(0.04, 0.3)), target_kind="emulated")) == "<PASS: within budget>"


def test_all_limits_kept_is_a_pass_and_true(new_case, new_samples) -> None:
    """The verdict's truth value is PASS; without a history its text says that the PASS is provisional."""
    case = new_case(*LIMITS)
    verdict = judge(case, new_samples(case, evenly_lognormal(0.04, 0.3)), target_kind="sagemaker")
    assert verdict
    assert verdict.explain().startswith("within budget: resnet50 on")
    assert verdict.explain().count("PASS  (provisional)") == 3
    assert "provisional: without 5 earlier runs against the same limit, together twice as long" in verdict.explain()


def test_the_history_of_a_limit_is_found_by_its_source(new_case, new_samples) -> None:
    """Earlier runs of one clause make that clause's PASS no longer provisional, and leave the others."""
    case = new_case(*LIMITS)
    earlier = {"p99 <= 120ms": [(np.full(60, 50), np.zeros(60))] * 5}
    verdict = judge(case, new_samples(case, evenly_lognormal(0.04, 0.3)), target_kind="sagemaker", history=earlier)
    assert [check.decision.provisional for check in verdict.checks] == [False, True, True]


def test_one_undecided_limit_leaves_the_case_undecided_and_says_what_it_would_take(new_case, new_samples) -> None:
    """Neither PASS nor FAIL: INCONCLUSIVE, false, with the number of further requests and the time they take."""
    case = new_case(*LIMITS)
    verdict = judge(case, new_samples(case, evenly_lognormal(0.0417, 0.44)), target_kind="sagemaker")
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert not verdict
    more = verdict.checks[0].decision.more_requests
    assert more
    assert verdict.explain().startswith("p99 undecided: ")
    counted = f"{more:,}".replace(",", " ")
    told = f"undecided: p99 <= 120ms: about {counted} more requests like these would settle it, {more / 50:.0f} s of this load"
    assert told in verdict.explain()
    assert "provisional" not in verdict.explain()


def test_a_limit_met_to_a_hair_says_that_no_number_of_requests_would_tell(new_case, new_samples) -> None:
    """Exactly the allowed share exceeds: no advice is better than ten million requests."""
    case = new_case("p99 <= 120ms")
    verdict = judge(case, new_samples(case, np.where(np.arange(N) % 100 == 50, 0.2, 0.05)), target_kind="sagemaker")
    assert "undecided: p99 <= 120ms: 1.0 % of the requests exceed where 1.0 % may, too close" in verdict.explain()


def test_one_failing_limit_outweighs_an_undecided_one(new_case, new_samples) -> None:
    """FAIL before INCONCLUSIVE before PASS; the heading names the limits that failed."""
    case = new_case("p99 <= 120ms", "p50 <= 40ms", "p90 <= 100ms", "error_rate <= 0.5%")
    error = np.where(np.arange(N) % 50 == 7, Error.TIMEOUT, 0)
    verdict = judge(case, new_samples(case, evenly_lognormal(0.05, 0.2), error=error), target_kind="sagemaker")
    assert verdict.outcome is Outcome.FAIL
    assert verdict.heading.startswith("p99 and p50 and error rate over budget: ")
    assert "  60 requests failed: 60 timeout" in verdict.explain()
    assert "∞" in verdict.explain()
    assert "inf" not in verdict.explain()
    undecided = new_case("p99 <= 120ms", "p50 <= 50.2ms")
    both = judge(undecided, new_samples(undecided, evenly_lognormal(0.05, 0.5)), target_kind="sagemaker")
    assert [check.decision.outcome for check in both.checks] == [Outcome.FAIL, Outcome.INCONCLUSIVE]
    assert both.outcome is Outcome.FAIL


def test_emulated_outcomes_are_called_so_and_say_nothing_of_aws(new_case, new_samples) -> None:
    """Every outcome in the text carries the word, and a closing line says what it is not; other targets have neither."""
    case = new_case(*LIMITS)
    samples = new_samples(case, evenly_lognormal(0.0417, 0.5325))
    emulated, real = (judge(case, samples, target_kind=kind).explain() for kind in ("emulated", "sagemaker"))
    assert emulated.count("emulated PASS") == 2
    assert emulated.count("emulated FAIL") == 1
    assert "none about AWS; the model itself was not run" in emulated.splitlines()[-1]
    assert "emulated" not in real


def test_queueing_in_the_tail_is_named_and_measured(new_case, new_samples) -> None:
    """A tail that waited for connections before it was sent shows as the gap between the two p99s."""
    case = new_case("p99 <= 120ms")
    waited = np.arange(N) % 25 == 3
    lag_s = np.where(waited, 0.09, 0.0002)
    queued = judge(case, new_samples(case, np.full(N, 0.06), lag_s=lag_s, waited=waited), target_kind="sagemaker")
    assert queued.queueing_s == pytest.approx(0.09)
    assert "service time p99     60.0 ms — 90 ms of the tail is queueing: the variant is near saturation" in queued.explain()
    untrusted_run = replace(new_samples(case, np.full(N, 0.06), lag_s=lag_s, waited=waited), faults=("the server died",))
    assert judge(case, untrusted_run, target_kind="sagemaker").queueing_s is None
    unqueued = judge(case, new_samples(case, np.full(N, 0.15)), target_kind="sagemaker")
    assert unqueued.queueing_s is None
    assert "queueing" not in unqueued.explain()


def untrusted(verdict) -> str:
    """The one reason of a verdict that no outcome came of, after checking that none did."""
    assert verdict.outcome is Outcome.INCONCLUSIVE
    withheld = {(check.decision.outcome, check.decision.more_requests, check.decision.provisional) for check in verdict.checks}
    assert withheld == {(Outcome.INCONCLUSIVE, None, False)}
    assert verdict.heading.startswith("no verdict, the run cannot be trusted: ")
    assert "PASS" not in verdict.explain()
    assert "FAIL" not in verdict.explain()
    (reason,) = verdict.reasons
    assert f"not trusted: {reason}" in verdict.explain()
    return reason


@pytest.mark.parametrize("service_s", [0.01, 0.9])
def test_a_run_with_a_fault_is_neither_pass_nor_fail(new_case, new_samples, service_s: float) -> None:
    """What the generator reports against itself withholds every outcome, however good or bad the numbers look."""
    case = new_case(*LIMITS)
    samples = replace(new_samples(case, service_s), faults=("the load generator was killed by signal 9",))
    assert untrusted(judge(case, samples, target_kind="emulated")) == "the load generator was killed by signal 9"


def test_no_samples_is_a_reason_and_not_a_pass(new_case, new_samples) -> None:
    """Without samples there is neither an estimate nor an outcome, and the text still reads."""
    case = new_case(*LIMITS)
    samples = new_samples(case, 0.01)
    verdict = judge(case, replace(samples, records=samples.records[:0]), target_kind="sagemaker")
    assert untrusted(verdict).startswith("there are no samples")
    assert all(check.estimate is None for check in verdict.checks)


def test_a_late_generator_is_a_reason(new_case, new_samples) -> None:
    """Send lag p99 above a fifth of the tightest bound: the schedule was not kept, whatever the responses were."""
    case = new_case(*LIMITS)
    lag_s = np.where(np.arange(N) % 50 == 0, 0.013, 0.0001)
    reason = untrusted(judge(case, new_samples(case, 0.01, lag_s=lag_s), target_kind="sagemaker"))
    assert reason.startswith("send lag p99 is 13.0 ms where 12.0 ms may be (20.0 % of 'p50 <= 60ms')")
    tolerant = replace(case, budget=replace(case.budget, send_lag_share=0.25))
    assert judge(tolerant, new_samples(case, 0.01, lag_s=lag_s), target_kind="sagemaker")
    shares_only = replace(case, budget=Budget.of("error_rate <= 0.5%"))
    assert judge(shares_only, new_samples(case, 0.01, lag_s=lag_s), target_kind="sagemaker")


def test_too_few_requests_sent_is_a_reason(new_case, new_samples) -> None:
    """Less than 98 % of the schedule sent, whether the rest is marked unsent or absent altogether."""
    case = new_case(*LIMITS)
    unsent = np.arange(N) % 40 == 0
    marked = new_samples(case, 0.01, lag_s=np.where(unsent, math.nan, 1e-4), error=np.where(unsent, Error.UNSENT, 0))
    whole = new_samples(case, 0.01)
    absent = replace(whole, records=whole.records[~unsent])
    for samples in (marked, absent):
        reason = untrusted(judge(case, samples, target_kind="sagemaker"))
        assert reason.startswith("2 925 of 3 000 scheduled requests were sent (97.5 %, at least 98.0 % must be)")
    few = np.arange(N) % 100 == 0
    enough = new_samples(case, 0.01, lag_s=np.where(few, math.nan, 1e-4), error=np.where(few, Error.UNSENT, 0))
    assert not judge(case, enough, target_kind="sagemaker").reasons


def test_a_run_that_was_stopped_early_is_not_judged(new_case, new_samples) -> None:
    """Twenty of sixty seconds are not the question that was asked; the few requests of the rest are not held against it twice."""
    case = new_case(*LIMITS)
    whole = new_samples(case, 0.01)
    stopped = replace(whole, records=whole.records[:1000], stopped_s=case.load.warmup_s + 20)
    assert untrusted(judge(case, stopped, target_kind="sagemaker")).startswith("the load was stopped after 20.0 s of 60 s")
    hardly = replace(whole, records=whole.records[:-5], stopped_s=case.load.warmup_s + 59.9)
    assert judge(case, hardly, target_kind="sagemaker")


def test_the_text_says_whether_a_second_run_confirms_the_first_ones_fail(new_case, new_samples) -> None:
    """Either way; and a first run says nothing of it."""
    case = new_case("p99 <= 120ms")
    failed = judge(case, new_samples(case, 0.9), target_kind="emulated")
    again, passed = (judge(case, new_samples(case, time_s), target_kind="emulated", failed=failed) for time_s in (0.8, 0.01))
    assert "  confirmed: the run before it failed as well (p99 over budget)\n" in again.explain()
    assert "  not confirmed: the run before it failed (p99 over budget), this one did not, and this one counts\n" in passed.explain()
    assert "confirmed" not in failed.explain()


def test_an_all_throttled_run_says_nothing_of_the_variant(new_case, new_samples) -> None:
    """Every request throttled: a quota was measured. One answer among them, and it is a FAIL like any other."""
    case = new_case(*LIMITS)
    error = np.full(N, Error.THROTTLED)
    assert untrusted(judge(case, new_samples(case, 0.01, error=error), target_kind="sagemaker")).startswith("every request was throttled")
    error[0] = 0
    assert judge(case, new_samples(case, 0.01, error=error), target_kind="sagemaker").outcome is Outcome.FAIL


def test_a_saturated_server_is_a_fail_and_not_an_excuse(new_case, new_samples) -> None:
    """Slow answers, time-outs, refused and awaited connections are the server's: each of them fails the case."""
    case = new_case("p99 <= 120ms")
    tenth = np.arange(N) % 10 == 0
    never = np.where(tenth, math.nan, 1e-4)
    slow = new_samples(case, np.full(N, 5.0))
    timed_out = new_samples(case, 0.01, error=np.where(tenth, Error.TIMEOUT, 0))
    refused = new_samples(case, 0.01, lag_s=never, error=np.where(tenth, Error.CONNECT_FAILED, 0))
    kept_waiting = new_samples(case, 0.01, lag_s=np.where(tenth, 3.0, 1e-4), waited=tenth)
    never_served = new_samples(case, 0.01, lag_s=never, waited=tenth, error=np.where(tenth, Error.UNSENT, 0))
    for samples in (slow, timed_out, refused, kept_waiting, never_served):
        verdict = judge(case, samples, target_kind="sagemaker")
        assert verdict.reasons == ()
        assert verdict.outcome is Outcome.FAIL


def test_several_reasons_are_all_given(new_case, new_samples) -> None:
    """A run can be worthless in more than one way; none hides another."""
    case = new_case(*LIMITS)
    samples = replace(new_samples(case, 0.01, lag_s=0.05), faults=("the server died",), stopped_s=case.load.warmup_s + 10)
    reasons = judge(case, samples, target_kind="sagemaker").reasons
    assert [reason.split()[0:2] for reason in reasons] == [["the", "server"], ["the", "load"], ["send", "lag"]]


def test_several_instances_are_counted_in_the_heading(new_case, new_samples) -> None:
    """The heading says on how many instances it was."""
    case = new_case("p50 <= 60ms")
    twofold = replace(case, spec=replace(case.spec, instance_count=2))
    heading = judge(twofold, new_samples(case, 0.01), target_kind="sagemaker").heading
    assert heading == "within budget: resnet50 on 2 × ml.c6i.xlarge via privatelink at 50/s"
