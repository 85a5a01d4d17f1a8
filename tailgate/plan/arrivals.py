"""Arrivals that follow a rate: constant, Poisson, ramping, in steps. Open loop: they never wait for responses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from tailgate.errors import PlanError
from tailgate.plan.checks import check_one_of, check_scheduled, shown
from tailgate.plan.profile import Profile, check_number, check_seed, check_times, judged_stretches, outside_gaps
from tailgate.plan.rate_curve import Piece, RateCurve

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Spacing = Literal["poisson", "even"]
_SPACINGS = ("poisson", "even")
_MOST_STEPS_NAMED = 6


@dataclass(frozen=True, slots=True)
class OneRate(Profile):
    """What loads of a single rate have in common."""

    per_s: float
    for_s: float
    warmup_s: float = 2.0

    def __post_init__(self) -> None:
        check_number("per_s", self.per_s, least_open=True)
        check_times(self)
        check_scheduled(float(self.per_s) * (self.warmup_s + self.for_s))

    @property
    def peak_per_s(self) -> float:
        """The highest rate, which is the only one."""
        return self.per_s

    @property
    def expected_requests(self) -> float:
        """How many are due in the judged part, in the mean."""
        return self.per_s * sum(end_s - start_s for start_s, end_s in judged_stretches(self))

    @property
    def wording(self) -> str:
        """How people read it: `at 50/s`."""
        return f"at {self.per_s:g}/s{self.manner}"


@dataclass(frozen=True, slots=True)
class ConstantRate(OneRate):
    """One request every 1/per_s seconds."""

    arrival: ClassVar[str] = "constant"
    example: ClassVar[str] = '{ arrival = "constant", per_s = 100, for_s = 20 }'

    def due_times(self) -> NDArray[np.float64]:
        """Due times, shape (n,), seconds from the run's start: 0, 1/per_s, 2/per_s, …"""
        import numpy as np

        total = math.ceil((self.warmup_s + self.for_s) * self.per_s - 1e-9)
        return outside_gaps(self, np.arange(total, dtype=np.float64) / self.per_s)


@dataclass(frozen=True, slots=True)
class Poisson(OneRate):
    """Independent arrivals at a mean rate: what many callers who do not know of each other look like."""

    seed: int = 1

    arrival: ClassVar[str] = "poisson"
    example: ClassVar[str] = "{ per_s = 100, for_s = 20 }"

    def __post_init__(self) -> None:
        OneRate.__post_init__(self)
        check_seed(self.seed)

    def due_times(self) -> NDArray[np.float64]:
        """Due times, shape (n,), seconds from the run's start; the same for the same seed.

        Given their number, the arrivals of a Poisson process are independent and uniform
        (Kingman, Poisson Processes, 1993, §2.4), so no running sum is needed.
        """
        import numpy as np

        random = np.random.default_rng(self.seed)
        length_s = self.warmup_s + self.for_s
        return outside_gaps(self, np.sort(random.uniform(0.0, length_s, random.poisson(self.per_s * length_s))))


@dataclass(frozen=True, slots=True)
class Ramp(Profile):
    """A rate that goes in a straight line from one value to another; the warm-up stays at the first.

    spacing: `poisson` for independent arrivals, seeded, `even` for arrivals without chance.
    """

    from_per_s: float
    to_per_s: float
    for_s: float
    warmup_s: float = 2.0
    seed: int = 1
    spacing: Spacing = "poisson"

    arrival: ClassVar[str] = "ramp"
    example: ClassVar[str] = '{ arrival = "ramp", from_per_s = 10, to_per_s = 100, for_s = 60 }'

    def __post_init__(self) -> None:
        check_number("from_per_s", self.from_per_s, least_open=False)
        check_number("to_per_s", self.to_per_s, least_open=False)
        if not self.from_per_s and not self.to_per_s:
            raise PlanError("load: from_per_s and to_per_s are both 0; nothing would ever be due")
        check_times(self)
        check_seed(self.seed)
        _check_spacing(self.spacing)
        check_scheduled(self.curve.arrivals)

    @property
    def per_s(self) -> float:
        """The mean rate of the judged part: halfway."""
        return (self.from_per_s + self.to_per_s) / 2

    @property
    def peak_per_s(self) -> float:
        """The highest rate."""
        return max(self.from_per_s, self.to_per_s)

    @property
    def expected_requests(self) -> float:
        """How many are due in the judged part, in the mean: the area below the ramp, outside gaps."""
        return _area(self, self.curve)

    @property
    def wording(self) -> str:
        """How people read it: `ramping 10 to 100/s`."""
        return f"ramping {self.from_per_s:g} to {self.to_per_s:g}/s{self.manner}"

    @property
    def curve(self) -> RateCurve:
        """The rate over the whole run, warm-up included."""
        ramp = Piece(self.for_s, self.from_per_s, self.to_per_s)
        return RateCurve((*_warming(self.warmup_s, self.from_per_s), ramp))

    def due_times(self) -> NDArray[np.float64]:
        """Due times, shape (n,), seconds from the run's start; the same for the same seed."""
        return outside_gaps(self, _placed(self.curve, self.spacing, self.seed))


@dataclass(frozen=True, slots=True)
class Steps(Profile):
    """One rate after another, each for step_s seconds; the warm-up is at the first. A rate of 0 is a pause.

    spacing: `poisson` for independent arrivals, seeded, `even` for arrivals without chance.
    """

    steps_per_s: tuple[float, ...]
    step_s: float
    warmup_s: float = 2.0
    seed: int = 1
    spacing: Spacing = "poisson"

    arrival: ClassVar[str] = "steps"
    example: ClassVar[str] = '{ arrival = "steps", steps_per_s = [50, 100, 200], step_s = 20 }'

    def __post_init__(self) -> None:
        steps = self.steps_per_s
        if not isinstance(steps, list | tuple) or not steps:
            raise PlanError(f"load: steps_per_s is {shown(steps)}; it is a list of rates, such as [50, 100, 200]")
        for number, rate in enumerate(steps, 1):
            check_number(f"steps_per_s, number {number},", rate, least_open=False)
        if not any(steps):
            raise PlanError("load: every rate in steps_per_s is 0; nothing would ever be due")
        object.__setattr__(self, "steps_per_s", tuple(float(rate) for rate in steps))
        check_number("step_s", self.step_s, least_open=True)
        check_times(self)
        check_seed(self.seed)
        _check_spacing(self.spacing)
        check_scheduled(self.curve.arrivals)

    @property
    def for_s(self) -> float:
        """How long the judged part lasts: all steps."""
        return self.step_s * len(self.steps_per_s)

    @property
    def per_s(self) -> float:
        """The mean rate of the judged part."""
        return sum(self.steps_per_s) / len(self.steps_per_s)

    @property
    def peak_per_s(self) -> float:
        """The highest rate."""
        return max(self.steps_per_s)

    @property
    def expected_requests(self) -> float:
        """How many are due in the judged part, in the mean: the area below the steps, outside gaps."""
        return _area(self, self.curve)

    @property
    def wording(self) -> str:
        """How people read it: `in steps of 50, 100, 200/s`."""
        steps = self.steps_per_s
        if len(steps) > _MOST_STEPS_NAMED:
            return f"in {len(steps)} steps between {min(steps):g} and {max(steps):g}/s{self.manner}"
        return f"in steps of {', '.join(f'{rate:g}' for rate in steps)}/s{self.manner}"

    @property
    def curve(self) -> RateCurve:
        """The rate over the whole run, warm-up included."""
        steps = (Piece(self.step_s, rate, rate) for rate in self.steps_per_s)
        return RateCurve((*_warming(self.warmup_s, self.steps_per_s[0]), *steps))

    def due_times(self) -> NDArray[np.float64]:
        """Due times, shape (n,), seconds from the run's start; the same for the same seed."""
        return outside_gaps(self, _placed(self.curve, self.spacing, self.seed))


def _check_spacing(spacing: object) -> None:
    check_one_of("load: spacing", spacing, _SPACINGS)


def _warming(warmup_s: float, per_s: float) -> tuple[Piece, ...]:
    return (Piece(warmup_s, per_s, per_s),) if warmup_s else ()


def _placed(curve: RateCurve, spacing: Spacing, seed: int) -> NDArray[np.float64]:
    return curve.poisson(seed) if spacing == "poisson" else curve.evenly()


def _area(load: Ramp | Steps, curve: RateCurve) -> float:
    return sum(curve.arrivals_before(end_s) - curve.arrivals_before(start_s) for start_s, end_s in judged_stretches(load))
