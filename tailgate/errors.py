"""One error root: every sentence that reaches a person says what was seen, the likely cause, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TailgateError(Exception):
    """The root of every error that tailgate raises on purpose; its text is written for people."""


class PlanError(TailgateError):
    """What was asked cannot be meant: a wrong plan, case, budget or option. Nothing has been deployed. Exit code 4."""


class TargetError(TailgateError):
    """The target could not give an endpoint, or lost it."""


class CapacityError(TargetError):
    """The platform has no capacity or quota for the endpoint: a reason to skip a case, not to fail it."""


class LeftBehindError(TargetError):
    """Something that a session created may still be there, and cost money; the text names it and what removes it."""


class GeneratorError(TailgateError):
    """The load generator could not start, or broke its own rules."""


class SamplesError(TailgateError):
    """A samples file cannot be read: it is absent, foreign, of a later format, or holds no sample."""


class AnalysisError(TailgateError, ValueError):
    """Numbers that cannot be counts, times or shares were given to be judged; the text names the argument."""


class RecordError(TailgateError):
    """A run could not be written down, or a recorded run cannot be read."""


def nearest(word: str, allowed: Iterable[str]) -> str:
    """Say which of the allowed words was probably meant: `; did you mean 'x'?`, or all of them when none is near."""
    choices = sorted(allowed)
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    return "; allowed: " + ", ".join(choices)
