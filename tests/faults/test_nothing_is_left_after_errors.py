"""Nothing is left, whichever of a session's calls goes wrong: the cells are made of the calls of a session that nobody disturbed."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.faults.aws_proxy import ALL, Harm, answer_lost, denied, refused, throttled, unreachable
from tests.faults.cells import as_it_is, in_all_cells
from tests.faults.conftest import Stages

HARMS: dict[str, Harm] = {"fails": refused(), "is carried out and its answer lost": answer_lost, "is never reached": unreachable}


@pytest.mark.parametrize("how", HARMS)
def test_each_call_goes_wrong_once(stages: Stages, recorded: Counter[str], how: str) -> None:
    """At its first, second and third occurrence."""
    cells = [(f"{name} {nth}", name, as_it_is(HARMS[how]), (nth,)) for name in recorded for nth in range(1, min(recorded[name], 3) + 1)]
    assert len(cells) > 10
    assert in_all_cells(stages, cells) == {}


@pytest.mark.parametrize("how", HARMS)
@pytest.mark.parametrize("times", [2, 3])
def test_each_call_goes_wrong_again_when_it_is_repeated(stages: Stages, recorded: Counter[str], how: str, times: int) -> None:
    """Whoever repeats it, and in whatever way; where nobody does, the session has ended in another way."""
    cells = [(name, name, as_it_is(HARMS[how]), range(1, times + 1)) for name in recorded]
    assert in_all_cells(stages, cells) == {}


def test_each_call_is_throttled_ten_times(stages: Stages, recorded: Counter[str]) -> None:
    """Longer than botocore's own retries last."""
    cells = [(name, name, as_it_is(throttled), range(1, 11)) for name in recorded]
    assert in_all_cells(stages, cells) == {}


def test_each_call_is_denied(stages: Stages, recorded: Counter[str]) -> None:
    """By a policy that lacks it. What may then not be deleted is named by ledger and sweep, which has other credentials."""
    cells = [(name, name, as_it_is(denied), ALL) for name in recorded]
    assert in_all_cells(stages, cells, swept=True) == {}
