"""The gate on synthetic series with known truth. Seeds are fixed: a change of figures is a change of the gate."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tailgate.analysis.gate import decide
from tailgate.analysis.outcome import Outcome

ALLOWED = 0.01


def independent(random: np.random.Generator, seconds: int, per_s: int, fraction: float) -> NDArray[np.int64]:
    return random.binomial(per_s, fraction, seconds)


def bad_spells(
    random: np.random.Generator, seconds: int, per_s: int, fraction: float, spell_s: int = 20, every_s: int = 320
) -> NDArray[np.int64]:
    """A noisy neighbour: spells at random times that hold nine tenths of all exceedances."""
    in_spell = np.zeros(seconds, dtype=bool)
    for start in random.uniform(-spell_s, seconds, random.poisson((seconds + spell_s) / every_s)):
        in_spell[max(0, int(start)) : max(0, int(start) + spell_s)] = True
    return random.binomial(per_s, np.where(in_spell, min(1, 0.9 * fraction * every_s / spell_s), 0.1 * fraction))


def share_of(outcome: Outcome, fraction: float, *, seconds: int, per_s: int, runs: int, seed: int = 1) -> float:
    random = np.random.default_rng(seed)
    requests = np.full(seconds, per_s)
    return float(
        np.mean([decide(requests, independent(random, seconds, per_s, fraction), allowed=ALLOWED).outcome is outcome for _ in range(runs)])
    )


@pytest.mark.parametrize(("seconds", "per_s"), [(15, 120), (20, 100), (60, 50), (300, 50)])
@pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.FAIL])
def test_an_independent_run_at_its_budget_is_wrongly_settled_in_at_most_one_run_of_twenty(
    outcome: Outcome, seconds: int, per_s: int
) -> None:
    """At the allowed fraction both a PASS and a FAIL are errors, each of at most 5 % plus three standard errors of 2 000 runs."""
    wrong = share_of(outcome, ALLOWED, seconds=seconds, per_s=per_s, runs=2000)
    assert 0.002 < wrong <= 0.05 + 3 * (0.05 * 0.95 / 2000) ** 0.5


def test_the_bounds_cover_the_true_fraction_about_as_often_as_they_say() -> None:
    """Independent requests, 60 s: each one-sided 95 % bound holds in 95 to 99.5 % of 2 000 runs, up to chance."""
    random, truth = np.random.default_rng(3), 0.02
    decisions = [decide(np.full(60, 50), independent(random, 60, 50, truth), allowed=ALLOWED) for _ in range(2000)]
    for covers in (np.mean([d.high >= truth for d in decisions]), np.mean([d.low <= truth for d in decisions])):
        assert 0.95 - 0.015 <= covers <= 0.995


@pytest.mark.parametrize(("fraction", "at_most"), [(0.0005, 0.0), (0.001, 0.001), (0.002, 0.012)])
def test_a_good_short_run_hardly_ever_misses_its_pass(fraction: float, at_most: float) -> None:
    """1 800 requests in 15 s well within p99: not passing is rare enough for twenty runs in a row."""
    assert 1 - share_of(Outcome.PASS, fraction, seconds=15, per_s=120, runs=4000) <= at_most


def test_a_bad_short_run_never_passes() -> None:
    """1 800 requests in 15 s at five times the allowed fraction: FAIL, each time."""
    assert share_of(Outcome.FAIL, 5 * ALLOWED, seconds=15, per_s=120, runs=500) == 1


def test_a_calm_history_hardly_ever_withholds_the_pass_of_a_good_run() -> None:
    """Chance differences between earlier runs are not taken for bad spells: at most 2 % of 600 good runs lose their PASS."""
    random, requests = np.random.default_rng(4), np.full(15, 120)
    lost = 0
    for _ in range(600):
        earlier = [(requests, independent(random, 15, 120, 0.001)) for _ in range(6)]
        lost += decide(requests, independent(random, 15, 120, 0.001), allowed=ALLOWED, history=earlier).outcome is not Outcome.PASS
    assert lost / 600 <= 0.02


def test_a_history_half_as_bad_keeps_bad_spells_from_passing() -> None:
    """A noisy neighbour at budget: one minute alone passes wrongly most of the time, and after ten earlier runs rarely."""
    random, requests = np.random.default_rng(5), np.full(60, 50)
    alone = taught = 0
    for _ in range(300):
        run = bad_spells(random, 60, 50, ALLOWED)
        earlier = [(requests, bad_spells(random, 60, 50, ALLOWED / 2)) for _ in range(10)]
        alone += decide(requests, run, allowed=ALLOWED).outcome is Outcome.PASS
        taught += decide(requests, run, allowed=ALLOWED, history=earlier).outcome is Outcome.PASS
    assert alone / 300 > 0.5
    assert taught / 300 < 0.12
