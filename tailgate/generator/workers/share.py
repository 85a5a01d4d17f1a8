"""Share: which part of a load falls to one of several workers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """Every `of`-th request from number `index` on, so that the shares of all workers together are the whole schedule.

    Neighbouring requests fall to different workers: each has the same rate at any time, whatever the profile of the load.
    """

    index: int = 0
    of: int = 1

    @property
    def requests(self) -> slice:
        """Picks this share from anything that is in the order of the schedule."""
        return slice(self.index, None, self.of)

    def count(self, whole: int) -> int:
        """How many of so many things fall to this share; the shares add up to the whole."""
        return len(range(self.index, whole, self.of))


WHOLE = Share()
