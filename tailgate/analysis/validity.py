"""Validity: why a run cannot be trusted. It comes before any verdict: such a run is INCONCLUSIVE, never a PASS.

The rule: what the generator did wrong makes a run worthless, what the server did wrong makes it fail. Slow answers,
errors and refused connections are therefore never a reason here.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tailgate.analysis.estimates import judged_s, send_lag_p99
from tailgate.plan.case import Case
from tailgate.samples import Error, Samples
from tailgate.units import format_count, format_ms, format_percent


def reasons_against(case: Case, samples: Samples) -> tuple[str, ...]:
    """Sentences that say why no verdict can be drawn from the judged samples; empty when one can."""
    return (*samples.faults, *_stopped(case, samples), *_absent(case, samples), *_throttled(samples), *_late(case, samples))


def _stopped(case: Case, samples: Samples) -> Iterator[str]:
    lasted_s, planned_s = judged_s(samples), case.load.for_s
    if lasted_s < case.budget.sent_share * planned_s:
        yield f"the load was stopped after {lasted_s:.1f} s of {planned_s:g} s; run it to its end"


def _absent(case: Case, samples: Samples) -> Iterator[str]:
    """Too few of the requests that were due while the load lasted were sent.

    One that was ready on time and never found a connection free is counted as sent: the server kept it waiting.
    """
    due_s, start_s = case.load.due_times(), case.load.warmup_s
    scheduled = int(np.count_nonzero((due_s >= start_s) & (due_s < start_s + judged_s(samples))))
    records = samples.records
    asked = int(np.count_nonzero((records["error"] != Error.UNSENT) | (records["waited"] == 1)))
    if not len(samples):
        yield "there are no samples: the generator sent nothing after the warm-up"
    elif asked < case.budget.sent_share * scheduled:
        share = f"{format_count(asked)} of {format_count(scheduled)} scheduled requests were sent ({format_percent(asked / scheduled)}"
        yield f"{share}, at least {format_percent(case.budget.sent_share)} must be); the generator's host is too slow for this load"


def _throttled(samples: Samples) -> Iterator[str]:
    if len(samples) and (samples.records["error"] == Error.THROTTLED).all():
        yield "every request was throttled: a quota was measured, not the variant; have the account's quota raised or lower the rate"


def _late(case: Case, samples: Samples) -> Iterator[str]:
    """The generator sent too late for the tightest percentile bound to mean anything."""
    tightest_s, share = case.budget.tightest_s, case.budget.send_lag_share
    if tightest_s is None:
        return
    for lag in send_lag_p99(samples):
        if lag.value > share * tightest_s:
            allowed = f"{format_ms(share * tightest_s)} may be ({format_percent(share)} of the tightest bound)"
            much = f"send lag p99 is {format_ms(lag.value)} where {allowed}"
            yield f"{much}: the generator's host was too busy to keep the schedule; give it an idle core or a lower rate"
