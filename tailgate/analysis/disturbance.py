"""Disturbance: what the generating host's counters say of a run. They explain; what they cannot do is decide.

Why measured send lag decides, and not steal or throttling as such: a hypervisor that takes the processor, or a quota that
stops the generator, hits the moments of sending as it hits those of receiving, so the lags of sending, one per request,
are a sample of what was added to the response times. Where the lag's percentiles are small, so is that. A run whose
requests left late is not trusted, and the counters name the cause and the remedy; one whose requests left on time stands,
and what its host went through is a note.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tailgate.analysis.capacity import workers_wanted
from tailgate.analysis.estimates import send_lag_p99
from tailgate.analysis.rates import achieved_rate, judged_s
from tailgate.plan.case import Case
from tailgate.samples import Samples
from tailgate.units import format_count, format_ms, format_percent

STEAL_SHARE = 0.05
"""Of all processors' time: hypervisors take milliseconds at a stretch, so a twentieth shows in one request of a hundred."""

WAITED_SHARE = 0.05
"""Of the load's time that the generator was ready to run and had no processor: the same reasoning."""

PRESSURE_SHARE = 0.5
"""Of the load's time that some task had no processor; of use only where the generator's own waiting is not told."""

THROTTLED_PERIODS = 1
"""One period is 100 ms by default, most of which a process that used its quota up stands still."""

RETRANSMIT_SHARE = 0.001
"""Of the TCP segments sent: a loss costs 200 ms and more (RFC 6298; Linux's least time-out), so it makes the p99.9."""

STEP_S = 1.5e-3
"""Of the wall clock between two looks a second apart: time daemons slew by at most .5 ms in that time (adjtimex)."""


class Cause(NamedTuple):
    """What may have made requests leave late, as a clause, and what to do about it."""

    what: str
    remedy: str


def late_because(case: Case, samples: Samples) -> str:
    """Why requests left late and what to do, as far as the host's counters tell; samples are the judged ones."""
    causes = list(_causes(case, samples))
    if not causes:
        return "the generator's host was too busy to keep the schedule; give it an idle core or a lower rate"
    return "; ".join(f"{what}: {remedy}" for what, remedy in causes)


def host_notes(case: Case, samples: Samples) -> Iterator[str]:
    """What the host of a run that stands went through, a sentence each; none of a quiet one."""
    causes = [what for what, _ in _causes(case, samples)]
    lag = next(iter(send_lag_p99(samples)), None)
    if causes:
        seen = f" (send lag p99 {format_ms(lag.value)})" if lag is not None else ""
        no_times = "no time is limited" if case.budget.tightest_s is None else "requests left on time all the same"
        yield f"host: {'; '.join(causes)}; {no_times}{seen}, so the run stands"
    step_s = samples.host.get("clock_step_s", 0.0)
    if abs(step_s) > STEP_S:
        yield f"host: the wall clock stepped by {step_s * 1e3:+.1f} ms; times are the monotonic clock's, and stand"
    yield from _retransmits(samples)
    packets = samples.host.get("allowance_exceeded", 0.0)
    if packets:
        beyond = f"{format_count(int(packets))} packets were beyond what the instance's network may carry, and were queued or dropped"
        yield f"host: {beyond}: part of the tail is this host's and not the endpoint's; take a larger instance, or more of them"


def _causes(case: Case, samples: Samples) -> Iterator[Cause]:
    yield from _throttled(samples)
    yield from _stolen(samples)
    yield from saturated(case, samples)
    yield from _waited(samples)


def _throttled(samples: Samples) -> Iterator[Cause]:
    periods, stopped_s = samples.host.get("throttled_periods", 0.0), samples.host.get("throttled_s", 0.0)
    if periods >= THROTTLED_PERIODS:
        what = f"a CPU quota of the generator's container was used up in {format_count(int(periods))} periods, {stopped_s:.1f} s in all"
        yield Cause(what, "raise or lift its CPU limit")


def _stolen(samples: Samples) -> Iterator[Cause]:
    share, most = samples.host.get("steal_share", 0.0), samples.host.get("steal_share_most", 0.0)
    if max(share, most) > STEAL_SHARE:
        worst = f" ({format_percent(most)} in the worst second)" if most > share else ""
        what = f"the hypervisor gave {format_percent(share)} of the processors' time to other guests{worst}"
        yield Cause(what, "measure from a larger or a dedicated instance, and not from a burstable one")


def saturated(case: Case, samples: Samples) -> Iterator[Cause]:
    """The generator's own core had nothing left, by `capacity`'s measure, in the worst second at the least."""
    host = samples.host
    used, had, length_s = max(host.get("cpu_share_most", 0.0), host.get("cpu_share", 0.0)), int(host.get("workers", 1)), judged_s(samples)
    offered_per_s = max(case.load.peak_per_s or 0.0, len(samples) / length_s if length_s else 0.0)
    per_request_s = _cpu_per_request_s(samples)
    workers = workers_wanted(offered_per_s, per_request_s, had, used * had)
    if workers is not None:
        what = f"the generator used {used * 100:.0f} % of its core, about {per_request_s * 1e6:.0f} µs for each request"
        yield Cause(what, f"ask for {workers} workers (--latency-workers {workers}), of tailgate drive with --workers {workers}")


def _cpu_per_request_s(samples: Samples) -> float:
    """The generator's processor time over the whole load, per request sent meanwhile; 0 where it cannot be told."""
    lasted_s, cpu_s = samples.host.get("lasted_s", 0.0), samples.host.get("cpu_s", 0.0)
    requests = achieved_rate(samples).value * lasted_s
    return cpu_s / requests if requests >= 1 else 0.0


def _waited(samples: Samples) -> Iterator[Cause]:
    lasted_s = samples.host.get("lasted_s", 0.0)
    waited_s, pressure = samples.host.get("waited_for_cpu_s"), samples.host.get("cpu_pressure_share", 0.0)
    if lasted_s and waited_s is not None and waited_s > WAITED_SHARE * lasted_s:
        share = format_percent(waited_s / lasted_s)
        yield Cause(f"the generator waited for a processor {share} of the time while others ran", "give it an idle core")
    elif waited_s is None and pressure > PRESSURE_SHARE:
        yield Cause(f"some task of its host had no processor {format_percent(pressure)} of the time", "give the generator an idle core")


def _retransmits(samples: Samples) -> Iterator[str]:
    sent, again = samples.host.get("tcp_segments", 0.0), samples.host.get("tcp_retransmits", 0.0)
    if sent and again > RETRANSMIT_SHARE * sent:
        share = f"{format_count(int(again))} of {format_count(int(sent))} TCP segments"
        yield f"host: {share} were sent again: the network loses packets, and each loss costs 200 ms and more in the tail"
