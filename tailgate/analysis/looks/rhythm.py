"""Looks: when a run that still goes on is judged, and at which level on each side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tailgate.analysis.counts import Counts
from tailgate.analysis.looks.binomial_looks import exact_bounds, level_above, level_below, look_entries
from tailgate.analysis.looks.spending import look_levels
from tailgate.errors import AnalysisError

MOST = 100

_HAIR = 1 + 1e-9
"""Bounds computed from a level meet the allowed fraction exactly where the exact test just decides, but for rounding."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a run is looked at while it goes on: after `first_s` judged seconds, and each `every_s` from then on.

    Whole seconds; fixed before the run, or the levels of its looks would mean nothing. Raises AnalysisError.
    """

    first_s: int = 60
    every_s: int = 30

    def __post_init__(self) -> None:
        for name, value in (("first_s", self.first_s), ("every_s", self.every_s)):
            if not (isinstance(value, int) and value >= 1) or isinstance(value, bool):
                raise AnalysisError(f"rhythm: {name} is {value!r}; it is a whole number of seconds from 1 up")


USUAL = Rhythm()


class Look(NamedTuple):
    """One look at the first `seconds` of a run. Levels: of the one-sided tests for PASS and for FAIL; 0 proves nothing."""

    seconds: int
    pass_level: float
    fail_level: float
    may_pass: bool = True


def check_horizon(longest_s: float | None, most_requests: int | None) -> None:
    """One of the two is named, and can be a length. Raises AnalysisError naming the argument."""
    if (longest_s is None) == (most_requests is None):
        raise AnalysisError("name longest_s, or for requests known to be independent most_requests instead: one of them, and not both")
    if longest_s is not None and not (_is_number(longest_s) and 0 < longest_s < math.inf):
        raise AnalysisError(f"longest_s is {longest_s!r}; it is the planned length of the run, seconds, above 0")
    if most_requests is not None and not (_is_number(most_requests) and 1 <= most_requests < math.inf and most_requests % 1 == 0):
        raise AnalysisError(f"most_requests is {most_requests!r}; it is a whole number from 1 up")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def look_seconds(longest_s: float, rhythm: Rhythm = USUAL) -> tuple[int, ...]:
    """After how many whole seconds a run of at most `longest_s` is looked at: each 30 s from 60 s on, and at its end.

    A run of more than fifty minutes is looked at a hundred times.
    """
    end = math.ceil(longest_s)
    every = max(rhythm.every_s, math.ceil(end / MOST))
    return (*range(max(rhythm.first_s, every), end, every), end)


def looks_by_time(counts: Counts, longest_s: float, alpha: float, *, pass_early: bool, ended: bool, rhythm: Rhythm = USUAL) -> list[Look]:
    """The looks that a run of at most `longest_s` has had after these seconds, the one at its end with all that is left.

    pass_early: whether PASS is looked for before the end; where not, the end has all of its alpha. Raises AnalysisError.
    """
    if not isinstance(rhythm, Rhythm):
        raise AnalysisError(f"rhythm is {rhythm!r}; it is a Rhythm(first_s, every_s)")
    planned = look_seconds(longest_s, rhythm)
    seconds = min(len(counts.requests), planned[-1])
    ended = ended or seconds == planned[-1]
    times = [look for look in planned if look < seconds or (look == seconds and not ended)]
    if ended and seconds:
        times.append(seconds)
    if not times:
        return []
    totals = np.cumsum(counts.requests)[np.array(times) - 1].astype(np.int64)
    levels = look_levels(tuple(times), planned[-1], alpha, ended, tuple(totals.tolist()))
    looks = [Look(time, level, level, pass_early) for time, level in zip(times, levels, strict=True)]
    if ended:
        looks[-1] = Look(times[-1], levels[-1] if pass_early else alpha, levels[-1])
    return looks


def deciding_look(counts: Counts, most_requests: int, allowed: float, alpha: float, *, ended: bool) -> list[Look]:
    """Of the looks at independent requests the first that decides, else the latest; none before the first look."""
    totals = np.cumsum(counts.requests).astype(np.int64)
    entries = look_entries(totals, most_requests)
    last = len(totals) - 1
    if ended and last >= 0 and totals[-1] and (not len(entries) or totals[entries[-1]] < most_requests):
        entries = np.union1d(entries, last)
    if not len(entries):
        return []
    exceeded = np.cumsum(counts.exceedances).astype(np.int64)[entries]
    bounds = exact_bounds(tuple(totals[entries].tolist()), allowed, alpha, most_requests, ended)
    known = len(bounds.most)
    decided = np.flatnonzero((exceeded[:known] <= bounds.most) | (exceeded[:known] >= bounds.least))
    look = int(decided[0]) if len(decided) else known - 1
    total = int(totals[entries[look]])
    below, above = level_below(int(bounds.most[look]), total, allowed), level_above(int(bounds.least[look]), total, allowed)
    return [Look(int(entries[look]) + 1, below * _HAIR, above * _HAIR)]
