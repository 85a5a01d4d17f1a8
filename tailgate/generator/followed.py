"""Followed: a generator at work as whoever drives sees it, on this host or on another. Imports nothing of either."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

from tailgate.generator.order import Order


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a generator, seconds. start_s: for its first word, beside what opening connections may take.

    silence_s: between two words after that; ticks come each second. stop_s: until one that was asked to stop has ended, and all
    that it wrote is here.
    """

    start_s: float
    silence_s: float
    stop_s: float


class Generator(Protocol):
    """A generator with an order. As a context manager it ends with its block, whatever ends that.

    Its samples, and their connections beside them, grow where the order says, and are complete once its event `done` was given.
    """

    @property
    def patience(self) -> Patience:
        """How long its silence means nothing."""
        ...

    @property
    def name(self) -> str:
        """How people know it."""
        ...

    @property
    def running(self) -> bool:
        """Whether it lives, as far as that is known here."""
        ...

    @property
    def obituary(self) -> str:
        """How it ended, in a sentence with its last words."""
        ...

    def events(self, timeout_s: float) -> Sequence[Mapping[str, Any]]:
        """What it told since the last call; waits for at most this long."""
        ...

    def rest(self) -> Sequence[Mapping[str, Any]]:
        """What it left behind: to be called once it is gone."""
        ...

    def terminate(self) -> None:
        """Ask it to end the load early and to keep the record."""
        ...

    def kill(self) -> None:
        """End it at once, if it lives."""
        ...

    def __enter__(self) -> Generator:
        """The generator."""
        ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """It is asked to end, and ended."""
        ...


Start = Callable[[Order, Mapping[str, str]], Generator]
"""Starts a generator with an order and an environment beside its host's own; raises GeneratorError where that cannot be."""
