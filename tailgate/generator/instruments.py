"""Instruments: which clocks a run is measured with. Two environment variables choose others, for tests of the instrument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tailgate import clock
from tailgate.errors import GeneratorError
from tailgate.generator.alarms import KernelAlarm, LoopAlarm
from tailgate.generator.stamps import ReceiveClock, kernel_stamps

CLOCK = "TAILGATE_CLOCK"
"""`portable` measures with what every platform has, also where there is better."""

PERTURB = "TAILGATE_PERTURB_CLOCK_S"
"""Seconds added to each receive stamp, so that a test can show that a wrong clock is found out. Always a fault."""


@dataclass(frozen=True, slots=True)
class Instruments:
    """The clock of received bytes, and whether due times are kept by the kernel's timer. faults: why not to trust them."""

    clock: ReceiveClock
    precise: bool
    faults: tuple[str, ...]

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Instruments:
        """The best that this host has, unless the environment asks otherwise. Raises GeneratorError."""
        wanted, perturbation = environment.get(CLOCK, ""), environment.get(PERTURB, "0")
        if wanted not in ("", "portable"):
            raise GeneratorError(f"{CLOCK} is '{wanted}'; leave it out, or write portable")
        try:
            perturbation_s = float(perturbation or 0)
        except ValueError:
            raise GeneratorError(f"{PERTURB} is '{perturbation}'; it is a number of seconds, for tests only") from None
        best = wanted != "portable"
        why = f"receive stamps were perturbed by {perturbation_s * 1e3:+.1f} ms, as {PERTURB} asks; unset it to measure"
        return cls(ReceiveClock(best and kernel_stamps(), perturbation_s), best and clock.AVAILABLE, (why,) if perturbation_s else ())

    @property
    def label(self) -> str:
        """How records name them: `timerfd + SO_TIMESTAMPNS`."""
        timer = KernelAlarm.label if self.precise else LoopAlarm.label
        stamps = "SO_TIMESTAMPNS" if self.clock.kernel else "time of reading"
        perturbed = f", perturbed by {self.clock.perturbation_s * 1e3:+.1f} ms" if self.clock.perturbation_s else ""
        return f"{timer} + {stamps}{perturbed}"
