"""Arms: one schedule divided between two addresses by a seeded fair coin, so that all that changes with time meets both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tailgate.errors import PlanError
from tailgate.plan.checks import shown
from tailgate.plan.load import Load, load_facts
from tailgate.plan.profile import Profile, check_seed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ARMS = (0, 1)

_STREAM = 0x61726D
"""Sets the coin apart from arrivals and payloads, which may well have the same seed."""


def coin(requests: int, seed: int) -> NDArray[np.uint8]:
    """The arm of each request of a whole schedule, in due order, shape (requests,): 0 or 1, each with probability ½."""
    import numpy as np

    return np.random.default_rng((_STREAM, seed)).integers(0, len(ARMS), requests, dtype=np.uint8)


def check_open_loop(load: Load) -> None:
    """Refuse a load whose requests are not known before it begins. Raises PlanError."""
    if not load.open_loop:
        raise PlanError(
            f"two arms cannot share a load {load.wording}: in a closed loop the faster arm would be asked more often, and each caller's "
            "wait for one arm would delay the other; take an open loop, such as Poisson(per_s=100, for_s=60)"
        )


@dataclass(frozen=True, slots=True)
class ArmLoad(Profile):
    """What of a load falls to one of two arms: about half of its requests, when they are due in the whole.

    whole: the load of both arms; arm: 0 or 1; arm_seed: of the coin; beside: what is measured on the other arm, for it is
    under load at the same time. Raises PlanError for what cannot be meant.
    """

    whole: Load
    arm: int
    arm_seed: int = 1
    beside: str = ""

    arrival: ClassVar[str] = "arm"

    def __post_init__(self) -> None:
        check_open_loop(self.whole)
        check_seed(self.arm_seed)
        if self.arm not in ARMS:
            raise PlanError(f"load: arm is {shown(self.arm)}; it is 0 or 1")
        object.__setattr__(self, "connections", self.whole.connections)
        object.__setattr__(self, "gaps", self.whole.gaps)

    @property
    def for_s(self) -> float:
        """As long as the whole."""
        return self.whole.for_s

    @property
    def warmup_s(self) -> float:
        """As long as the whole's."""
        return self.whole.warmup_s

    @property
    def per_s(self) -> float | None:
        """Half of the whole's mean rate."""
        return _half(self.whole.per_s)

    @property
    def peak_per_s(self) -> float | None:
        """Half of the whole's highest rate."""
        return _half(self.whole.peak_per_s)

    @property
    def expected_requests(self) -> float | None:
        """How many are due in the judged part: those that the coin gives this arm."""
        return float((self.due_times() >= self.warmup_s).sum())

    @property
    def wording(self) -> str:
        """How people read it: `with half of the requests at 50/s`."""
        return f"with half of the requests {self.whole.wording}"

    def due_times(self) -> NDArray[np.float64]:
        """Due times, shape (n,), seconds from the run's start: this arm's of the whole's."""
        due_s = self.whole.due_times()
        mine: NDArray[np.float64] = due_s[coin(len(due_s), self.arm_seed) == self.arm]
        return mine

    def facts(self) -> dict[str, Any]:
        """The plain form for records: the whole's, and which part of it this is."""
        return {**load_facts(self.whole), "arm": self.arm, "arm_seed": self.arm_seed, "beside": self.beside}


def _half(per_s: float | None) -> float | None:
    return None if per_s is None else per_s / len(ARMS)
