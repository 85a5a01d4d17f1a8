"""What deploying costs, from the prices to the last line: shown beforehand, refused above the limit, kept while it runs, and told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tailgate.errors import TargetError
from tailgate.overdue import Overdue
from tailgate.plan.ceiling import Terms
from tailgate.plan.prices import Price
from tailgate.plan.purse import Purse
from tailgate.targets.prefetch import Prefetched
from tailgate.targets.sagemaker.target import SagemakerTarget
from tests.emulated.conftest import REGION
from tests.emulated.test_sagemaker_target import DEPLOYING, OPTIONS, SPEC, SUITE, aws, ours  # noqa: F401  # aws is a fixture
from tests.unit.aws.price_list_server import PriceServer, hosting, price_server


@pytest.fixture
def prices(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[PriceServer]:  # noqa: F811  # the fixture
    """A price list in which an ml.t2.medium costs 0.075 USD in Tokyo."""
    assert aws
    with price_server() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", server.url)
        server.products = [hosting("ml.t2.medium", REGION, "0.0750000000"), hosting("ml.m5.24xlarge", REGION, "7.0000000000")]
        yield server


def run(pytester: pytest.Pytester, *arguments: str, text: str = SUITE, most_usd: str = "5") -> pytest.RunResult:
    """The suite, with so much to spend."""
    pytester.makepyfile(test_ranker=text)
    given = (
        "-p",
        "no:cacheprovider",
        "-m",
        "latency",
        "--latency-no-floor",
        "--latency-cloudwatch-wait",
        "0",
        *OPTIONS,
        "--latency-max-usd",
        most_usd,
    )
    return pytester.runpytest_subprocess(*given, *arguments, timeout=300)


@pytest.mark.usefixtures("prices")
def test_above_the_limit_nothing_is_created(pytester: pytest.Pytester, aws: Any) -> None:  # noqa: F811  # the fixture
    """Exit code 4, with the sum and what would fit."""
    outcome = run(pytester, most_usd="0.01")
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stdout.fnmatch_lines(["cost: at most 0.1? USD of 0.01 USD*"])
    outcome.stderr.fnmatch_lines(
        ["*this may cost up to 0.1? USD, and --latency-max-usd allows 0.01 USD*it fits with --latency-max-usd 0.1?*"]
    )
    assert ours(aws) == []


def test_explain_shows_the_ceiling_and_refuses_nothing(pytester: pytest.Pytester, aws: Any) -> None:  # noqa: F811  # the fixture
    """Without a price list that answers, by the rule for other regions, and that is said."""
    outcome = run(pytester, "--latency-explain", most_usd="0.01")
    assert outcome.ret == pytest.ExitCode.OK
    outcome.stdout.fnmatch_lines(
        [f"  ranker: ml.t2.medium  1 × 0.084 USD/h*no price of {REGION} is known: 1.5 × 0.056*", "  the Price List API did not answer*"]
    )
    assert ours(aws) == []


def test_what_is_overdue_is_deleted_whoever_holds_it(aws: Any, tmp_path: Path) -> None:  # noqa: F811  # the fixture
    """An endpoint that a test keeps open beyond the planned time is gone, billed until then, and no other is opened."""
    purse = Purse(Decimal(5), Terms(patience_s=3, deleting_s=30), lambda *_: Price(0.36, "made up"))
    target = Prefetched(SagemakerTarget(DEPLOYING, region=REGION, run_id="run-1", reports=tmp_path, purse=purse))
    with target.open(SPEC) as endpoint:
        assert endpoint.provenance["usd_per_hour"] == "0.72"
        assert endpoint.name in ours(aws)
        watch = Overdue(purse, target.close)
        until_s = time.monotonic() + 60
        while ours(aws) and time.monotonic() < until_s:
            time.sleep(0.1)
        assert ours(aws) == []
        with pytest.raises(TargetError, match="the session is ending"), target.open(replace(SPEC, name="other")):
            pass
    watch.stop()
    target.close()
    assert 0 < purse.spent_usd(time.time()) == purse.spent_usd(time.time() + 3600) < Decimal("0.01")
