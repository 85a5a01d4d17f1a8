"""Two arms that are undecided, or that cannot be meant: what a user's suite gets to read."""

from pathlib import Path

import pytest

from tests.plugin.test_paired import SUITE


@pytest.mark.parametrize(
    ("arguments", "change", "code"),
    [
        ((), {}, pytest.ExitCode.TESTS_FAILED),
        (("--latency-inconclusive=skip",), {}, pytest.ExitCode.OK),
        ((), {'Budget.of("p90 <= 500ms"),': 'Budget.of("p90 <= 500ms"), inconclusive="skip",'}, pytest.ExitCode.OK),
    ],
    ids=["fails", "option", "case"],
)
def test_an_undecided_margin_fails_unless_option_or_case_say_skip(
    suite, arguments: tuple[str, ...], change: dict[str, str], code: int
) -> None:
    """A p99.9 of five hundred requests is not bounded; the text says how many it takes."""
    outcome = suite("-rs", "--latency-target=null", *arguments, text=SUITE, change={'"100ms", at="p50"': '"9s", at="p99.9"', **change})
    assert outcome.ret == code
    outcome.stdout.fnmatch_lines(["*p99.9 no worse than 9000.0 ms undecided*"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({'CASE.via("privatelink"))': "CASE.under(Poisson(per_s=90, for_s=4)))"}, "differ in their load"),
        ({"Poisson(per_s=120, for_s=4, warmup_s=0.5, seed=7)": "ClosedLoop(4, 4)", "Poisson\n": "ClosedLoop\n"}, "two arms cannot share"),
        ({'"100ms", at="p50"': '"100", at="p50"'}, "'100' is not a duration"),
        ({'"100ms", at="p50"': '"100ms", at="p50ms"'}, "'p50ms' is not compared"),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_sentence(suite, change: dict[str, str], said: str) -> None:
    """With the place in the user's file, and without a traceback of ours."""
    outcome = suite("--latency-target=null", text=SUITE, change=change)
    assert outcome.ret == pytest.ExitCode.TESTS_FAILED
    outcome.stdout.fnmatch_lines([f"*test_ranker.py:*{said}*"])
    assert str(Path(__file__).parents[2] / "tailgate") not in outcome.stdout.str()
