"""Closed loop: callers of whom each waits for its answer before it asks again, as a batch job or a worker pool does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tailgate.errors import PlanError
from tailgate.plan.checks import is_whole, shown
from tailgate.plan.profile import Profile, check_number, check_times, outside_gaps
from tailgate.units import format_ms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_CALLERS = 4096
"""As many as there may be connections: with more, callers would wait for one and for no answer."""


@dataclass(frozen=True, slots=True)
class ClosedLoop(Profile):
    """A number of callers, each with one request in flight at most; a new one is due think_s after the last one's end.

    There is no offered rate: the server's speed decides how many requests come about, and a server that stands still
    is asked nothing meanwhile. Response times count from when a caller was free, so they are service times, and they
    hide what callers who do not wait would suffer (coordinated omission): to gate a promise to many, take an open loop.
    """

    callers: int
    for_s: float
    warmup_s: float = 2.0
    think_s: float = 0.0

    arrival: ClassVar[str] = "closed-loop"
    example: ClassVar[str] = '{ arrival = "closed-loop", callers = 8, for_s = 20 }'
    open_loop: ClassVar[bool] = False

    def __post_init__(self) -> None:
        callers = self.callers
        if not is_whole(callers, 1, MOST_CALLERS):
            raise PlanError(f"load: callers is {shown(callers)}; it is a whole number from 1 to {MOST_CALLERS}")
        check_number("think_s", self.think_s, least_open=False)
        check_times(self)

    @property
    def per_s(self) -> None:
        """None: nothing is offered before it is asked for."""

    @property
    def peak_per_s(self) -> None:
        """None, as there is no offered rate."""

    @property
    def expected_requests(self) -> None:
        """None: the answers decide."""

    @property
    def wording(self) -> str:
        """How people read it: `with 8 callers`."""
        thinking = f" thinking {format_ms(self.think_s)}" if self.think_s else ""
        return f"with {self.callers} caller{'s' if self.callers > 1 else ''}{thinking}{self.manner}"

    def due_times(self) -> NDArray[np.float64]:
        """Each caller's first due time, ascending, seconds from the run's start: spread over one think_s.

        All others follow from the answers: `next_due_s`.
        """
        import numpy as np

        first_s = np.arange(self.callers, dtype=np.float64) * (self.think_s / self.callers)
        return outside_gaps(self, first_s[first_s < self.warmup_s + self.for_s])

    def next_due_s(self, free_s: float) -> float | None:
        """When a caller whose request ended at free_s asks again, both in seconds from the run's start; None: no more."""
        due_s = free_s + self.think_s
        if self.gaps is not None:
            due_s = self.gaps.end_of_silence(due_s, self.warmup_s)
        return due_s if due_s < self.warmup_s + self.for_s else None
