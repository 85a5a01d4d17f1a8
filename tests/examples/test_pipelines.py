"""The workflows and the buildspec: a linter reads their shape, bash their scripts, and each command's own parser its words."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.pipelines import (
    BUILDSPEC,
    GATE,
    IN_THE_VPC,
    PROJECT_VARIABLES,
    SWEEP,
    Script,
    buildspec,
    buildspec_scripts,
    job,
    workflow_environment,
    workflow_scripts,
)
from tests.examples.shell import Shell, check_syntax
from tests.examples.vouching import PROJECT, vouch

HERE = Path(__file__).parent
GITHUB = ("--builtin-schema", "vendor.github-workflows")
OURS = ("--schemafile", str(HERE / "buildspec.schema.json"))
STEPS = [
    (script, workflow_environment() | {"GITHUB_STEP_SUMMARY": "summary.md"}) for script in workflow_scripts() + workflow_scripts(SWEEP)
]
COMMANDS = [(script, PROJECT_VARIABLES | buildspec()["env"]["variables"]) for script in buildspec_scripts()]


MISSPELT = {
    GATE: {"runs-on:": "run-on:", "id-token: write": "id-token: please", "timeout-minutes: 50": "timeout: 50"},
    BUILDSPEC: {
        "pre_build:": "prebuild:",
        "finally:": "always:",
        "file-format: JUNITXML": "file-format: JUNIT",
        "version: 0.2": "version: 0.1",
    },
}
"""By pipeline, what stands there, and what does not mean the same."""


def errors_in(schema: tuple[str, str], *paths: Path) -> dict[str, str]:
    """What check-jsonschema has against each file, by its path, offline: GitHub's schema is in it."""
    command = [sys.executable, "-m", "check_jsonschema", "--output-format", "json", *schema, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    report = json.loads(done.stdout)
    assert not report.get("parse_errors")
    return {error["filename"]: error["message"] for error in report["errors"]}


def test_pipelines_have_the_documented_shape() -> None:
    """No key that is not known there, none missing, none of another type."""
    assert errors_in(GITHUB, GATE, SWEEP) == {}
    assert errors_in(OURS, BUILDSPEC, IN_THE_VPC) == {}


@pytest.mark.parametrize(("path", "schema"), [(GATE, GITHUB), (BUILDSPEC, OURS)], ids=lambda one: getattr(one, "name", ""))
def test_a_misspelt_pipeline_is_found(path: Path, schema: tuple[str, str], tmp_path: Path) -> None:
    """The linter reads what it is given: it takes none of these."""
    text, changed = path.read_text(encoding="utf-8"), []
    for number, (right, wrong) in enumerate(MISSPELT[path].items()):
        assert right in text
        changed.append(tmp_path / f"{number}.yml")
        changed[-1].write_text(text.replace(right, wrong), encoding="utf-8")
    assert set(errors_in(schema, *changed)) == set(map(str, changed))


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TAILGATE_TARGET", "PYTEST_ADDOPTS", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")


@pytest.mark.parametrize(("script", "environment"), STEPS + COMMANDS, ids=[script.name for script, _ in STEPS + COMMANDS])
def test_each_script_is_one_that_runs(script: Script, environment: dict[str, str], tmp_path: Path, pytester: pytest.Pytester) -> None:
    """bash reads it, every program in it is known, and takes its words; a renamed option breaks this."""
    check_syntax(script.text)
    assert not re.search(r"\$\{\{", script.text), "an expression in a script is run as a part of it"
    calls = Shell(tmp_path).calls(script.text, environment)
    for call in calls:
        vouch(call, pytester)


def test_a_workflow_gates_with_and_without_a_baseline(tmp_path: Path) -> None:
    """An input that was left out adds no words."""
    gate = next(script for script in workflow_scripts() if script.name == "Gate")
    shell, environment = Shell(tmp_path), workflow_environment()
    (bare,) = shell.calls(gate.text, environment)
    (held,) = shell.calls(gate.text, environment | {"BASELINE": "main"})
    assert "--latency-baseline" not in bare
    assert held[held.index("--latency-baseline") + 1] == "main"
    assert "" not in bare


@pytest.mark.parametrize("workflow", [GATE, SWEEP], ids=lambda path: path.name)
def test_a_workflow_may_do_no_more_than_it_needs(workflow: Path) -> None:
    """Nothing by default; in the job, reading the repository and asking for the token of the role."""
    assert re.search(r"^permissions: \{\}", workflow.read_text(encoding="utf-8"), re.MULTILINE)
    assert job(workflow)["permissions"] == {"contents": "read", "id-token": "write"}


@pytest.mark.parametrize(("workflow", "count"), [(GATE, 3), (SWEEP, 2)], ids=lambda one: getattr(one, "name", ""))
def test_actions_are_pinned_to_commits_and_say_their_version(workflow: Path, count: int) -> None:
    """A tag can be moved; a comment tells people and bots which release the commit is."""
    uses = re.findall(r"uses: (?!\./)(.*)", workflow.read_text(encoding="utf-8"))
    assert len(uses) == count
    for one in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one), one


def test_one_run_per_endpoint_and_none_longer_than_its_credentials() -> None:
    """The group is the endpoint's, nobody is cancelled amid a load, and the job ends before the role's session does."""
    assert job()["concurrency"] == {"group": "tailgate-${{ inputs.endpoint }}", "cancel-in-progress": False}
    role = next(step["with"] for step in job()["steps"] if "role-to-assume" in step.get("with", {}))
    assert job()["timeout-minutes"] * 60 < role["role-duration-seconds"]


def test_pipelines_name_files_that_there_are() -> None:
    """Policies, pages and tests that comments point to."""
    paths = (GATE, SWEEP, BUILDSPEC, IN_THE_VPC)
    named = {path.name: re.findall(r"\b(?:examples|docs)/[\w./-]+\w", path.read_text(encoding="utf-8")) for path in paths}
    assert {(path, name) for path, names in named.items() for name in names if not (PROJECT / name).exists()} == set()
    assert all(named.values())
