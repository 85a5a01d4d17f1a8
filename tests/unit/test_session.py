"""A session measures again what its host disturbed, and nothing else."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tailgate import Budget, Case, EndpointSpec, Poisson
from tailgate.reporting.progress import RelayBoard
from tailgate.reporting.record import Record
from tailgate.session import Session
from tailgate.targets.registry import Settings

CASE = Case(EndpointSpec("ranker"), payload=b"{}", load=Poisson(per_s=60, for_s=2, seed=1), budget=Budget.of("p90 <= 50ms"))


@dataclass
class Scripted:
    """What one measurement is to be."""

    disturbed: bool


@pytest.mark.parametrize(
    ("disturbed", "repeats", "measured"),
    [
        ([False], 2, 1),
        ([True, False], 2, 2),
        ([True, True, False], 2, 3),
        ([True, True, True, False], 2, 3),
        ([True, False], 0, 1),
    ],
)
def test_a_case_is_measured_until_its_host_was_quiet_or_no_repeat_is_left(
    disturbed: list[bool], repeats: int, measured: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run says which repeat it is; the last is the one that counts."""
    script, numbers = iter(disturbed), []

    def measure(*_: Any, asked_by: dict[str, str], **__: Any) -> Scripted:
        numbers.append(asked_by["repeat"])
        return Scripted(next(script))

    monkeypatch.setattr("tailgate.session.measure", measure)
    with closing(RelayBoard(None)) as board:
        session = Session(Settings("null", "us-east-1", ""), Record(tmp_path), board, repeats=repeats)
        runs = list(session.measure(CASE, {"test": "t"}))
    assert len(runs) == measured
    assert numbers == [str(number) for number in range(measured)]
