"""Outcome: what a judgement can come to. Three, never two."""

from __future__ import annotations

import enum


class Outcome(enum.Enum):
    """PASS and FAIL are proved at the stated confidence; INCONCLUSIVE is everything else, and says why."""

    PASS = "PASS"  # noqa: S105  # a verdict, not a password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
