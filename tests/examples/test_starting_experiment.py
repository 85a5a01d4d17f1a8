"""The starting experiment on AWS: its plan, the one command that runs it, and what it may cost, as its page tells."""

from __future__ import annotations

import re
import shlex
from decimal import Decimal
from pathlib import Path

import pytest

from tailgate.plan.plan_file import read_plan
from tailgate.plan.vantage import VantageSpec
from tests.examples.vouching import PROJECT, vouch

PLAN = PROJECT / "examples" / "starting-experiment.toml"
PAGE = PROJECT / "docs" / "vantage.md"
SIZES = {"t2": ("medium", "large", "xlarge", "2xlarge"), "m5": ("large", "xlarge", "2xlarge", "4xlarge", "12xlarge", "24xlarge")}
AT_MOST = re.compile(r"cost: at most ([\d.]+) USD")


def command() -> list[str]:
    """The words of the command in the plan's first comment."""
    (line,) = re.findall(r"^#\s+(pytest .*\n(?:#.*\\\n)*#\s+--.*)$", PLAN.read_text(encoding="utf-8"), re.MULTILINE)
    return shlex.split(re.sub(r"\\\n#", " ", line))


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "TAILGATE_TARGET", "TAILGATE_VANTAGE", "PYTEST_ADDOPTS", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


def test_it_asks_what_the_experiment_asked() -> None:
    """PrivateLink against public with two ml.t2.xlarge, ten types, all from an m5.2xlarge in the endpoints' region."""
    plan = read_plan(PLAN)
    assert (plan.target, plan.region) == ("sagemaker", "ap-northeast-1")
    assert plan.vantage == VantageSpec("ec2", instance_type="m5.2xlarge", instance_profile="tailgate-host")
    (pair,) = plan.experiment("network-path").pairs
    assert [case.network_path for case in pair.cases] == ["public", "privatelink"]
    assert {(case.spec.instance_type, case.spec.instance_count) for case in pair.cases} == {("ml.t2.xlarge", 2)}
    types = [case.spec.instance_type for case in plan.experiment("instance-type").cases]
    assert types == [f"ml.{family}.{size}" for family, sizes in SIZES.items() for size in sizes]


def test_its_command_is_one_and_can_be_typed(pytester: pytest.Pytester) -> None:
    """The page shows the same one."""
    words = command()
    vouch(words, pytester)
    shown = re.sub(r"\\\n\s*", "", PAGE.read_text(encoding="utf-8"))
    assert shlex.join(words) in shown
    assert Path(words[words.index("--latency-plan") + 1]) == PLAN.relative_to(PROJECT)


def test_what_it_may_cost_is_below_what_its_command_allows_and_as_its_page_says(pytester: pytest.Pytester) -> None:
    """Reckoned by the bundled prices, without an account; the page rounds, and is to be written anew where it is 10 % off."""
    words = [word.replace("examples/", f"{PROJECT}/examples/").replace("tests/", f"{PROJECT}/tests/") for word in command()[1:]]
    explained = pytester.runpytest_subprocess(
        f"--rootdir={PROJECT}", "-c", str(PROJECT / "pytest.ini"), "-p", "no:cacheprovider", "--latency-explain", *words
    )
    assert explained.ret == 0
    (at_most,) = AT_MOST.findall(explained.stdout.str())
    allowed = Decimal(words[words.index("--latency-max-usd") + 1])
    assert allowed / 2 < Decimal(at_most) <= allowed
    (told,) = re.findall(r"^At most about (\d+) USD", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert abs(Decimal(told) - Decimal(at_most)) <= Decimal(at_most) / 10
