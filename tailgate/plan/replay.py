"""Replay: arrivals as they were recorded, from a file."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tailgate.errors import PlanError
from tailgate.plan.checks import check_scheduled, is_finite, shown
from tailgate.plan.naming import naming_folder
from tailgate.plan.profile import LONGEST_S, Profile, check_number, check_times, outside_gaps

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SAMPLES = b"tailgate-samples "
_ALONE_S = 1.0
"""How long a record lasts whose arrivals come all at once."""


@dataclass(frozen=True, slots=True)
class Replay(Profile):
    """Requests at recorded times.

    file: text with one offset in seconds per line (blank lines and `#` comments aside), or a samples file, of which the
    due times are taken; relative to the file that names it. It is read when the load is made. offsets_s: the times
    themselves, instead of a file: ascending seconds from the run's start. for_s: how much is replayed after the
    warm-up; all there is, unless said. The record ends a mean spacing after its last arrival.
    """

    file: str | Path | None = None
    for_s: float = math.inf
    warmup_s: float = 0.0
    offsets_s: tuple[float, ...] = ()

    arrival: ClassVar[str] = "replay"
    example: ClassVar[str] = '{ arrival = "replay", file = "arrivals.txt" }'

    def __post_init__(self) -> None:
        if self.file is not None and not isinstance(self.file, str | Path):
            raise PlanError(f"load: file is {shown(self.file)}; it is a path to recorded arrivals")
        object.__setattr__(self, "offsets_s", self._offsets())
        object.__setattr__(self, "file", None if self.file is None else str(self.file))
        check_scheduled(len(self.offsets_s))
        check_number("warmup_s", self.warmup_s, least_open=False)
        left_s = _length_s(self.offsets_s) - self.warmup_s
        if left_s <= 0:
            raise PlanError(f"load: warmup_s is {self.warmup_s}, the record lasts {left_s + self.warmup_s:g} s; nothing would be judged")
        if self.for_s == math.inf:
            object.__setattr__(self, "for_s", left_s)
        check_times(self)
        if self.for_s > left_s + 1e-6:
            raise PlanError(f"load: for_s is {self.for_s}, the record lasts {left_s:g} s after the warm-up; leave it out to replay all")
        if not self.expected_requests:
            raise PlanError(f"load: no arrival is recorded in the {self.for_s:g} s after the warm-up; nothing would be judged")

    def _offsets(self) -> tuple[float, ...]:
        if not isinstance(self.offsets_s, list | tuple):
            raise PlanError(f"load: offsets_s is {shown(self.offsets_s)}; it is a list of seconds, such as [0.0, 0.4, 1.1]")
        if self.offsets_s:
            offsets_s = tuple(self.offsets_s)
            _check(offsets_s, lambda number: f"load: offsets_s, number {number}")
            return offsets_s
        if self.file is None:
            raise PlanError(f"load: key 'file' is missing; write for instance {self.example}")
        return _read(naming_folder() / self.file)

    @property
    def per_s(self) -> float:
        """The mean rate of the judged part, gaps included."""
        return self.expected_requests / self.for_s

    @property
    def peak_per_s(self) -> float:
        """The most arrivals within any second."""
        import numpy as np

        due_s = self.due_times()
        return float(np.max(np.searchsorted(due_s, due_s + 1.0, side="left") - np.arange(len(due_s)), initial=0))

    @property
    def expected_requests(self) -> float:
        """How many are due in the judged part."""
        return float((self.due_times() >= self.warmup_s).sum())

    @property
    def wording(self) -> str:
        """How people read it: `replaying arrivals.txt at 42.1/s`."""
        what = "recorded arrivals" if self.file is None else Path(self.file).name
        return f"replaying {what} at {self.per_s:.3g}/s{self.manner}"

    def due_times(self) -> NDArray[np.float64]:
        """The recorded times, shape (n,), ascending, seconds from the run's start, as far as they are replayed."""
        import numpy as np

        offsets_s = np.array(self.offsets_s)
        return outside_gaps(self, offsets_s[offsets_s < self.warmup_s + self.for_s])


def _length_s(offsets_s: tuple[float, ...]) -> float:
    span_s = offsets_s[-1] - offsets_s[0]
    return offsets_s[-1] + (span_s / (len(offsets_s) - 1) if span_s else _ALONE_S)


def _read(path: Path) -> tuple[float, ...]:
    try:
        content = path.read_bytes()
    except OSError as error:
        why = f"{error.strerror}; the path is relative to the file that names it"
        raise PlanError(f"load: arrivals {path} cannot be read: {why}") from None
    except ValueError as error:  # what the file system cannot even be asked for
        raise PlanError(f"load: file is {shown(str(path))}; no file can be called that: {error}") from None
    if content.startswith(_SAMPLES):
        offsets_s = _due_times(path, content)
        if not offsets_s:
            raise PlanError(f"load: arrivals {path}: the file holds no sample; take another run's")
        _check(offsets_s, lambda number: f"load: arrivals {path}, sample {number}")
        return offsets_s
    return _from_lines(path, content)


def _due_times(path: Path, content: bytes) -> tuple[float, ...]:
    """The due times in a samples file, which says of itself what its records look like."""
    import numpy as np

    try:
        _, header, body = content.split(b"\n", 2)
        layout = np.dtype([(name, code) for name, code in json.loads(header)["record"]])
        records = np.frombuffer(body[: len(body) - len(body) % layout.itemsize], dtype=layout)
        return tuple(np.sort(records["due_s"].astype(np.float64)).tolist())
    except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as error:
        raise PlanError(f"load: arrivals {path}: the samples' header is damaged ({error!r}); take another run's") from None


def _from_lines(path: Path, content: bytes) -> tuple[float, ...]:
    offsets: list[float] = []
    lines: list[int] = []
    for number, line in enumerate(content.decode("utf-8", errors="replace").splitlines(), 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        try:
            offsets.append(float(text))
        except ValueError:
            raise PlanError(
                f"load: arrivals {path}, line {number}: '{text[:40]}' is no number; write an offset in seconds per line"
            ) from None
        lines.append(number)
    if not offsets:
        raise PlanError(f"load: arrivals {path} holds no offset; write one per line, in seconds from the start")
    _check(tuple(offsets), lambda number: f"load: arrivals {path}, line {lines[number - 1]}")
    return tuple(offsets)


def _check(offsets_s: tuple[float, ...], where: Callable[[int], str]) -> None:
    """Refuse times that cannot be a record; where: words for the place of the n-th, from 1. Raises PlanError."""
    before_s = 0.0
    for number, offset_s in enumerate(offsets_s, 1):
        if not is_finite(offset_s) or offset_s < 0:
            raise PlanError(f"{where(number)}: {shown(offset_s)} is no offset; it is a number of seconds from 0 up")
        if offset_s < before_s:
            why = "offsets count from the start, so they ascend: sort them, or add up what are gaps between arrivals"
            raise PlanError(f"{where(number)}: {offset_s:g} comes after {before_s:g}; {why}")
        if offset_s > LONGEST_S:
            raise PlanError(f"{where(number)}: {offset_s:g} s is longer than a day; offsets count from the first arrival, not from 1970")
        before_s = offset_s
