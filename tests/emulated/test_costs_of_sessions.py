"""What deploying costs, by whole sessions: told and kept, where tests ask for more than was planned, where several processes deploy."""

from __future__ import annotations

import json

import pytest

from tests.emulated.test_costs import prices, run  # noqa: F401  # prices is a fixture
from tests.emulated.test_sagemaker_target import SUITE, aws  # noqa: F401  # aws is a fixture

IN_THE_BODY = """
def test_another(measure):
    measure(CASE)

def test_one_that_is_dear(measure):
    measure(CASE.on("ml.m5.24xlarge"))
"""


@pytest.mark.usefixtures("prices")
def test_the_ceiling_is_shown_before_and_the_cost_after(pytester: pytest.Pytester) -> None:
    """Also with -q: each line with its price's origin; the record has price and beginning; what was spent is told in the end."""
    outcome = run(pytester, "-q")
    outcome.assert_outcomes(passed=1)
    outcome.stdout.fnmatch_lines(
        [
            "cost: at most 0.1? USD of 5.00 USD that --latency-max-usd allows, by a planned time of *",
            "  ranker: ml.t2.medium  1 × 0.075 USD/h for at most *  0.1? USD  Price List API, 20*",
            "*not in it: data that nobody knows ahead*",
            "*ranker-ml.t2.medium-public*",
            "cost: at most 0.1? USD planned, about 0.00 USD spent",
        ]
    )
    recorded = json.loads(next(pytester.path.glob("reports/runs/*/ranker-*.json")).read_text())
    cost, facts = recorded["platform"]["cost"], recorded["provenance"]["endpoint"]
    assert 0 < cost["usd"] < 0.01
    assert facts["billed_since"] == cost["since"] < cost["until"]
    assert (facts["usd_per_hour"], facts["price"][:14]) == ("0.075", "Price List API")
    assert facts["billed_since"].endswith("+00:00")


@pytest.mark.usefixtures("prices")
def test_a_case_of_a_tests_body_is_held_against_what_is_left(pytester: pytest.Pytester) -> None:
    """One that fits is measured, though nobody planned it; one that does not is that test's error, with what is left and needed."""
    outcome = run(pytester, text=SUITE + IN_THE_BODY, most_usd="0.50")
    outcome.assert_outcomes(passed=2, failed=1)
    outcome.stdout.fnmatch_lines(
        ["*ranker-ml.m5.24xlarge-public: not planned ahead, it may cost up to *USD more, and of --latency-max-usd 0.50 USD only 0.4? USD*"]
    )


@pytest.mark.usefixtures("prices")
def test_under_xdist_each_worker_has_its_share(pytester: pytest.Pytester) -> None:
    """Each deploys for itself: what fits once does not fit twice, and leaving out -n is the remedy; the sum is of all workers."""
    refused = run(pytester, "-n", "2", most_usd="0.15")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stdout.fnmatch_lines(["*0.19 USD, 0.10 USD in each of 2 processes*or without -n*"])
    shared = run(pytester, "-n", "2", most_usd="0.50")
    shared.assert_outcomes(passed=1)
    shared.stdout.fnmatch_lines(
        ["*each of 2 processes: cost: at most 0.1? USD of *", "cost: at most 0.19 USD planned, about 0.00 USD spent"]
    )
