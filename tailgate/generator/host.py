"""Host: what the generating host went through during a load. Read before it, each second, and after it.

The files stay open, so that a look costs a tenth of what opening them would. Whatever a platform, a container or a
kernel does not tell is absent from what is told here, never guessed.
"""

from __future__ import annotations

import ctypes
import functools
import os
import resource
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from tailgate.generator import counters
from tailgate.generator.allowance import exceeded
from tailgate.generator.kernel_files import Source, whole

TOLD = {
    "workers": "generator processes that these numbers speak of",
    "lasted_s": "from the first look to the last",
    "cpus": "processors that this process may use",
    "cpu_s": "processor time of the generator",
    "cpu_share": "the same per second: 1 is a whole core, and more than one core it cannot use",
    "cpu_share_most": "in the worst second",
    "involuntary_switches": "how often the kernel took a processor from the generator to give it to somebody else",
    "waited_for_cpu_s": "for how long the generator's thread was ready to run and had no processor",
    "steal_share": "share of all processors' time that the hypervisor gave to other guests",
    "steal_share_most": "in the worst second",
    "busy_share": "share of all processors' time that was not idle",
    "cpu_pressure_share": "share of the time in which some task of this host had no processor",
    "throttled_periods": "periods in which a CPU quota of our control groups was used up",
    "throttled_s": "for how long our control groups stood still then",
    "cpu_mhz_least": "clock of the processor that the generator ran on, the slowest seen",
    "cpu_mhz_most": "the fastest seen",
    "tcp_segments": "TCP segments that this network namespace sent",
    "tcp_retransmits": "TCP segments that it sent again",
    "allowance_exceeded": "packets that the instance's hypervisor queued or dropped, as beyond what its network may carry (EC2's ENA)",
    "clock_step_s": "largest movement of the wall clock against the monotonic one between two looks, with its sign",
    "clock_ahead_s": "how far the wall clock was ahead of the server's, where the server refused requests for it",
    "load_average": "tasks that ran or wanted to, over the last minute, at the end",
}
"""What each key of `Host.told` means. Steal, throttling, retransmits and load are the host's; the rest is the process's own."""

_READ = ("stat", "net/snmp", "pressure/cpu", "self/schedstat", "loadavg")
_SUMMED = {"workers", "cpu_s", "involuntary_switches"}
_LOOKS = 3
_SECOND_S = 0.5  # in less, a tick of the kernel's accounting would be a large share


class Host:
    """Watches one load from its own process, from `begin` to `end`; `look` is called about once a second.

    root: where proc and sys are mounted. allowance: packets beyond the network's, since boot; asked at both ends alone, as a driver may
    have to ask its device. clock_ahead_s: told from outside, where it is known.
    """

    def __init__(
        self,
        root: Path = Path("/"),
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        allowance: Callable[[], float | None] = exceeded,
    ) -> None:
        self._monotonic, self._wall, self._allowance = monotonic, wall, allowance
        self._frequencies = root / "sys/devices/system/cpu"
        self._proc = {name: Source(root / "proc" / name) for name in _READ}
        groups = counters.control_groups(whole(root / "proc/self/cgroup"), whole(root / "proc/self/mountinfo"))
        self._quotas = [Source(root / str(group).lstrip("/") / "cpu.stat") for group in groups]
        self.clock_ahead_s: float | None = None
        self._first: dict[str, float] = {}
        self._second: dict[str, float] = {}
        self._last: dict[str, float] = {}
        self._worst: dict[str, float] = {}

    def begin(self) -> None:
        """The load begins."""
        self._first = self._last = self._second = self._read() | self._exceeded()
        self._worst = {}

    def look(self) -> None:
        """See how the time since the last look was spent. Nothing before the load has begun."""
        if not self._last:
            return
        seen, before = self._read(), self._second
        self._last = seen
        if seen["lasted_s"] - before["lasted_s"] < _SECOND_S:
            return
        self._second = seen
        spent = _shares(_differences(before, seen))
        for name in ("cpu_share", "steal_share"):
            if name in spent:
                self._worst[f"{name}_most"] = max(spent[name], self._worst.get(f"{name}_most", 0.0))
        step_s = seen["wall_s"] - before["wall_s"]
        if abs(step_s) >= abs(self._worst.get("clock_step_s", 0.0)):
            self._worst["clock_step_s"] = step_s
        if "cpu_mhz" in seen:
            self._worst["cpu_mhz_least"] = min(seen["cpu_mhz"], self._worst.get("cpu_mhz_least", seen["cpu_mhz"]))
            self._worst["cpu_mhz_most"] = max(seen["cpu_mhz"], self._worst.get("cpu_mhz_most", 0.0))

    def end(self) -> None:
        """The load is over, or never began: look once more, and let go of the files."""
        self.look()
        self._last |= self._exceeded() if self._last else {}
        for source in (*self._proc.values(), *self._quotas):
            source.close()
        self._quotas = []

    @property
    def told(self) -> dict[str, float]:
        """What happened from `begin` to the last look, by the keys of TOLD; empty where there was no load."""
        difference = _differences(self._first, self._last)
        if not difference.get("lasted_s"):
            return {}
        kept = {name: difference[name] for name in TOLD if name in difference}
        counts = {"workers": 1.0, "cpus": float(_cpus())} | {n: self._last[n] for n in ("load_average",) if n in self._last}
        counts |= {"clock_ahead_s": self.clock_ahead_s} if self.clock_ahead_s is not None else {}
        found = kept | _shares(difference) | counts | self._worst
        return {name: round(found[name], 6) for name in TOLD if name in found}

    def _read(self) -> dict[str, float]:
        """Counters since boot, since the process's start, and of now."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        seen: dict[str, float] = {
            "lasted_s": self._monotonic(),
            "wall_s": self._wall_ahead_s(),
            "cpu_s": usage.ru_utime + usage.ru_stime,
            "involuntary_switches": float(usage.ru_nivcsw),
        }
        times = counters.cpu_times(self._proc["stat"].text())
        if times is not None:
            seen |= {"ticks": times.total, "idle_ticks": times.idle, "steal_ticks": times.steal}
        segments = counters.tcp_segments(self._proc["net/snmp"].text())
        if segments is not None:
            seen |= {"tcp_segments": segments.sent, "tcp_retransmits": segments.sent_again}
        optional = {
            "pressure_s": counters.pressure_s(self._proc["pressure/cpu"].text()),
            "waited_for_cpu_s": counters.run_delay_s(self._proc["self/schedstat"].text()),
            "load_average": counters.load_average(self._proc["loadavg"].text()),
            "cpu_mhz": self._mhz(),
        }
        return seen | {name: value for name, value in optional.items() if value is not None} | self._throttling()

    def _exceeded(self) -> dict[str, float]:
        packets = self._allowance()
        return {} if packets is None else {"allowance_exceeded": packets}

    def _throttling(self) -> dict[str, float]:
        """Summed over our own control group and those above it, each of which has a quota of its own."""
        found = [one for quota in self._quotas if (one := counters.throttling(quota.text())) is not None]
        if not found:
            return {}
        return {"throttled_periods": sum(one.periods for one in found), "throttled_s": sum(one.stopped_s for one in found)}

    def _mhz(self) -> float | None:
        """The clock of the processor this runs on: asking all of them would interrupt each."""
        processor = _running_on()
        if processor is None:
            return None
        kilohertz = whole(self._frequencies / f"cpu{processor}/cpufreq/scaling_cur_freq").strip()
        return int(kilohertz) / 1e3 if kilohertz.isascii() and kilohertz.isdigit() else None

    def _wall_ahead_s(self) -> float:
        """Wall minus monotonic clock, from the least interrupted of a few bracketed looks."""
        looks = []
        for _ in range(_LOOKS):
            before, wall, after = self._monotonic(), self._wall(), self._monotonic()
            looks.append((after - before, wall - (before + after) / 2))
        return min(looks)[1]


def together(told: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """What several generators of one load told, as one: the worst of each, sums of what each used for itself."""
    everything = list(told)
    names = [name for name in TOLD if any(name in one for one in everything)]
    values = {name: [one[name] for one in everything if name in one] for name in names}
    return {name: _as_one(name, found) for name, found in values.items()}


def _as_one(name: str, values: list[float]) -> float:
    if name in _SUMMED:
        return sum(values)
    if name == "cpu_mhz_least":
        return min(values)
    return max(values, key=abs)


def _differences(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """How far each counter went; one that went back was reset, and tells nothing."""
    found = {name: after[name] - before[name] for name in before if name in after}
    return {name: value for name, value in found.items() if value >= 0}


def _shares(difference: Mapping[str, float]) -> dict[str, float]:
    """Differences per second, or per tick, as fractions."""
    lasted_s, ticks = difference.get("lasted_s", 0.0), difference.get("ticks", 0.0)
    shares = {}
    for name, counter in (("cpu_share", "cpu_s"), ("cpu_pressure_share", "pressure_s")):
        if counter in difference and lasted_s:
            shares[name] = difference[counter] / lasted_s
    if ticks and "steal_ticks" in difference:
        shares["steal_share"] = difference["steal_ticks"] / ticks
    if ticks and "idle_ticks" in difference:
        shares["busy_share"] = 1 - difference["idle_ticks"] / ticks
    return shares


def _cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _running_on() -> int | None:
    """Number of the processor this thread runs on; None where the C library cannot say."""
    ask = _ask_processor()
    number = ask() if ask is not None else -1
    return number if number >= 0 else None


@functools.cache
def _ask_processor() -> Callable[[], int] | None:
    try:
        asking: Callable[[], int] = ctypes.CDLL(None).sched_getcpu
    except (AttributeError, OSError, TypeError):
        return None
    return asking
