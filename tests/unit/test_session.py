"""A session measures again what its host disturbed, and once more what failed or was slower than before, and nothing else."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tailgate import Budget, Case, EndpointSpec, Poisson
from tailgate.analysis.outcome import Outcome
from tailgate.measure import Measurement
from tailgate.plan.pair import Pair
from tailgate.reporting.progress import RelayBoard
from tailgate.reporting.record import Record
from tailgate.session import Session
from tailgate.targets.registry import Settings

CASE = Case(EndpointSpec("ranker"), payload=b"{}", load=Poisson(per_s=60, for_s=2, seed=1), budget=Budget.of("p90 <= 50ms"))


@dataclass
class Scripted:
    """What one measurement is to be: disturbed, what its verdict says, or `slower` (a PASS that asks for a repeat) or `regressed`."""

    word: str
    before: Any = None

    @property
    def disturbed(self) -> bool:
        """Whether its host was busy."""
        return self.word == "disturbed"

    @property
    def verdict(self) -> SimpleNamespace:
        """What it came to."""
        outcome = {"disturbed": Outcome.INCONCLUSIVE, "slower": Outcome.PASS, "regressed": Outcome.FAIL}.get(self.word)
        change = SimpleNamespace(repeat=self.word == "slower", outcome=Outcome.FAIL if self.word == "regressed" else Outcome.PASS)
        return SimpleNamespace(outcome=outcome or Outcome[self.word], changes=[SimpleNamespace(change=change)])

    @property
    def failed(self) -> Any:
        """The run before it, where that failed."""
        return self.before if self.before is not None and self.before.verdict.outcome is Outcome.FAIL else None


def measured(script: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[tuple[str, Scripted]]:
    """The runs that a session makes of one case, by their numbers, where each comes out as the script says."""
    words, numbers = iter(script), []

    def measure(*_: Any, asked_by: dict[str, str], before: Any, **__: Any) -> Scripted:
        numbers.append(asked_by["repeat"])
        return Scripted(next(words), before)

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


@pytest.mark.parametrize(
    ("script", "befores"),
    [
        (["slower", "regressed"], [None, "slower"]),
        (["slower", "PASS"], [None, "slower"]),
        (["slower", "disturbed", "regressed"], [None, "slower", "slower"]),
        (["slower", "slower"], [None, "slower"]),
        (["slower", "FAIL", "FAIL"], [None, "slower", "FAIL"]),
        (["FAIL", "regressed"], [None, "FAIL"]),
    ],
)
def test_a_run_that_is_slower_than_its_baseline_is_repeated_once(
    script: list[str], befores: list[str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its repeat decides about the regression; only a budget that is missed then has to be confirmed anew."""
    found = measured([*script, "PASS"], tmp_path, monkeypatch, repeats=2)
    assert [run.word for _, run in found] == script
    assert [run.before and run.before.word for _, run in found] == befores


def test_a_regression_takes_two_runs_even_without_the_retry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of twenty usual runs is beyond its bound."""
    assert [run.word for _, run in measured(["slower", "PASS"], tmp_path, monkeypatch, retry=False)] == ["slower", "PASS"]


@dataclass
class ScriptedPair:
    """What one run of two arms is to be: a word for each."""

    words: tuple[str, str]
    previous: Any = None

    @property
    def arms(self) -> tuple[Scripted, Scripted]:
        """Both, each knowing the same arm of the run before."""
        befores = self.previous.arms if self.previous is not None else (None, None)
        return Scripted(self.words[0], befores[0]), Scripted(self.words[1], befores[1])

    @property
    def disturbed(self) -> bool:
        """Whether its host was busy."""
        return "disturbed" in self.words


@pytest.mark.parametrize(
    ("script", "runs"),
    [
        ([("PASS", "PASS")], 1),
        ([("PASS", "disturbed"), ("PASS", "PASS")], 2),
        ([("FAIL", "PASS"), ("FAIL", "PASS")], 2),
        ([("FAIL", "PASS"), ("PASS", "FAIL")], 2),
        ([("PASS", "slower"), ("PASS", "PASS")], 2),
        ([("disturbed", "PASS"), ("PASS", "FAIL"), ("PASS", "FAIL")], 3),
    ],
)
def test_two_arms_are_measured_again_as_one_case_is(
    script: list[tuple[str, str]], runs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the host was quiet, and once more where an arm failed or was slower: never a second time for that."""
    words = iter([*script, ("PASS", "PASS")])
    seen: list[Any] = []

    def paired(*_: Any, previous: Any, asked_by: dict[str, str], **__: Any) -> ScriptedPair:
        assert asked_by["repeat"] == str(len(seen))
        seen.append(previous)
        return ScriptedPair(next(words), previous)

    monkeypatch.setattr("tailgate.session.paired", paired)
    with closing(RelayBoard(None)) as board:
        session = Session(Settings("null", "us-east-1", ""), Record(tmp_path), board, repeats=2)
        found = list(session.paired(Pair(CASE, CASE.via("privatelink")), 1, {"test": "t"}))
    assert [run.words for run in found] == script
    assert len(found) == runs
    confirmed = [number for number, one in enumerate(seen) if one is not None]
    assert confirmed == ([runs - 1] if runs > 1 and "disturbed" not in script[runs - 2] else [])


@pytest.mark.parametrize(
    ("outcome", "failed", "undecided"), [("INCONCLUSIVE", False, True), ("INCONCLUSIVE", True, False), ("PASS", True, False)]
)
def test_a_fail_that_a_run_could_not_confirm_is_no_undecided_case(outcome: str, failed: bool, undecided: bool) -> None:
    """So that `inconclusive="skip"` never skips a test of which one run said FAIL and none said PASS."""
    before = Measurement(CASE, SimpleNamespace(outcome=Outcome.FAIL), (), None) if failed else None
    run = Measurement(CASE, SimpleNamespace(outcome=Outcome[outcome]), (), None, before=before)
    assert run.undecided is undecided
