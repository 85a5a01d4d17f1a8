"""A session measures again what its host disturbed, and once more what failed, and nothing else."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tailgate import Budget, Case, EndpointSpec, Poisson
from tailgate.analysis.outcome import Outcome
from tailgate.reporting.progress import RelayBoard
from tailgate.reporting.record import Record
from tailgate.session import Session
from tailgate.targets.registry import Settings

CASE = Case(EndpointSpec("ranker"), payload=b"{}", load=Poisson(per_s=60, for_s=2, seed=1), budget=Budget.of("p90 <= 50ms"))


@dataclass
class Scripted:
    """What one measurement is to be: disturbed, or what its verdict says."""

    word: str
    failed: Any = None

    @property
    def disturbed(self) -> bool:
        """Whether its host was busy."""
        return self.word == "disturbed"

    @property
    def verdict(self) -> SimpleNamespace:
        """What it came to."""
        return SimpleNamespace(outcome=Outcome.INCONCLUSIVE if self.disturbed else Outcome[self.word])


def measured(script: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[tuple[str, Scripted]]:
    """The runs that a session makes of one case, by their numbers, where each comes out as the script says."""
    words, numbers = iter(script), []

    def measure(*_: Any, asked_by: dict[str, str], failed: Any, **__: Any) -> Scripted:
        numbers.append(asked_by["repeat"])
        return Scripted(next(words), failed)

    monkeypatch.setattr("tailgate.session.measure", measure)
    with closing(RelayBoard(None)) as board:
        session = Session(Settings("null", "us-east-1", ""), Record(tmp_path), board, **options)
        runs = list(session.measure(CASE, {"test": "t"}))
    return list(zip(numbers, runs, strict=True))


@pytest.mark.parametrize(
    ("script", "repeats", "runs"),
    [
        (["PASS"], 2, 1),
        (["disturbed", "PASS"], 2, 2),
        (["disturbed", "disturbed", "INCONCLUSIVE"], 2, 3),
        (["disturbed", "disturbed", "disturbed", "PASS"], 2, 3),
        (["disturbed", "PASS"], 0, 1),
    ],
)
def test_a_case_is_measured_until_its_host_was_quiet_or_no_repeat_is_left(
    script: list[str], repeats: int, runs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run says which repeat it is; the last is the one that counts."""
    found = measured(script, tmp_path, monkeypatch, repeats=repeats)
    assert [number for number, _ in found] == [str(number) for number in range(runs)]
    assert all(run.failed is None for _, run in found)


@pytest.mark.parametrize(
    ("script", "confirming"),
    [
        (["FAIL", "FAIL"], [False, True]),
        (["FAIL", "PASS"], [False, True]),
        (["FAIL", "INCONCLUSIVE"], [False, True]),
        (["disturbed", "FAIL", "disturbed", "FAIL"], [False, False, True, True]),
        (["FAIL", "disturbed", "disturbed", "disturbed"], [False, True, True, True]),
        (["INCONCLUSIVE"], [False]),
    ],
)
def test_a_fail_is_measured_once_more_and_the_second_run_counts(
    script: list[str], confirming: list[bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That run knows what it is to confirm, also when its host disturbs it and it is repeated."""
    found = measured([*script, "PASS"], tmp_path, monkeypatch, repeats=2)
    assert [run.word for _, run in found] == script
    assert [run.failed is not None and run.failed.word == "FAIL" for _, run in found] == confirming


def test_without_the_retry_a_fail_counts_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does where somebody confirms it in another way."""
    assert len(measured(["FAIL", "PASS"], tmp_path, monkeypatch, retry=False)) == 1
