"""What a ceiling reckons with is what a session does."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.plan.prices import Price
from tailgate.pytest_costing import terms_of
from tailgate.pytest_options import BASELINES
from tailgate.reporting.progress import RelayBoard
from tailgate.reporting.record import Record
from tailgate.session import Session
from tailgate.targets.deploying import Deploying
from tailgate.targets.registry import Settings
from tests.unit.test_session import CASE, Scripted

ZONE = Price(0.014, "made up")


def config(*, repeats: int, retry: bool, baselines: bool) -> Any:
    """As much of pytest's as is asked for."""
    option = SimpleNamespace(latency_repeats=repeats, latency_no_retry=not retry)
    return SimpleNamespace(option=option, stash={BASELINES: object() if baselines else None})


@given(
    script=st.lists(st.sampled_from(["PASS", "FAIL", "INCONCLUSIVE", "disturbed", "slower", "regressed"]), min_size=12, max_size=12),
    repeats=st.integers(0, 4),
    retry=st.booleans(),
    baselines=st.booleans(),
)
def test_no_case_is_measured_oftener_than_its_ceiling_reckons_with(script: list[str], repeats: int, retry: bool, baselines: bool) -> None:
    """However its runs come out: again where its host was busy, to confirm a FAIL, to confirm a regression where there is a baseline."""
    words = iter(word for word in [*script, *["PASS"] * 12] if baselines or word not in ("slower", "regressed"))

    def measure(*_: Any, before: Any, **__: Any) -> Scripted:
        return Scripted(next(words), before)

    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder, closing(RelayBoard(None)) as board:
        patch.setattr("tailgate.session.measure", measure)
        session = Session(Settings("null", "us-east-1", ""), Record(Path(folder)), board, repeats=repeats, retry=retry)
        runs = list(session.measure(CASE, {"test": "t"}))
    assert len(runs) <= terms_of(config(repeats=repeats, retry=retry, baselines=baselines), Deploying(), ZONE).runs_each


def test_an_interface_endpoint_is_reckoned_in_each_subnet_that_is_named() -> None:
    """In one where none is: this host's own."""
    usual = config(repeats=2, retry=True, baselines=False)
    assert terms_of(usual, Deploying(), ZONE).zones == 1
    assert terms_of(usual, Deploying(client_subnets=("subnet-1", "subnet-2")), ZONE).zones == 2
