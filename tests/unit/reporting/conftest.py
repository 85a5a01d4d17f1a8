"""Runs on disk for the tests of what reads them."""

from pathlib import Path

import pytest

from tailgate.reporting.run_file import Run
from tests.unit.reporting.synthetic import case_of, run_from, samples_of, written


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of 2 000 judged requests, three of which failed, with its samples beside it."""
    case = case_of()
    samples = samples_of(case, failed=[10, 500, 1999])
    return written(run_from(case, samples), samples, tmp_path)
