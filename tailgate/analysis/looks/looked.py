"""Looked: how a run was looked at while it went on, and what a limit comes to where that is to be reckoned with. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from tailgate.analysis.counts import History
from tailgate.analysis.gate import Decision, decide, sequential
from tailgate.analysis.looks.rhythm import USUAL, Rhythm
from tailgate.analysis.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Looked:
    """How a run was looked at while it went on. longest_s: its planned judged part. ended: no second follows those that are there."""

    longest_s: float
    rhythm: Rhythm = USUAL
    ended: bool = False


def decide_seen(
    requests: ArrayLike,
    exceedances: ArrayLike,
    looked: Looked | None,
    *,
    allowed: float,
    confidence: float = 0.95,
    history: History | None = None,
) -> Decision:
    """Decide one limit from the counts of all seconds, shapes (seconds,), by `gate.decide`, or where looks were taken `gate.sequential`.

    But where the limit passed at a look and the run went on for another's sake, all of it decides: an endpoint that grew
    slow meanwhile has not passed. A FAIL that comes of this adds to false ones at most what false PASSes are. Raises
    AnalysisError.
    """
    if looked is None:
        return decide(requests, exceedances, allowed=allowed, confidence=confidence, history=history)
    decision = sequential(
        requests,
        exceedances,
        allowed=allowed,
        longest_s=looked.longest_s,
        confidence=confidence,
        history=history,
        ended=looked.ended,
        rhythm=looked.rhythm,
    )
    seconds = np.size(np.asarray(requests))
    if decision.outcome is not Outcome.PASS or decision.after_s == seconds:
        return decision
    whole = decide(requests, exceedances, allowed=allowed, confidence=confidence, history=history)
    return decision if whole.outcome is Outcome.PASS else replace(whole, after_s=seconds)
