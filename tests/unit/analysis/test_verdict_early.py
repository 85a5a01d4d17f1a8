"""Verdicts of runs that were ended early, because they were clear, or were looked at and went to their end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tailgate.analysis.looks.rhythm import USUAL
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.verdict import judge
from tests.unit.analysis.test_verdict import untrusted

LIMITS = ("p99 <= 120ms", "p50 <= 60ms", "error_rate <= 0.5%")
N = 3000
CALM = {"p99 <= 120ms": [(np.full(300, 50), np.arange(300) % 12 == 0)] * 6}


def ended_early(samples, enough_s: float, stopped_s: float):
    """The same run, ended when so many judged seconds were enough; a little more was sent until then."""
    return replace(samples, enough_s=enough_s, stopped_s=stopped_s).after_warmup()


@pytest.mark.parametrize(("service_s", "outcome"), [(0.01, Outcome.PASS), (0.9, Outcome.FAIL)])
def test_a_run_that_was_ended_because_its_verdict_was_clear_has_that_verdict(new_case, new_samples, service_s, outcome) -> None:
    """That it was short is no reason against it; only the seconds that were enough are judged, and the text says what was saved."""
    case = new_case("p99 <= 120ms", for_s=600)
    samples = ended_early(new_samples(case, service_s), 60.0, case.load.warmup_s + 61.8)
    verdict = judge(case, samples, target_kind="sagemaker", history=CALM, rhythm=USUAL)
    assert verdict.reasons == ()
    assert verdict.outcome is outcome
    assert verdict.saved_s == pytest.approx(538.2)
    assert f"  stopped after 62 of 600 s: {outcome.value} is clear; 538 s saved\n" in verdict.explain()
    assert "3 000 requests in 60 s" in verdict.explain()
    assert verdict.checks[0].decision.after_s == 60


def test_a_run_that_was_ended_by_one_limit_does_not_speak_of_the_others_as_if_they_were_done(new_case, new_samples) -> None:
    """Without a history no limit passes before the end, and that more requests would settle it is no advice now."""
    case = new_case("p50 <= 60ms", "p99 <= 120ms", for_s=600)
    service_s = np.where(np.arange(600 * 50) % 10 == 3, 0.9, 0.01)
    samples = ended_early(new_samples(case, service_s), 60.0, case.load.warmup_s + 61)
    verdict = judge(case, samples, target_kind="sagemaker", rhythm=USUAL)
    assert [check.decision.outcome for check in verdict.checks] == [Outcome.INCONCLUSIVE, Outcome.FAIL]
    assert "stopped after 61 of 600 s: FAIL is clear, whatever becomes of its other limits; 539 s saved" in verdict.explain()
    assert "undecided:" not in verdict.explain()


def test_a_run_that_was_ended_early_and_cannot_be_trusted_has_no_outcome(new_case, new_samples) -> None:
    """Neither in its checks nor in the line that says why it was ended."""
    case = new_case("p99 <= 120ms", for_s=600)
    samples = ended_early(new_samples(case, 0.9, lag_s=0.1), 60.0, case.load.warmup_s + 61)
    verdict = judge(case, samples, target_kind="sagemaker", rhythm=USUAL)
    assert untrusted(verdict).startswith("send lag")
    assert "stopped after 61 of 600 s: its counts seemed clear" in verdict.explain()


def test_samples_that_are_missing_from_the_seconds_that_were_enough_are_a_reason(new_case, new_samples) -> None:
    """Of a run that was ended early as of any other; here one in a hundred was lost on its way."""
    case = new_case("p99 <= 120ms", for_s=600)
    whole = new_samples(case, 0.01)
    lossy = replace(whole, records=whole.records[np.arange(len(whole)) % 100 != 7])
    verdict = judge(case, ended_early(lossy, 60.0, case.load.warmup_s + 61), target_kind="sagemaker", rhythm=USUAL)
    assert untrusted(verdict).startswith("there are samples of 2 970 requests where 3 000 were due")


def test_a_run_that_was_looked_at_and_went_to_its_end_is_decided_by_its_looks(new_case, new_samples) -> None:
    """A PASS without a history has all of its error left at the end, and is what it would be without looks; nothing was saved."""
    case = new_case("p99 <= 120ms", for_s=150)
    samples = new_samples(case, 0.01)
    looked_at, at_once = (judge(case, samples, target_kind="sagemaker", rhythm=rhythm) for rhythm in (USUAL, None))
    assert looked_at.outcome is at_once.outcome is Outcome.PASS
    assert replace(looked_at.checks[0].decision, after_s=None) == at_once.checks[0].decision
    assert looked_at.saved_s == 0
    assert "stopped" not in looked_at.explain()
