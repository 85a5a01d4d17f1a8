"""The pipelines under examples/ as data: their scripts in order, and what their variables may stand for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.examples.vouching import PROJECT

EXAMPLES = PROJECT / "examples"
GATE, SWEEP, BUILDSPEC = EXAMPLES / "github-actions.yml", EXAMPLES / "github-sweep.yml", EXAMPLES / "buildspec.yml"
IN_THE_VPC = EXAMPLES / "buildspec-vpc.yml"

EXPRESSIONS = {
    "inputs.endpoint": "ranker-v8",
    "inputs.max-rate": "100",
    "inputs.baseline": "",
    "vars.AWS_ACCOUNT": "123456789012",
    "vars.TAILGATE_BUCKET": "tailgate-history",
    "github.repository": "owner/ranker",
}
"""What GitHub puts in the place of expressions in `env`."""

PROJECT_VARIABLES = {
    "HISTORY": "s3://tailgate-history/history/ranker",
    "ACCOUNT": "123456789012",
    "MODEL_ROLE": "arn:aws:iam::123456789012:role/model",
    "MODEL_IMAGE": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/ranker:7",
    "MODEL_DATA": "s3://models/ranker-7.tar.gz",
    "DEAD_MAN_ROLE": "arn:aws:iam::123456789012:role/tailgate-dead-man",
    "CODEBUILD_WEBHOOK_HEAD_REF": "refs/heads/main",
}
"""What a CodeBuild project says, and CodeBuild itself."""


@dataclass(frozen=True, slots=True)
class Script:
    """One script of a pipeline. always: it is run whatever became of those before."""

    name: str
    text: str
    always: bool


def job(workflow: Path = GATE) -> Mapping[str, Any]:
    """The workflow's one job."""
    return next(iter(yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values()))  # type: ignore[no-any-return]  # YAML


def workflow_scripts(workflow: Path = GATE) -> list[Script]:
    """The job's `run` steps."""
    return [Script(step["name"], step["run"], "always()" in str(step.get("if"))) for step in job(workflow)["steps"] if "run" in step]


def workflow_environment(expressions: Mapping[str, str] = EXPRESSIONS) -> dict[str, str]:
    """The `env` of the gate's job, with its expressions' values."""

    def valued(found: re.Match[str]) -> str:
        return expressions[found[1]]

    return {name: re.sub(r"\$\{\{ (.*?) \}\}", valued, text) for name, text in job()["env"].items()}


def buildspec(path: Path = BUILDSPEC) -> Mapping[str, Any]:
    """A buildspec."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]  # YAML


def buildspec_scripts(path: Path = BUILDSPEC) -> list[Script]:
    """The commands of all phases, in CodeBuild's order."""
    return list(_phases(buildspec(path)["phases"]))


def _phases(phases: Mapping[str, Any]) -> Iterator[Script]:
    for name in ("install", "pre_build", "build", "post_build"):
        phase = phases.get(name, {})
        yield from (Script(name, text, always=False) for text in phase.get("commands", ()))
        yield from (Script(f"{name}, finally", text, always=True) for text in phase.get("finally", ()))
