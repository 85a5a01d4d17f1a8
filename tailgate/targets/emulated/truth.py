"""Truth: what the data plane knows of each answer it gave, to be held against what a generator says it measured."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt

from tailgate.targets.emulated.messages import Request

CAPACITY = 1_000_000
"""How many of the latest answers are remembered."""

ROW = np.dtype(
    [
        ("first_s", "f8"),
        ("complete_s", "f8"),
        ("planned_s", "f8"),
        ("written_s", "f8"),
        ("status", "i2"),
        ("network_path", "S24"),
        ("inference_id", "S64"),
    ]
)
"""One answer. Times in seconds on CLOCK_MONOTONIC, which all processes of a host share.

first_s, complete_s: when the request's first and last bytes were read. planned_s: when the answer was to leave.
written_s: when it had been handed to the kernel, nan where the client had gone. status: 0 where a fault that was asked
for stood in for an HTTP response. inference_id: as the request had it, cut at 64 bytes.
"""

Rows = npt.NDArray[np.void]


class Truth:
    """A ring of rows, in the order in which the answers left. Its memory is taken up as it fills, up to about 120 MB."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._rows = np.zeros(capacity, ROW)
        self._endpoint_of = np.zeros(capacity, np.uint32)
        self._until_s = np.zeros(capacity, np.float64)  # the latest complete_s so far: it only grows, so it can be searched
        self._latest_s = 0.0
        self._numbers: dict[str, int] = {}
        self._count = 0

    def note(
        self, endpoint: str, request: Request, planned_s: float, written_s: float, status: int, network_path: str, inference_id: str
    ) -> None:
        """Remember one answer; the oldest is forgotten where there is no room."""
        slot = self._count % len(self._rows)
        identity = inference_id.encode("latin-1", "replace")
        self._rows[slot] = (request.first_s, request.complete_s, planned_s, written_s, status, network_path, identity)
        self._endpoint_of[slot] = self._numbers.setdefault(endpoint, len(self._numbers))
        self._latest_s = self._until_s[slot] = max(self._latest_s, request.complete_s)
        self._count += 1

    def of(self, endpoint: str, since_s: float = 0.0) -> Rows:
        """A copy of the endpoint's rows whose request was complete at `since_s` or later, oldest first.

        Takes about 2 ms for 10 000 rows, in which nothing else is done.
        """
        number = self._numbers.get(endpoint, -1)
        oldest = self._count % len(self._rows) if self._count > len(self._rows) else 0
        spans = [(oldest, min(self._count, len(self._rows))), (0, oldest)]
        return np.concatenate([self._chosen(start, end, number, since_s) for start, end in spans])

    def _chosen(self, start: int, end: int, number: int, since_s: float) -> Rows:
        start += int(np.searchsorted(self._until_s[start:end], since_s))
        rows: Rows = self._rows[start:end][self._endpoint_of[start:end] == number]
        recent: Rows = rows[rows["complete_s"] >= since_s]
        return recent


def pack(rows: Rows) -> bytes:
    """Rows as a NumPy .npy file, whose header names and types the columns: `numpy.load(io.BytesIO(packed))` reads it."""
    file = io.BytesIO()
    np.save(file, rows, allow_pickle=False)
    return file.getvalue()
