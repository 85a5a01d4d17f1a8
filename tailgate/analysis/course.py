"""Course: what a verdict's text says of how its run came about: ended early, or made to confirm another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tailgate.analysis.outcome import Outcome
from tailgate.analysis.rates import saved_s
from tailgate.samples import Samples

if TYPE_CHECKING:
    from tailgate.analysis.verdict import Check, Verdict


def course_lines(samples: Samples, outcome: Outcome, checks: Sequence[Check], *, trusted: bool, failed: Verdict | None) -> Iterator[str]:
    """Both, where there is something to say. failed: what the run before came to, which this one was to confirm."""
    if failed is not None:
        yield _confirmation(outcome, failed)
    if samples.enough_s is not None:
        yield _ending(samples, outcome, checks, trusted)


def _confirmation(outcome: Outcome, failed: Verdict) -> str:
    what = failed.heading.partition(":")[0]
    if outcome is Outcome.FAIL:
        return f"confirmed: the run before it failed as well ({what})"
    return f"not confirmed: the run before it failed ({what}), this one did not, and this one counts"


def _ending(samples: Samples, outcome: Outcome, checks: Sequence[Check], trusted: bool) -> str:
    saving_s, planned_s = saved_s(samples), samples.header.for_s
    clear = f"{outcome.value} is clear" if trusted and outcome is not Outcome.INCONCLUSIVE else "its counts seemed clear"
    open_ones = outcome is Outcome.FAIL and any(check.decision.outcome is Outcome.INCONCLUSIVE for check in checks)
    others = ", whatever becomes of its other limits" if open_ones else ""
    return f"stopped after {planned_s - saving_s:.0f} of {planned_s:g} s: {clear}{others}; {saving_s:.0f} s saved"
