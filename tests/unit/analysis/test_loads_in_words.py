"""Verdicts on loads that have no single rate, and on closed loops, which have none at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tailgate import FRESH, ClosedLoop, ConstantRate, Gaps, Load, Ramp, Replay, Steps
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.verdict import Verdict, judge
from tailgate.measure import connections_for
from tailgate.samples import Error, Samples


def _as_closed_loop(new_case, new_samples, service_s: object, *limits: str, **columns: object) -> tuple[Verdict, Samples]:
    """A run of 3 000 requests in a minute, taken for eight callers'."""
    open_loop = new_case(*limits)
    case = open_loop.under(ClosedLoop(8, for_s=60, warmup_s=open_loop.load.warmup_s))
    samples = new_samples(open_loop, service_s, **columns)
    return judge(case, samples, target_kind="emulated"), samples


@pytest.mark.parametrize(
    ("load", "heading", "offered"),
    [
        (Ramp(10, 100, 60, spacing="even"), "via privatelink ramping 10 to 100/s", "offered 55/s, achieved 55"),
        (Steps((40, 60), 30, spacing="even"), "via privatelink in steps of 40, 60/s", "offered 50/s, achieved 50"),
        (ConstantRate(50, 60, connections=FRESH), "via privatelink at 50/s, fresh connections", "offered 50/s, achieved 50"),
        (ConstantRate(50, 60, gaps=Gaps(2, 4)), "at 50/s, silent for 4 s after every 2 s", "offered 16.67/s, achieved 16."),
        (Replay(offsets_s=tuple(np.arange(2400) / 40)), "via privatelink replaying recorded arrivals at 40/s", "offered 40/s, achieved 40"),
    ],
)
def test_heading_and_rates_tell_the_load(new_case, new_samples, load: Load, heading: str, offered: str) -> None:
    """A rate in the heading is what is offered outside gaps; the one beside what was achieved is the mean, silences included."""
    case = new_case("p99 <= 60ms").under(load)
    verdict = judge(case, new_samples(case, 0.01), target_kind="emulated")
    assert verdict.outcome is Outcome.PASS
    assert heading in verdict.heading
    assert offered in verdict.explain()


def test_a_closed_loop_is_judged_without_a_schedule(new_case, new_samples) -> None:
    """By the requests that came about; and the text says what such a loop cannot show."""
    verdict, _ = _as_closed_loop(new_case, new_samples, 0.01, "p99 <= 60ms", lag_s=0.005)
    assert verdict.outcome is Outcome.PASS
    text = verdict.explain()
    assert verdict.heading == "within budget: resnet50 on ml.c6i.xlarge via privatelink with 8 callers"
    assert "3 000 requests in 60 s (with 8 callers, achieved 50/s)" in text
    assert "closed loop: callers wait for their answers" in text
    assert verdict.queueing_s is None


def test_a_closed_loop_that_was_too_short_is_inconclusive_in_the_end(new_case, new_samples) -> None:
    """It could not be refused before; now it says how many more requests it would take, and how long that is at this pace."""
    open_loop = new_case("p99 <= 60ms", for_s=2, per_s=300)
    short = new_case("p99 <= 60ms", for_s=60)
    case = short.under(ClosedLoop(1, for_s=4, warmup_s=0))
    samples = new_samples(open_loop, 0.01)
    samples = replace(samples, header=replace(samples.header, for_s=4, warmup_s=0), records=samples.records[:200])
    verdict = judge(case, samples, target_kind="emulated")
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons == ()
    assert verdict.heading.startswith("p99 undecided: ")
    assert "more requests like these would settle it, 2 s of this load" in verdict.explain()


def test_the_send_lag_of_a_closed_loop_counts_like_any_other(new_case, new_samples) -> None:
    """A generator that lets free callers wait measured a smaller load than it says."""
    verdict, _ = _as_closed_loop(new_case, new_samples, 0.01, "p99 <= 60ms", lag_s=0.05)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert any("send lag p99 is 50.0 ms" in reason for reason in verdict.reasons)


def test_requests_of_callers_that_never_were_sent_speak_against_the_run(new_case, new_samples) -> None:
    """All that came due are counted, so what the generator left unsent shows."""
    error = np.where(np.arange(3000) < 100, Error.UNSENT, Error.NONE)
    verdict, _ = _as_closed_loop(new_case, new_samples, 0.01, "p99 <= 60ms", error=error)
    assert any("2 900 of 3 000 scheduled requests were sent" in reason for reason in verdict.reasons)


def test_callers_who_were_never_free_leave_nothing_to_judge(new_case, new_samples) -> None:
    """A server that answers none of them is no fault of the generator's, and the sentence does not say so."""
    case = new_case("p99 <= 60ms").under(ClosedLoop(8, for_s=60))
    samples = new_samples(new_case("p99 <= 60ms"), 0.01)
    verdict = judge(case, replace(samples, records=samples.records[:0]), target_kind="emulated")
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reasons == ("there are no samples: no caller was free after the warm-up",)


def test_as_many_connections_are_opened_ahead_as_the_load_will_need() -> None:
    """By the highest rate, within bounds, or one for each caller."""
    assert connections_for(ConstantRate(5, 60)) == 4
    assert connections_for(ConstantRate(200, 60)) == 20
    assert connections_for(Ramp(0, 400, 60)) == 40
    assert connections_for(Steps((1, 9000), 60)) == 64
    assert connections_for(ClosedLoop(200, 60)) == 200
