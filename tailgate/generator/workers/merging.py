"""Merging: what several workers saw, as the samples of one run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tailgate.connection_table import CONNECTION
from tailgate.generator.progress import Progress
from tailgate.generator.recorder import Recorder
from tailgate.generator.seconds import Settled, Union
from tailgate.plan.load import Load
from tailgate.samples import RECORD, Error, Header


class Merge:
    """Writes the rows of all workers into one samples file, as they come. Raises GeneratorError when it cannot.

    A worker's connection c becomes c × workers + place, so that each number means one connection. progress: over all
    rows so far. seconds: what each came to, as the workers count it. rows_of: how many rows came from each place.
    """

    def __init__(self, path: Path, workers: int, load: Load, counts: int) -> None:
        self.recorder = Recorder(path)
        self.progress = Progress(load, ())
        self.seconds = Union(counts, workers)
        self.rows_of = [0] * workers
        self._workers = workers

    def begin(self, header: Header) -> None:
        """The load begins."""
        self.recorder.begin(header)

    def add(self, place: int, rows: bytes, connections: bytes, settled: Sequence[Settled]) -> None:
        """Take rows of requests and of connections as a worker recorded them, and what it told of seconds."""
        for told in settled:
            self.seconds.add(place, told)
        records, opened = np.frombuffer(rows, dtype=RECORD).copy(), np.frombuffer(connections, dtype=CONNECTION).copy()
        for numbers in (records["connection"], opened["number"]):
            numbers *= self._workers
            numbers += place
        failed = int(np.count_nonzero(records["error"] != Error.NONE))
        self.recorder.adopt(records.tobytes(), opened.tobytes(), len(records), failed)
        self.rows_of[place] += len(records)
        self.progress.add(self.recorder.flush())

    def close(self) -> None:
        """Put the file safely on disk."""
        self.recorder.close()
