"""Noisy hosts: what invalidates a run, what is a note beside it, and what is to be done about either."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.analysis.outcome import Outcome
from tailgate.analysis.validity import disturbed, reasons_against
from tailgate.analysis.verdict import Verdict, judge
from tailgate.samples import Samples

N = 3000
LATE_S = np.where(np.arange(N) % 50 == 0, 0.05, 0.0001)  # one in fifty leaves 50 ms late
QUIET = {
    "workers": 1.0,
    "lasted_s": 62.0,
    "cpu_s": 1.5,
    "cpu_share": 0.024,
    "cpu_share_most": 0.05,
    "waited_for_cpu_s": 0.2,
    "steal_share": 0.001,
    "steal_share_most": 0.01,
    "throttled_periods": 0.0,
    "throttled_s": 0.0,
    "tcp_segments": 7000.0,
    "tcp_retransmits": 1.0,
    "clock_step_s": 0.0002,
}

NOISES: dict[str, tuple[Mapping[str, float], str, str]] = {
    "steal": (
        {"steal_share": 0.12, "steal_share_most": 0.31},
        "the hypervisor gave 12.0 % of the processors' time to other guests (31.0 % in the worst second)",
        "measure from a larger or a dedicated instance",
    ),
    "quota": (
        {"throttled_periods": 14.0, "throttled_s": 1.2},
        "a CPU quota of the generator's container was used up in 14 periods, 1.2 s in all",
        "raise or lift its CPU limit",
    ),
    "saturation": (
        {"cpu_share": 0.97, "cpu_share_most": 0.99, "cpu_s": 60.0},
        "the generator used 99 % of its core",
        "ask for 2 workers (--latency-workers 2)",
    ),
    "neighbours": (
        {"waited_for_cpu_s": 12.4},
        "the generator waited for a processor 20.0 % of the time while others ran",
        "give it an idle core",
    ),
}


@pytest.fixture
def judged(new_case, new_samples):
    """Judge 3 000 requests of a given time, on a host with these counters."""

    def judge_them(service_s: object, host: Mapping[str, float], kind: str = "sagemaker", limits=("p99 <= 120ms",), **columns) -> Verdict:
        case = new_case(*limits)
        samples: Samples = new_samples(case, service_s, **columns)
        return judge(case, replace(samples, host=host), target_kind=kind)

    return judge_them


@pytest.mark.parametrize("noise", NOISES)
def test_noise_that_made_requests_late_is_the_cause_of_an_invalid_run(judged, noise: str) -> None:
    """INCONCLUSIVE, with what was measured, what the host did, and the remedy that fits it."""
    changes, what, remedy = NOISES[noise]
    verdict = judged(0.02, QUIET | changes, lag_s=LATE_S)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    (reason,) = verdict.reasons
    assert reason.startswith("send lag p99 is 50.0 ms where 24.0 ms may be (20.0 % of 'p99 <= 120ms'): ")
    assert what in reason
    assert remedy in reason
    assert "host:" not in verdict.explain(), "the cause is said once"


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize(("service_s", "outcome"), [(0.02, Outcome.PASS), (0.2, Outcome.FAIL)])
def test_noise_that_made_nothing_late_is_a_note(judged, noise: str, service_s: float, outcome: Outcome) -> None:
    """The run stands, whichever way it went: what decides is the measured lag."""
    changes, what, _ = NOISES[noise]
    verdict = judged(service_s, QUIET | changes)
    assert verdict.outcome is outcome
    assert not verdict.reasons
    (note,) = [line for line in verdict.notes if line.startswith("host: ")]
    assert what in note
    assert note.endswith("requests left on time all the same (send lag p99 0.1 ms), so the run stands")


@pytest.mark.parametrize("host", [QUIET, {}])
def test_a_quiet_host_and_an_unknown_one_are_not_mentioned(judged, host: Mapping[str, float]) -> None:
    """No line without a reason for it."""
    assert "host" not in judged(0.2, host).explain()


def test_lateness_of_unknown_cause_has_a_remedy_too(judged) -> None:
    """macOS and containers may tell nothing."""
    (reason,) = judged(0.02, {}, lag_s=LATE_S).reasons
    assert reason.endswith("the generator's host was too busy to keep the schedule; give it an idle core or a lower rate")


@pytest.mark.parametrize(
    ("noise", "lag_s", "error", "worth_it"),
    [
        ("steal", LATE_S, 0, True),
        ("neighbours", LATE_S, 0, True),
        ("saturation", LATE_S, 0, False),
        ("steal", 0.0001, 0, False),
        ("steal", LATE_S, np.where(np.arange(N) % 10 == 0, 12, 0), False),
    ],
    ids=["stolen", "crowded", "its own core full", "left on time", "too few sent as well"],
)
def test_only_what_a_busy_host_did_for_a_while_is_worth_a_repeat(new_case, new_samples, noise: str, lag_s, error, worth_it: bool) -> None:
    """Whatever the answers took: slow ones and quick ones are treated alike."""
    case = new_case("p99 <= 120ms")
    for service_s in (0.02, 0.2):
        samples = replace(new_samples(case, service_s, lag_s=lag_s, error=error), host=QUIET | NOISES[noise][0])
        assert disturbed(case, samples, reasons_against(case, samples)) is worth_it


def test_several_causes_are_all_named(judged) -> None:
    """A throttled container on a shared machine: raising one limit alone might not help."""
    host = QUIET | NOISES["steal"][0] | NOISES["quota"][0]
    (reason,) = judged(0.02, host, lag_s=LATE_S).reasons
    assert NOISES["steal"][1] in reason
    assert NOISES["quota"][1] in reason


def test_a_saturated_generator_says_how_many_workers_the_rate_takes(new_case, new_samples) -> None:
    """20 000/s at 90 µs each is 1.8 cores: three workers at 60 % of a core."""
    case = new_case("p99 <= 120ms", per_s=20_000, for_s=5)
    judged = 20_000 * 5
    lag_s = np.linspace(0, 2.5, judged)
    host = {"workers": 1.0, "lasted_s": 7.0, "cpu_s": 7.0 * 13_333 * 90e-6, "cpu_share": 1.0, "cpu_share_most": 1.0}
    verdict = judge(case, replace(new_samples(case, 0.001, lag_s=lag_s), host=host), target_kind="sagemaker")
    assert "about 90 µs for each request: ask for 3 workers (--latency-workers 3)" in verdict.explain()


def test_too_few_sent_has_the_same_causes(new_case, new_samples) -> None:
    """The share that was sent, the share that must be, and why it was not."""
    case = new_case("p99 <= 120ms")
    samples = new_samples(case, 0.01, error=np.where(np.arange(N) % 10 == 0, 12, 0))
    verdict = judge(case, replace(samples, host=QUIET | NOISES["quota"][0]), target_kind="sagemaker")
    assert "2 700 of 3 000 scheduled requests were sent (90.0 %, at least 98.0 % must be): a CPU quota" in verdict.explain()


def test_a_rare_percentile_is_held_against_equally_rare_lags(judged) -> None:
    """One request in 200 left 100 ms late: nothing to a p99, half the bound of a p99.9."""
    lag_s = np.where(np.arange(N) % 200 == 0, 0.1, 0.0001)
    assert judged(0.01, {}, lag_s=lag_s).outcome is Outcome.PASS
    both = judged(0.01, {}, limits=("p99 <= 120ms", "p99.9 <= 200ms"), lag_s=lag_s)
    assert both.reasons[0].startswith("send lag p99.9 is 100.0 ms where 40.0 ms may be (20.0 % of 'p99.9 <= 200ms'): ")


def test_where_only_shares_are_limited_lateness_is_told_and_judged_by_nobody(judged) -> None:
    """An error rate does not depend on when requests left; nor is it said that they left on time."""
    verdict = judged(0.02, QUIET | NOISES["quota"][0], limits=("error_rate <= 1%",), lag_s=LATE_S)
    assert verdict.outcome is Outcome.PASS
    assert "no time is limited (send lag p99 50.0 ms), so the run stands" in verdict.explain()


def test_lost_packets_are_told_apart_from_a_slow_host(judged) -> None:
    """Retransmissions lengthen the tail and are nobody's CPU."""
    text = judged(0.2, QUIET | {"tcp_retransmits": 70.0}).explain()
    assert "host: 70 of 7 000 TCP segments were sent again: the network loses packets" in text


def test_packets_beyond_the_instances_network_are_told(judged) -> None:
    """EC2 queues or drops them without a word to anybody but the driver."""
    text = judged(0.02, QUIET | {"allowance_exceeded": 1234.0}).explain()
    assert "host: 1 234 packets were beyond what the instance's network may carry" in text


def test_a_stepped_wall_clock_is_a_note_where_no_stamp_was_taken_by_it(judged) -> None:
    """The portable clock is monotonic; where the kernel stamps, the generator reports a fault of its own."""
    assert (
        "host: the wall clock stepped by -500.0 ms; times are the monotonic clock's, and stand"
        in judged(0.01, QUIET | {"clock_step_s": -0.5}).explain()
    )


def test_samples_that_are_too_few_or_too_many_for_the_schedule_are_a_reason(new_case, new_samples) -> None:
    """One worker's report that got lost, or came twice, though nothing else was amiss; a stopped load is judged by its share."""
    case = new_case("p99 <= 120ms")
    samples = new_samples(case, 0.01)
    twice = replace(samples, records=np.sort(np.concatenate([samples.records, samples.records[:20]]), order="due_s"))
    lost = replace(samples, records=samples.records[20:])
    for wrong, count in ((twice, "3 020"), (lost, "2 980")):
        verdict = judge(case, wrong, target_kind="sagemaker")
        assert verdict.outcome is Outcome.INCONCLUSIVE
        assert f"samples of {count} requests where 3 000 were due" in verdict.explain()
    assert judge(case, replace(lost, stopped_s=61.9), target_kind="sagemaker").outcome is Outcome.PASS


def test_a_request_due_at_the_end_of_the_warm_up_may_fall_on_either_side_of_it(new_case, new_samples) -> None:
    """Due times lose their last digits on the run's clock: one sample more or less at that boundary is none lost."""
    case = new_case("p99 <= 120ms")
    samples = new_samples(case, 0.01)
    assert not judge(case, replace(samples, records=samples.records[1:]), target_kind="sagemaker").reasons


def test_kinds_without_instances_do_not_speak_of_any(judged) -> None:
    """A heading says what answered; the instance type of the case would be a lie there."""
    assert judged(0.2, {}, kind="process").heading == "p99 over budget: resnet50, a process of this host, at 50/s"
    assert "the null responder of this host" in judged(0.2, {}, kind="null").heading
    assert "whatever answers its URL" in judged(0.2, {}, kind="url").heading


@pytest.mark.parametrize("kind", ["emulated", "null", "process", "url", "sagemaker"])
def test_a_burstable_instance_is_pointed_out_where_there_is_one(new_case, new_samples, kind: str) -> None:
    """t2 answers from credits; only a real platform has them."""
    case = new_case("p99 <= 120ms")
    for instance_type, burstable in (("ml.t2.xlarge", True), ("ml.m5.large", False)):
        told = "burst regime" in judge(case.on(instance_type), new_samples(case, 0.01), target_kind=kind).explain()
        assert told == (burstable and kind == "sagemaker")


@given(st.dictionaries(st.sampled_from(sorted(QUIET)), st.floats(0, 1e6), max_size=13))
def test_no_counters_break_a_judgement(host: dict[str, float]) -> None:
    """Whatever a host tells, a text comes out, and what was on time stands."""
    from tests.unit.analysis.conftest import build_case, build_samples

    case = build_case("p99 <= 120ms", for_s=8)
    verdict = judge(case, replace(build_samples(case, 0.01), host=host), target_kind="sagemaker")
    assert verdict.outcome is Outcome.PASS
    assert verdict.explain()
