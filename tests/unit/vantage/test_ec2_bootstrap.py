"""The script that makes a host ready, run by the shell that is here; and what is said where it fails."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.vantage.ec2.bootstrap import Errand, failure_in, script_of
from tailgate.vantage.starting import AT_WORK

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A folder whose `bin` stands before PATH, with an `aws` that copies `bundle.tar.gz`, and no `dnf`; its Python runs a made-up agent."""
    commands = tmp_path / "bin"
    commands.mkdir()
    made = {"aws": f'cp "{tmp_path}/bundle.tar.gz" "$4"', f"python{PYTHON}": f'exec {sys.executable} "$@"', "dnf": "echo no mirror; exit 1"}
    for name, does in made.items():
        (commands / name).write_text(f"#!/bin/sh\n{does}\n")
        (commands / name).chmod(0o755)
    agent = tmp_path / "tailgate" / "vantage" / "agent"
    agent.mkdir(parents=True)
    works = f"print(sys.argv[1:], {AT_WORK!r}, flush=True); time.sleep(3)"
    (agent / "__main__.py").write_text(f"import sys, time\nif '--help' not in sys.argv: {works}\n")
    for folder in (agent, agent.parent, agent.parent.parent):
        (folder / "__init__.py").write_text("")
    with tarfile.open(tmp_path / "bundle.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "tailgate", "tailgate")
    return tmp_path


def run(host: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """As Systems Manager's agent does."""
    sha256 = hashlib.sha256((host / "bundle.tar.gz").read_bytes()).hexdigest()
    fields = {"bundle": "s3://b/k", "sha256": sha256, "python": PYTHON, "mailbox": "s3://b/tailgate/hosts/s/i/", "region": "eu-west-1"}
    environment = {"PATH": f"{host / 'bin'}:{os.defpath}", "TMPDIR": str(host / "tmp")}
    script = "\n".join(script_of(Errand(**fields | changes)))
    return subprocess.run(["/bin/sh", "-c", script], env=environment, capture_output=True, text=True, check=False)


def test_a_host_is_made_ready_and_its_agent_goes_on_alone(host: Path) -> None:
    """Steps are told as they begin; the agent's output goes to a file, so that nobody waits for it."""
    ended = run(host)
    assert ended.returncode == 0, ended.stdout
    assert [line.partition(": ")[2] for line in ended.stdout.splitlines()][-1] == "start the agent"
    said = (host / "tmp" / "tailgate" / "agent.log").read_text()
    assert "'--mailbox', 's3://b/tailgate/hosts/s/i/', '--region', 'eu-west-1', '--shut-down'" in said


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sha256": "0" * 64}, "step 'check the bundle' failed with code 1: "),
        ({"python": "9.9"}, "step 'install python9.9' failed with code 1: "),
    ],
)
def test_a_step_that_fails_is_named_with_the_end_of_the_log(host: Path, changes: dict[str, str], told: str) -> None:
    """And nothing after it is begun."""
    ended = run(host, **changes)
    assert ended.returncode == 1
    said = failure_in(ended.stdout, ended.stderr)
    assert said.startswith(told)
    assert ("no mirror" if "python" in changes else "FAILED") in said
    assert "start the agent" not in ended.stdout


def test_an_agent_that_dies_before_it_is_at_work_is_told_with_its_last_words(host: Path) -> None:
    """Nobody would miss it: it has given no sign of life yet."""
    with tarfile.open(host / "bundle.tar.gz", "w:gz") as archive:
        main = host / "tailgate" / "vantage" / "agent" / "__main__.py"
        main.write_text("import os, sys\nif '--help' not in sys.argv: print('no bucket', flush=True); os.kill(os.getpid(), 9)\n")
        archive.add(host / "tailgate", "tailgate")
    ended = run(host)
    assert ended.returncode == 1
    assert failure_in(ended.stdout, ended.stderr).startswith("step 'start the agent' failed with code 1: no bucket")


def test_a_bundle_that_does_not_run_is_told_by_its_own_words(host: Path) -> None:
    """What it could not import."""
    (host / "tailgate" / "vantage" / "agent" / "__main__.py").write_text("import nothing_of_that_name")
    with tarfile.open(host / "bundle.tar.gz", "w:gz") as archive:
        archive.add(host / "tailgate", "tailgate")
    said = failure_in(run(host).stdout)
    assert said.startswith("step 'try the code' failed with code 1")
    assert "No module named 'nothing_of_that_name'" in said


@given(st.text(max_size=200), st.text(max_size=200))
def test_whatever_a_host_writes_makes_a_sentence(output: str, errors: str) -> None:
    """Output that Systems Manager cut off, or none."""
    assert " failed" in failure_in(output, errors)
    assert "\n" not in failure_in(output, errors).replace("\r", "\n").strip() or "\r" in output + errors
