"""The starting experiment in a shortened form, on emulated endpoints and from an emulated host: its plan, its tests, its vantage."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.examples.vouching import PROJECT

PLAN = PROJECT / "examples" / "starting-experiment.toml"
CHANGES = {
    r"for_s = \d+, warmup_s = \d": "for_s = 3, warmup_s = 0.5",
    r"per_s = \d+": "per_s = 60",
    r"(?m)^budget = .*": 'budget = ["p50 <= 20s"]',
    r"no_worse_than = \{.*\}": 'no_worse_than = { p50 = "20s" }',
    r'    "ml\.(?!t2\.medium|m5\.24xlarge).*",\n': "",
    r"\.\./fixtures/": f"{PROJECT}/fixtures/",
}
"""Loads of seconds, limits that a busy host keeps, the first and the last of ten types. The rest is as on AWS."""


def shortened() -> str:
    """The plan, changed so; each change meets something."""
    text = PLAN.read_text(encoding="utf-8")
    for pattern, put in CHANGES.items():
        text, count = re.subn(pattern, put, text)
        assert count, pattern
    return text


def test_it_is_run_from_a_host_whatever_it_is_asked_of(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its own tests and command, but for the target: both paths in one run, each type, every run from the host that the plan names."""
    for name in ("CI", "TAILGATE_TARGET", "TAILGATE_VANTAGE", "PYTEST_ADDOPTS", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    plan, reports = pytester.path / "plan.toml", pytester.path / "kept"
    plan.write_text(shortened(), encoding="utf-8")
    ended = pytester.runpytest_subprocess(
        *(f"--rootdir={PROJECT}", "-c", f"{PROJECT}/pytest.ini", "-p", "no:cacheprovider", "-m", "latency", f"{PROJECT}/tests/latency"),
        *(f"--latency-plan={plan}", f"--latency-reports={reports}", "--latency-target", "emulated", "--latency-no-floor"),
        timeout=400,
    )
    ended.assert_outcomes(passed=5)
    ended.stdout.fnmatch_lines(["load came from: emulated ec2 m5.2xlarge apne1-az*"])
    runs: list[dict[str, Any]] = [json.loads(path.read_text()) for path in reports.glob("runs/*/*.json")]
    vantages = {run["provenance"]["vantage"] for run in runs if "verdict" in run}
    assert len(vantages) == 1
    assert vantages.pop().startswith("emulated ec2 m5.2xlarge apne1-az")
    asked = {(run["case"]["instance_type"], run["case"]["network_path"]) for run in runs if "verdict" in run}
    assert asked == {
        ("ml.m5.large", "public"),
        ("ml.t2.xlarge", "public"),
        ("ml.t2.xlarge", "privatelink"),
        ("ml.t2.medium", "privatelink"),
        ("ml.m5.24xlarge", "privatelink"),
    }
