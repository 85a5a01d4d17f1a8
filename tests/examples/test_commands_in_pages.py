"""What pages tell people to type: every command is read by the parser of the program that it calls."""

from pathlib import Path

import pytest

from tailgate.errors import PlanError
from tests.examples.shell import Shell, check_syntax
from tests.examples.vouching import vouch
from tests.examples.ways import COMMANDS

SAMPLES = {"ENDPOINT": "ranker-v8", "RUN": "reports/runs/20261122T093612Z-1f3a9c/ranker.json"}
"""Variables that pages use, each with what it may stand for."""


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the shell that runs the tests says is nothing that pages say."""
    for name in ("CI", "TAILGATE_TARGET", "PYTEST_ADDOPTS", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[f"{page}: {line[:60]}" for page, line in COMMANDS])
def test_a_command_that_a_page_shows_is_one_that_can_be_typed(page: str, line: str, tmp_path: Path, pytester: pytest.Pytester) -> None:
    """A renamed option, verb, API call or module breaks the page that still names the old one."""
    check_syntax(line)
    calls = Shell(tmp_path).calls(line, SAMPLES)
    assert calls, f"{page}: {line}"
    for call in calls:
        vouch(call, pytester)


@pytest.mark.parametrize(
    "line",
    [
        "pytest -m latency --latency-targets existing",
        "pytest -m latency --latency-target existing --latency-endpoint ranker-v8",
        "pytest -m latency --latency-max-rate 100",
        "tailgate shew RUN.json",
        "tailgate judge RUN.json",
        "aws sagemaker describe-endpoints --endpoint-name x",
        "aws sagemaker describe-endpoint --name x",
        "aws sagemaker describe-endpoint",
        "aws sagemaker wait endpoint-in-use --endpoint-name x",
        "aws sagemaker update-endpoint-weights-and-capacities --endpoint-name x --desired-weights-and-capacities Variant=a,DesiredWeight=1",
        "make coffee",
        "python -m benchmarks.nonsense",
        "curl http://localhost",
        'tailgate show "$UNSET"',
    ],
)
def test_a_command_that_cannot_be_typed_is_found(line: str, tmp_path: Path, pytester: pytest.Pytester) -> None:
    """An option that is not there, one that lacks what it needs, a verb, an operation, a program, a variable."""
    with pytest.raises((AssertionError, PlanError, SystemExit, pytest.UsageError)):  # noqa: PT012  # either may find it
        for call in Shell(tmp_path).calls(line):
            vouch(call, pytester)
