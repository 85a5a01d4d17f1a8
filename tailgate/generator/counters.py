"""Counters: what the kernel tells of a host, read from the text of its files. What is not there is not told.

Sources: proc(5); Documentation/accounting/psi.rst, Documentation/scheduler/sched-stats.rst and
Documentation/admin-guide/cgroup-v2.rst of Linux. Each function takes a file's text, knows no clock and never raises:
None, or nothing, stands for a file of another form.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple


class CpuTimes(NamedTuple):
    """Time of all processors together, in ticks: spent in whatever way, idle, and taken by the hypervisor for others."""

    total: float
    idle: float
    steal: float


def cpu_times(stat: str) -> CpuTimes | None:
    """The first line of /proc/stat: user nice system idle iowait irq softirq steal guest guest_nice."""
    name, *fields = stat.partition("\n")[0].split()[:9] or [""]
    ticks = [_number(field) for field in fields]
    if name != "cpu" or len(ticks) < 8 or None in ticks:
        return None  # steal is there since Linux 2.6.11
    known = [tick for tick in ticks if tick is not None]
    return CpuTimes(sum(known), known[3] + known[4], known[7])


def pressure_s(pressure: str) -> float | None:
    """/proc/pressure/cpu: for how long, since boot, some task could have run and had no processor; seconds."""
    for line in pressure.splitlines():
        kind, *fields = line.split() or [""]
        totals = [field.removeprefix("total=") for field in fields if field.startswith("total=")]
        if kind == "some" and totals:
            microseconds = _number(totals[0])
            return None if microseconds is None else microseconds * 1e-6
    return None


class Throttling(NamedTuple):
    """How often a control group used its CPU quota up before a period's end, and for how long it stood still then."""

    periods: float
    stopped_s: float


def throttling(stat: str) -> Throttling | None:
    """A control group's cpu.stat, of version 1 (nanoseconds) or 2 (microseconds)."""
    lines = [line.split() for line in stat.splitlines()]
    values = {words[0]: _number(words[1]) for words in lines if len(words) == 2}
    periods = values.get("nr_throttled")
    microseconds, nanoseconds = values.get("throttled_usec"), values.get("throttled_time")
    if periods is None or (microseconds is None and nanoseconds is None):
        return None
    return Throttling(periods, microseconds * 1e-6 if microseconds is not None else (nanoseconds or 0.0) * 1e-9)


class Segments(NamedTuple):
    """TCP segments of a network namespace: sent, and sent again because no acknowledgement came."""

    sent: float
    sent_again: float


def tcp_segments(snmp: str) -> Segments | None:
    """The two lines of /proc/net/snmp that begin with `Tcp:`, names above values."""
    rows = [line.split()[1:] for line in snmp.splitlines() if line.startswith("Tcp:")]
    if len(rows) != 2:
        return None
    values = dict(zip(rows[0], map(_number, rows[1]), strict=False))
    sent, again = values.get("OutSegs"), values.get("RetransSegs")
    return None if sent is None or again is None else Segments(sent, again)


def run_delay_s(schedstat: str) -> float | None:
    """/proc/self/schedstat: for how long the thread has been ready to run and had no processor; seconds."""
    fields = schedstat.split()
    nanoseconds = _number(fields[1]) if len(fields) == 3 else None
    return None if nanoseconds is None else nanoseconds * 1e-9


def load_average(loadavg: str) -> float | None:
    """/proc/loadavg: tasks that run or want to, averaged over a minute."""
    fields = loadavg.split()
    return _number(fields[0]) if len(fields) == 5 else None


def control_groups(cgroup: str, mountinfo: str) -> list[Path]:
    """Folders of the control groups whose CPU quota binds this process, its own first and those above it after.

    cgroup: /proc/self/cgroup. mountinfo: /proc/self/mountinfo, which tells where the hierarchies are mounted and, in a
    container, from which group on they can be seen.
    """
    folders: list[Path] = []
    for version, group in _groups(cgroup):
        for root, mounted in _mounts(mountinfo, version):
            below = group.relative_to(root) if group.is_relative_to(root) else PurePosixPath()
            own = Path(mounted, below)
            folders += [own, *(folder for folder in own.parents if folder.is_relative_to(mounted))]
    return list(dict.fromkeys(folders))


def _groups(cgroup: str) -> Iterator[tuple[str, PurePosixPath]]:
    """The type of file system, and the group's path in it, for each hierarchy that may hold a CPU quota."""
    for line in cgroup.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            yield "cgroup2", PurePosixPath(path)
        elif "cpu" in controllers.split(","):
            yield "cgroup", PurePosixPath(path)


def _mounts(mountinfo: str, version: str) -> Iterator[tuple[PurePosixPath, Path]]:
    """For each mount of a hierarchy: the group at its root, and where it is mounted."""
    for line in mountinfo.splitlines():
        fields, _, rest = line.partition(" - ")
        where, what = fields.split(), rest.split()
        if len(where) >= 5 and len(what) >= 3 and what[0] == version and (version == "cgroup2" or "cpu" in what[2].split(",")):
            yield PurePosixPath(where[3]), Path(where[4])


def _number(text: str) -> float | None:
    """A counter's value; None for what is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
