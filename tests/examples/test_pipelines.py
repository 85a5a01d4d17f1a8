"""The workflow and the buildspec: a linter reads their shape, bash their scripts, and each command's own parser its words."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.pipelines import (
    BUILDSPEC,
    PROJECT_VARIABLES,
    WORKFLOW,
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
SCHEMAS = {WORKFLOW: ("--builtin-schema", "vendor.github-workflows"), BUILDSPEC: ("--schemafile", str(HERE / "buildspec.schema.json"))}
STEPS = [(script, workflow_environment() | {"GITHUB_STEP_SUMMARY": "summary.md"}) for script in workflow_scripts()]
COMMANDS = [(script, PROJECT_VARIABLES | buildspec()["env"]["variables"]) for script in buildspec_scripts()]


def lint(path: Path, schema: tuple[str, str]) -> subprocess.CompletedProcess[str]:
    """check-jsonschema, offline: GitHub's schema is in it."""
    command = [sys.executable, "-m", "check_jsonschema", *schema, str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_a_pipeline_has_the_documented_shape(path: Path) -> None:
    """No key that is not known there, none missing, none of another type."""
    done = lint(path, SCHEMAS[path])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("path", "right", "wrong"),
    [
        (WORKFLOW, "runs-on:", "run-on:"),
        (WORKFLOW, "id-token: write", "id-token: please"),
        (WORKFLOW, "timeout-minutes: 50", "timeout: 50"),
        (BUILDSPEC, "pre_build:", "prebuild:"),
        (BUILDSPEC, "finally:", "always:"),
        (BUILDSPEC, "file-format: JUNITXML", "file-format: JUNIT"),
        (BUILDSPEC, "version: 0.2", "version: 0.1"),
    ],
)
def test_a_misspelt_pipeline_is_found(path: Path, right: str, wrong: str, tmp_path: Path) -> None:
    """The linter reads what it is given: each of these it does not take."""
    text = path.read_text(encoding="utf-8")
    assert right in text
    changed = tmp_path / path.name
    changed.write_text(text.replace(right, wrong), encoding="utf-8")
    assert lint(changed, SCHEMAS[path]).returncode == 1


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


def test_the_workflow_may_do_no_more_than_it_needs() -> None:
    """Nothing by default; in the job, reading the repository and asking for the token of the role."""
    text = WORKFLOW.read_text(encoding="utf-8")
    assert re.search(r"^permissions: \{\}", text, re.MULTILINE)
    assert job()["permissions"] == {"contents": "read", "id-token": "write"}


def test_actions_are_pinned_to_commits_and_say_their_version() -> None:
    """A tag can be moved; a comment tells people and bots which release the commit is."""
    uses = re.findall(r"uses: (?!\./)(.*)", WORKFLOW.read_text(encoding="utf-8"))
    assert len(uses) == 3
    for one in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one), one


def test_one_run_per_endpoint_and_none_longer_than_its_credentials() -> None:
    """The group is the endpoint's, nobody is cancelled amid a load, and the job ends before the role's session does."""
    assert job()["concurrency"] == {"group": "tailgate-${{ inputs.endpoint }}", "cancel-in-progress": False}
    role = next(step["with"] for step in job()["steps"] if "role-to-assume" in step.get("with", {}))
    assert job()["timeout-minutes"] * 60 < role["role-duration-seconds"]


def test_both_pipelines_name_files_that_there_are() -> None:
    """Policies, pages and tests that comments point to."""
    for path in SCHEMAS:
        for name in re.findall(r"\b(?:examples|docs)/[\w./-]+\w", path.read_text(encoding="utf-8")):
            assert (PROJECT / name).exists(), f"{path.name}: {name}"
