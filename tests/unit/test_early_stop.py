"""Real loads that are planned long and end early, because their verdict is clear."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tailgate import Budget, Case, ConstantRate, EndpointSpec
from tailgate.analysis.looks.looked import Looked, decide_seen
from tailgate.analysis.looks.rhythm import USUAL, Rhythm
from tailgate.analysis.outcome import Outcome
from tailgate.measure import Measurement, measure
from tailgate.plan.budget import Limit
from tailgate.reporting.per_second import counts_in
from tailgate.reporting.record import Record
from tailgate.reporting.run_file import read_run
from tailgate.reporting.terminal import run_line, summary
from tailgate.targets.url import UrlTarget
from tests.unit.generator.serving import Served, serving

BUDGET = Budget((Limit.of("p90 <= 60ms"), Limit.of("error_rate <= 20%")), send_lag_share=0.99)
"""The tests beside this one may hold the generator up without making its runs INCONCLUSIVE."""

FAST, SLOW, HANGING = "ms=2", "ms=80", "act=silent"
SOON = Rhythm(first_s=2, every_s=1)
CALM = [(np.full(60, 100), np.arange(60) % 12 == 0)] * 6


class Remembered:
    """A history in which the case was calm six times."""

    def of(self, case: Case, _kind: str, _vantage: str) -> dict[str, list]:
        """The same for each limit."""
        return {limit.source: CALM for limit in case.budget.limits}


@pytest.fixture
def server(tmp_path: Path):
    """A server over plain HTTP."""
    with serving(tmp_path, tls=False) as served:
        yield served


def measured(
    server: Served, tmp_path: Path, behaviour: str, *, for_s: float = 60, rhythm: Rhythm | None = SOON, history=None
) -> Measurement:
    """A run of 100/s at a server that behaves so, judged and recorded."""
    case = Case(EndpointSpec("slow"), payload=b"[]", load=ConstantRate(100, for_s, warmup_s=0.5), budget=BUDGET)
    folder = tmp_path / "runs" / "one"
    folder.mkdir(parents=True)
    target = UrlTarget(f"http://127.0.0.1:{server.port}/x?{behaviour}")
    return measure(case, target, Record(folder), turn=nullcontext(), rhythm=rhythm, history=history)


def test_a_load_over_its_budget_ends_soon_and_says_what_that_saved(server: Served, tmp_path: Path) -> None:
    """In the verdict's text, in the record, on the terminal; the record alone gives the same verdict again."""
    run = measured(server, tmp_path, SLOW)
    assert run.verdict.reasons == ()
    assert run.verdict.outcome is Outcome.FAIL
    assert run.verdict.saved_s > 30
    assert run.record.path is not None
    stored = read_run(run.record.path)
    assert stored.verdict["rhythm"] == {"first_s": 2, "every_s": 1}
    assert f"{60 - run.verdict.saved_s:.0f} of 60 s: FAIL is clear" in str(stored.verdict["explanation"])
    assert run_line(stored).endswith(f"FAIL  (stopped after {60 - run.verdict.saved_s:.0f} of 60 s)")
    assert "stopped early, their verdicts being clear: 1 of 1 runs" in summary([stored], width=160, styled=False)
    untrusted = replace(stored, verdict={**stored.verdict, "reasons": ["send lag"]})
    assert "stopped early" not in summary([untrusted], width=160, styled=False)
    enough_s, counts = stored.requests["enough_s"], counts_in(stored.per_second, "p90 <= 60ms")
    assert counts is not None
    assert len(counts[0]) == enough_s
    assert stored.requests["judged"] == sum(counts[0]) == 100 * enough_s
    again = decide_seen(*counts, Looked(60, SOON), allowed=0.1)
    assert again == run.verdict.checks[0].decision


def test_a_server_that_hangs_fails_its_percentile_long_before_its_requests_time_out(server: Served, tmp_path: Path) -> None:
    """Nothing is ever answered, and the time-out is 70 s; what has waited for longer than the bound has exceeded it."""
    run = measured(server, tmp_path, HANGING)
    assert run.verdict.reasons == ()
    assert run.verdict.checks[0].decision.outcome is Outcome.FAIL
    assert run.verdict.saved_s > 30


def test_a_load_within_its_budget_ends_soon_where_earlier_runs_are_known(server: Served, tmp_path: Path) -> None:
    """All limits pass, and the PASS is not provisional."""
    run = measured(server, tmp_path, FAST, history=Remembered())
    assert run.verdict.outcome is Outcome.PASS
    assert run.verdict.saved_s > 30
    assert "provisional" not in run.verdict.explain()


@pytest.mark.parametrize(("behaviour", "rhythm"), [(FAST, SOON), (SLOW, None)])
def test_a_load_runs_to_its_end_where_earlier_runs_are_not_known_or_nobody_looks(
    server: Served, tmp_path: Path, behaviour: str, rhythm: Rhythm | None
) -> None:
    """A PASS without a history could not have seen rare bursts; a full length was asked for."""
    run = measured(server, tmp_path, behaviour, for_s=4, rhythm=rhythm)
    assert run.verdict.outcome is (Outcome.FAIL if behaviour == SLOW else Outcome.PASS)
    assert run.verdict.saved_s == 0
    assert run.record.requests["stopped_s"] is None
    assert json.dumps(run.record.requests["judged"]) == "400"


@pytest.mark.thorough
def test_at_the_usual_looks_ten_minutes_end_after_one(server: Served, tmp_path: Path) -> None:
    """The first look is at 60 s."""
    run = measured(server, tmp_path, SLOW, for_s=600, rhythm=USUAL)
    assert run.verdict.outcome is Outcome.FAIL
    assert run.record.requests["enough_s"] == 60
    assert 530 < run.verdict.saved_s < 540
