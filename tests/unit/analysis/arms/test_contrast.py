"""Changes: what two arms of one run come to, in outcomes and in words."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate import Budget, Case, EndpointSpec, Poisson
from tailgate.analysis.arms.contrast import Contrast
from tailgate.analysis.outcome import Outcome
from tailgate.errors import PlanError
from tailgate.plan.arms import coin
from tailgate.plan.pair import Pair
from tailgate.samples import RECORD, Error, Header, Samples

CASE = Case(EndpointSpec("ranker"), b"{}", Poisson(per_s=200, for_s=60, warmup_s=0, seed=3), Budget.of("p99 <= 1s"))
PAIR = Pair(CASE, CASE.via("privatelink"))


def run_of(slower_s: float = 0.0, *, n: int | None = None, failing: float = 0.0, seed: int = 1) -> Samples:
    """Lognormal times; arm 1 is slower throughout, and so many of its requests fail."""
    due_s = CASE.load.due_times()[:n]
    arm, random = coin(len(due_s), seed), np.random.default_rng(seed)
    records = np.zeros(len(due_s), RECORD)
    records["due_s"], records["arm"], records["sent_after_s"] = due_s, arm, 1e-4
    records["done_after_s"] = 0.02 * np.exp(0.3 * random.standard_normal(len(due_s))) + slower_s * arm
    records["error"] = np.where((random.random(len(due_s)) < failing) & (arm == 1), Error.SERVER_ERROR, Error.NONE)
    return Samples(Header(len(due_s), 0.0, 60.0, 0.0, 0.0, "by hand", "http://x/", "http://y/"), records)


@pytest.fixture
def contrast() -> Callable[..., Contrast]:
    """A contrast made of made-up samples."""

    def make(*, reasons: tuple[str, ...] = (), **how: float) -> Contrast:
        return Contrast(PAIR, run_of(**how), "emulated", reasons, seed=1, notes=("samples: x.samples",))

    return make


def test_a_margin_above_the_difference_passes_and_one_below_it_fails(contrast: Callable[..., Contrast]) -> None:
    """Arm 1 is 5 ms slower: no worse than 12 ms, worse than 1 ms; truth is PASS alone."""
    found = contrast(slower_s=0.005)
    for at in ("p50", "p90", "p99", "mean", "p95"):
        passed, failed = found.no_worse_than("12ms", at=at), found.no_worse_than("1ms", at=at)
        assert (passed.outcome, failed.outcome) == (Outcome.PASS, Outcome.FAIL), at
        assert bool(passed)
        assert not failed


def test_not_having_found_a_difference_is_no_pass(contrast: Callable[..., Contrast]) -> None:
    """Two arms alike and a margin narrower than the interval: INCONCLUSIVE, with the requests it would take."""
    found = contrast()
    answer = found.no_worse_than("0.01ms")
    assert answer.outcome is Outcome.INCONCLUSIVE
    assert not answer
    assert answer.more_requests is None or answer.more_requests > 10_000
    assert "undecided" in found.explain()


def test_a_run_that_cannot_be_trusted_never_passes(contrast: Callable[..., Contrast]) -> None:
    """However clear its numbers are; the text says why."""
    found = contrast(reasons=("the wall clock stepped",))
    assert found.no_worse_than("1s").outcome is Outcome.INCONCLUSIVE
    text = found.explain()
    assert text.startswith("no comparison, the run cannot be trusted: privatelink against public")
    assert "not trusted: the wall clock stepped" in text


def test_too_few_requests_for_the_quantile_are_undecided_and_it_says_how_many_it_takes(contrast: Callable[..., Contrast]) -> None:
    """A p99.9 of three hundred requests is not bounded, whatever the margin."""
    found = contrast(n=300)
    assert found.no_worse_than("1s", at="p99.9").outcome is Outcome.INCONCLUSIVE
    assert "at p99.9 no difference is bounded with fewer than" in found.explain()


@pytest.mark.parametrize("failing", [0.05, 0.2, 1.0])
def test_an_arm_that_fails_is_worse_than_any_margin(contrast: Callable[..., Contrast], failing: float) -> None:
    """A failure takes for ever: the p99 of an arm of which a twentieth fails, or all, is worse than ten seconds."""
    found = contrast(failing=failing)
    for at in ("p99", "p99.9"):
        assert found.no_worse_than("10s", at=at).outcome is Outcome.FAIL
    assert found.no_worse_than("10s", at="mean").outcome is not Outcome.PASS
    assert "p99 no worse than 10000.0 ms: emulated FAIL (more than 1.0 % of it failed)" in found.explain()
    assert "privatelink of them failed" in found.explain()


@pytest.mark.parametrize("failing", [0.009, 0.0105])
def test_an_arm_of_which_hardly_more_fails_than_may_is_not_called_worse_for_that(contrast: Callable[..., Contrast], failing: float) -> None:
    """Whether its p99 is infinite is not known then."""
    assert contrast(failing=failing).no_worse_than("10s", at="p99").outcome is Outcome.INCONCLUSIVE


def test_an_arm_without_samples_is_undecided() -> None:
    """There is nothing to compare with, and no traceback."""
    samples = run_of()
    found = Contrast(PAIR, samples.of_arm(0), "null", ("privatelink: there are no samples",))
    assert found.differences == {}
    assert found.no_worse_than("1s").outcome is Outcome.INCONCLUSIVE
    assert "0 privatelink" in found.explain()


def test_the_text_tells_both_arms_their_differences_and_what_the_margins_say(contrast: Callable[..., Contrast]) -> None:
    """Heading, a line per metric, the answers, the requests, the caveat of the emulation."""
    found = contrast(slower_s=0.005)
    found.no_worse_than("1ms", at="p99")
    found.no_worse_than("20ms", at="p50")
    lines = found.explain().splitlines()
    assert lines[0] == "p99 worse than 1.0 ms: privatelink against public, ranker at 200/s"
    assert [line.split()[0] for line in lines[2:6]] == ["p50", "p90", "p99", "mean"]
    assert len({line.index("[") for line in lines[2:6]}) <= 2, "columns are aligned"
    assert any(line.strip().startswith("p99 no worse than 1.0 ms: emulated FAIL (the interval ends at +") for line in lines)
    assert any(line.strip().startswith("p50 no worse than 20.0 ms: emulated PASS") for line in lines)
    assert any("told apart by a fair coin for each (seed 1)" in line for line in lines)
    assert lines[-2:] == ["  samples: x.samples", f"  {lines[-1].strip()}"]
    assert lines[-1].strip().startswith("emulated: a statement about the emulator")


@pytest.mark.parametrize(("margin", "at"), [("2", "p99"), (2, "p99"), ("2ms", "p990"), ("2ms", "error_rate")])
def test_a_question_that_cannot_be_meant_is_refused(contrast: Callable[..., Contrast], margin: object, at: str) -> None:
    """By its margin or its metric; nothing is answered."""
    found = contrast(n=500)
    with pytest.raises(PlanError):
        found.no_worse_than(margin, at=at)  # type: ignore[arg-type]  # a user's mistake
    assert found.asked == []


@given(slower_ms=st.floats(0, 30), margin_ms=st.floats(0, 60), seed=st.integers(0, 50))
def test_no_margin_below_the_estimate_passes_and_none_above_it_fails(slower_ms: float, margin_ms: float, seed: int) -> None:
    """Whatever the difference and the margin are."""
    found = Contrast(PAIR, run_of(slower_ms / 1e3, n=2000, seed=seed), "null")
    answer = found.no_worse_than(f"{margin_ms:.6f}ms", at="p90")
    assert answer.comparison is not None
    if math.isfinite(answer.comparison.difference_s):
        below = answer.margin_s < answer.comparison.difference_s
        assert answer.outcome is not (Outcome.PASS if below else Outcome.FAIL)
