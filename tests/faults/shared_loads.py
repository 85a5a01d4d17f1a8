"""Loads that workers share, what is heard of them, and how long is waited for anything."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from pathlib import Path

import psutil

from tailgate.generator.child import Child
from tailgate.generator.order import Order
from tailgate.plan.load import ConstantRate, Poisson
from tests.unit.generator.serving import gone

LONG = ConstantRate(per_s=200, for_s=60, warmup_s=0)
SHORT = Poisson(per_s=300, for_s=2, warmup_s=0.5, seed=3)
SOON_S = 5.0
"""What may pass between a worker's death and the run's end."""

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path.cwd())}


def shared(order: Order, **changes) -> Order:
    """The same order for two workers."""
    return dataclasses.replace(order, **{"workers": 2, **changes})


def workers(of: psutil.Process | None = None) -> list[psutil.Process]:
    """The workers below a process, this one unless another is named."""
    found = (of or psutil.Process()).children(recursive=True)
    with contextlib.suppress(psutil.NoSuchProcess):
        found = [process for process in found if process.status() != psutil.STATUS_ZOMBIE]
    return [process for process in found if not gone(process.pid) and "tailgate.generator.workers.worker" in process.cmdline()]


class AtTick:
    """Does something when the first tick comes, and notes when."""

    def __init__(self, act) -> None:
        self.act, self.at_s, self.workers = act, float("nan"), list[psutil.Process]()

    def __call__(self, _) -> None:
        """Called with each tick."""
        if not self.workers:
            self.workers = workers()
            self.at_s = time.monotonic()
            self.act(self)


def events_of(order: Order, environment=ENVIRONMENT) -> list[dict]:
    """All that a generator tells of an order."""
    with Child(order.to_json(), environment) as child:
        told = []
        while child.running:
            told += child.events(0.2)
        return told + child.rest()


def within(duration_s: float, holds) -> bool:
    """Whether something comes to hold in time."""
    deadline_s = time.monotonic() + duration_s
    while time.monotonic() < deadline_s:
        if holds():
            return True
        time.sleep(0.05)
    return False
