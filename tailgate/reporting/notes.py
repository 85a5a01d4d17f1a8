"""Notes: what has to be said of runs wherever they are shown, of their targets, of verdicts that are provisional, of early ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tailgate.reporting.numbers import provisional
from tailgate.reporting.platform import platform_notes
from tailgate.reporting.run_file import Run
from tailgate.units import format_count

EMULATED_NOTE = "emulated: times come from made-up profiles; this is no statement about AWS, and no model of yours was run"
KIND_NOTES = {
    "emulated": EMULATED_NOTE,
    "null": "null: an instant responder on this host; what was measured is the harness",
    "process": "process: a server of this host was measured; instance types and network paths are but names here",
    "url": "url: whatever answers there was measured; instance types and network paths are but names here",
}
"""What a table says below of each kind of target that its runs were asked of and that is not the platform."""
PROVISIONAL_NOTE = "*provisional: not 5 earlier runs, together twice as long, against the same limit; rarer bursts went unseen"


def notes_below(runs: Sequence[Run]) -> list[str]:
    """What has to be said of runs below any table of them: of the platform, of provisional verdicts, of early ends, of targets."""
    kinds = {str(run.provenance.get("target")) for run in runs}
    provisionally = [PROVISIONAL_NOTE] if any(map(provisional, runs)) else []
    return [*platform_notes(runs), *provisionally, *_savings(runs), *(note for kind, note in KIND_NOTES.items() if kind in kinds)]


def _savings(runs: Sequence[Run]) -> Iterator[str]:
    each_s = [one_s for run in runs if (one_s := saved_s(run)) and not run.verdict.get("reasons")]  # else it said nothing
    if each_s:
        total_s = format_count(round(sum(each_s)))
        yield f"stopped early, their verdicts being clear: {len(each_s)} of {len(runs)} runs, {total_s} s saved"


def saved_s(run: Run) -> float:
    """What ending the load early saved of it, seconds; 0 in runs that were recorded before that was done."""
    told_s = run.verdict.get("saved_s")
    return told_s if isinstance(told_s, int | float) else 0.0
