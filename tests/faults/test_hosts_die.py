"""Hosts that die at any step of a session, and what dies on them: an undecided run or an error that names the host, and nothing left.

Until an agent has given its first sign of life only Systems Manager can miss its host where the network is cut, which takes 15 s in the
emulation and minutes on AWS; and until its own agent has reported there, only patience ends.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tailgate.vantage.emulated.namespaces import missing
from tests.faults.host_deaths import MOMENTS, SHARED, SUITE, VICTIMS, Outcome, struck

NAMED_WITHIN_S, USUALLY_AFTER_S = 15.0, 12.0
"""From the blow until the test has ended; longer where it took longer than usual to come to it: the host is busy then."""

UNHEARD, ORDERED, AMID, SENT, RECORDED = list(MOMENTS)[:2], *list(MOMENTS)[2:]
UNREACHED_S = {UNHEARD[0]: 120.0, UNHEARD[1]: 15.0}
NOT_THERE = {("generator", moment) for moment in (*UNHEARD, SENT, RECORDED)}
CELLS = [
    (moment, victim)
    for moment in MOMENTS
    for victim in VICTIMS
    if (victim, moment) not in NOT_THERE and (victim, moment) != ("agent", UNHEARD[0])
]
SAMPLE = [(AMID, "generator")]
"""What `make test` plays: its host tells of it, so that no silence has to last."""

LONG = SUITE.replace("for_s=2", "for_s=60")


NAMESPACES = pytest.mark.skipif(missing() is not None, reason=f"hosts are not network namespaces here: {missing()}")


def hold(moment: str, victim: str, outcome: Outcome) -> None:
    """What is promised of every cell."""
    within_s = NAMED_WITHIN_S + (UNREACHED_S.get(moment, 0.0) if victim == "network" else 0.0)
    slowness = max(1.0, outcome.after_s / USUALLY_AFTER_S)
    assert outcome.left == []
    assert "INTERNALERROR" not in outcome.said
    if moment in (SENT, RECORDED) and outcome.code == 0:  # all of it had arrived, and was found to be whole
        assert outcome.verdicts == ["PASS"]
        return
    assert outcome.code == 1, outcome.said
    assert set(outcome.verdicts) <= {"INCONCLUSIVE"}
    assert "host i-" in outcome.said
    assert outcome.took_s <= within_s * slowness, outcome.said


@NAMESPACES
@pytest.mark.parametrize(
    ("moment", "victim"), [pytest.param(*cell, marks=() if cell in SAMPLE else pytest.mark.thorough) for cell in CELLS], ids=str
)
def test_whatever_dies_is_named_and_nothing_passes_for_it(tmp_path: Path, moment: str, victim: str) -> None:
    """The host as by a power cut, its agent, its generator, or its network; each at every step at which it is there."""
    hold(moment, victim, struck(tmp_path, moment, victim, suite=SUITE if moment in (SENT, RECORDED) else LONG))


@NAMESPACES
@pytest.mark.thorough
@pytest.mark.parametrize("victim", SHARED)
def test_whatever_dies_of_several_hosts_is_named_and_nothing_passes_for_it(tmp_path: Path, victim: str) -> None:
    """Amid a load that two hosts share."""
    hold(AMID, victim, struck(tmp_path, AMID, victim, "--latency-hosts", "2", suite=LONG))
