"""The machine: which core serves, which core asks, and what processes have used of it."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil


def cores() -> tuple[int, int]:
    """The server's core and the client's: two different ones where this process may use two."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


def pinned(*allowed: int) -> Callable[[], None]:
    """For Popen's preexec_fn: the child and all that it starts run on these cores."""
    return lambda: os.sched_setaffinity(0, set(allowed))


@contextmanager
def at_ordinary_priority() -> Iterator[None]:
    """What is started meanwhile shares its core with others, as most programs do, even where the benches have real-time priority."""
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameters)


def family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """A process and all that descend from it, as far as they live."""
    try:
        first = psutil.Process(process.pid)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu_s(processes: list[psutil.Process]) -> float:
    """Processor time that these have used so far, seconds; to 10 ms."""
    used = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        used += times.user + times.system
    return used


def describe() -> dict[str, Any]:
    """What a reader needs to judge the figures: processor, cores, kernel, Python, how busy it was."""
    serving, asking = cores()
    return {
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "server_core": serving,
        "client_core": asking,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "priority": "real-time" if os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR) else "ordinary",
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())
