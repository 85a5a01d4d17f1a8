"""Profile: what loads of every kind have in common, and the checks that all of them make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from tailgate.errors import PlanError
from tailgate.plan.checks import LARGEST_SEED, check_is, is_finite, is_whole, shown
from tailgate.plan.connections import KEPT_ALIVE, ConnectionProfile
from tailgate.plan.gaps import Gaps

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LONGEST_S = 24 * 3600.0

MOST_GAPS = 10_000
"""More than a day holds of the shortest that a load balancer would notice: five seconds of load, five of silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What every load may say beside its arrivals: how long connections are kept, and when it falls silent."""

    connections: ConnectionProfile = KEPT_ALIVE
    gaps: Gaps | None = None

    open_loop: ClassVar[bool] = True

    @property
    def manner(self) -> str:
        """Words for what is not usual about it: `, fresh connections, silent for 65 s after every 5 s`; none where all is."""
        unusual = [self.connections.wording] if self.connections != KEPT_ALIVE else []
        return "".join(f", {words}" for words in unusual + ([self.gaps.wording] if self.gaps else []))


class Timed(Protocol):
    """A load with a beginning that is not judged, and an end."""

    @property
    def for_s(self) -> float: ...  # noqa: D102 - as in Load
    @property
    def warmup_s(self) -> float: ...  # noqa: D102 - as in Load
    @property
    def gaps(self) -> Gaps | None: ...  # noqa: D102 - as in Load
    @property
    def connections(self) -> ConnectionProfile: ...  # noqa: D102 - as in Load


def check_number(key: str, number: object, *, least_open: bool) -> None:
    """Refuse what is no finite number, below 0, or, where the least is open, 0. Raises PlanError."""
    if not is_finite(number):
        raise PlanError(f"load: {key} is {shown(number)}; it is a number")
    if number < 0 or (least_open and number == 0):
        raise PlanError(f"load: {key} is {number}; it must be {'above' if least_open else 'at least'} 0")


def check_times(load: Timed) -> None:
    """Refuse lengths that cannot be meant, and gaps that would never come or come without end. Raises PlanError."""
    check_number("for_s", load.for_s, least_open=True)
    check_number("warmup_s", load.warmup_s, least_open=False)
    if load.warmup_s + load.for_s > LONGEST_S:
        raise PlanError(f"load: {load.for_s} s is longer than a day; for_s is in seconds")
    check_is("load: connections", load.connections, ConnectionProfile, "a ConnectionProfile, such as FRESH")
    check_is("load: gaps", load.gaps, (Gaps, type(None)), "Gaps(every_s, gap_s), or left out")
    if load.gaps is None:
        return
    if load.gaps.every_s >= load.for_s:
        raise PlanError(f"load: gaps: the first would come after {load.gaps.every_s:g} s, when the {load.for_s:g} s of load are over")
    if load.for_s > MOST_GAPS * (load.gaps.every_s + load.gaps.gap_s):
        raise PlanError(f"load: gaps: there would be more than {MOST_GAPS} of them in {load.for_s:g} s; every_s and gap_s are in seconds")


def check_seed(seed: object) -> None:
    """Refuse what is no seed. Raises PlanError."""
    if not is_whole(seed, 0, LARGEST_SEED):
        raise PlanError(f"load: seed is {shown(seed)}; it is a whole number from 0 up, of 64 bits at most")


def outside_gaps(load: Timed, due_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """The due times that do not lie in a gap."""
    return due_s if load.gaps is None else due_s[~load.gaps.silent(due_s, load.warmup_s)]


def judged_stretches(load: Timed) -> Iterator[tuple[float, float]]:
    """The judged part without its gaps, as (from, to), seconds from the run's start."""
    start_s, end_s = load.warmup_s, load.warmup_s + load.for_s
    yield from [(start_s, end_s)] if load.gaps is None else load.gaps.stretches(start_s, end_s)
