"""What hosts that load comes from may cost is shown, and refused above what may be spent, before anybody is asked for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.suites import RANKER
from tests.unit.aws.price_list_server import PriceServer, ec2_hour, price_server

TOKYO = "ap-northeast-1"
ASKED = ("-m", "latency", "--latency-target", "url", "--latency-url", "http://198.51.100.7/", "--latency-region", TOKYO)
HOSTS = ("--latency-vantage", "ec2", "--latency-host-type", "m5.xlarge", "--latency-hosts", "2", "--latency-host-profile", "hosts")


@pytest.fixture
def prices(monkeypatch: pytest.MonkeyPatch) -> Iterator[PriceServer]:
    """An m5.xlarge costs 0.248 USD an hour in Tokyo. Nobody else is there."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "CI", "TAILGATE_TARGET", "TAILGATE_VANTAGE"):
        monkeypatch.delenv(name, raising=False)
    with price_server() as server:
        settings = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ENDPOINT_URL_PRICING": server.url, "NO_PROXY": "*"}
        for name, value in (settings | {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "any"}).items():
            monkeypatch.setenv(name, value)
        server.products = [ec2_hour("m5.xlarge", TOKYO, "0.2480000000")]
        yield server


def test_more_than_may_be_spent_is_refused(prices: PriceServer, pytester: pytest.Pytester) -> None:
    """Exit code 4, with the line that breaks it."""
    pytester.makepyfile(test_ranker=RANKER)
    result = pytester.runpytest_subprocess(*ASKED, *HOSTS, "--latency-max-usd", "0.01")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*and --latency-max-usd allows 0.01 USD; the largest part is hosts that load comes from*"])
    assert prices.asked


@pytest.mark.usefixtures("prices")
def test_hosts_are_not_launched_where_nobody_said_what_they_may_cost(pytester: pytest.Pytester) -> None:
    """As endpoints are not deployed: exit code 4, with the option to say it by."""
    pytester.makepyfile(test_ranker=RANKER)
    result = pytester.runpytest_subprocess(*ASKED, *HOSTS)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*hosts that load comes from cost money*say it: --latency-max-usd 2"])


def test_what_hosts_may_cost_is_shown(prices: PriceServer, pytester: pytest.Pytester) -> None:
    """By the list, with what is beside the instance; `--latency-explain` refuses nothing."""
    pytester.makepyfile(test_ranker=RANKER)
    result = pytester.runpytest_subprocess(*ASKED, *HOSTS, "--latency-explain")
    result.stdout.fnmatch_lines(["cost: at most * USD, by a planned time of *", "*hosts that load comes from *2 × 0.328 USD/h*"])
    assert prices.asked


def test_without_hosts_there_is_nothing_to_limit(pytester: pytest.Pytester) -> None:
    """The option is for who pays."""
    pytester.makepyfile(test_ranker=RANKER)
    result = pytester.runpytest_subprocess(*ASKED, "--latency-max-usd", "1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--latency-max-usd is for target 'sagemaker'*"])
