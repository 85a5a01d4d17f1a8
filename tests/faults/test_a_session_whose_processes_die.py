"""Kill -9 of what a measurement depends on: an undecided run or an error that names what died, soon, and nothing left."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

SUITE = """
import pytest
from tailgate import Budget, Case, EndpointSpec, Poisson

CASE = Case(
    EndpointSpec("ranker", instance_type="ml.m5.large"),
    payload=b"[]",
    load=Poisson(per_s=50, for_s=60, warmup_s=0.5),
    budget=Budget.of("p90 <= 500ms"),
)

@pytest.mark.latency
def test_ranker(measure):
    run = measure(CASE)
    assert run.verdict, run.verdict.explain()
"""
LATEST_S, USUALLY_DRIVES_AFTER_S = 10.0, 10.0
"""When a session whose process died has ended; longer where it took longer than usual to come to its load: the host is busy then."""

MODULES = {
    "generator": "tailgate.generator",
    "data plane": "tailgate.targets.emulated.data_plane",
    "control plane": "tailgate.targets.emulated.control_plane",
}


def children_of(session: subprocess.Popen[str]) -> list[psutil.Process]:
    """All processes below the session's."""
    return psutil.Process(session.pid).children(recursive=True)


def child_running(session: subprocess.Popen[str], module: str) -> psutil.Process | None:
    """The session's process that runs a module, if there is one."""
    return next((child for child in children_of(session) if module in child.cmdline()), None)


@pytest.mark.parametrize("victim", MODULES)
def test_a_killed_process_is_named_and_the_gate_does_not_open(
    pytester: pytest.Pytester, victim: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten seconds after the kill at the latest the session has ended, not with a PASS, and said what died; on a slow host a while later."""
    monkeypatch.delenv("CI", raising=False)
    pytester.makepyfile(test_ranker=SUITE)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    session = subprocess.Popen(command, cwd=pytester.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    others: list[psutil.Process] = []
    began_s = time.monotonic()
    try:
        _until(lambda: any(path.stat().st_size > 5_000 for path in pytester.path.glob("reports/runs/*/*.samples")), 240)
        slowness = max(1.0, (time.monotonic() - began_s) / USUALLY_DRIVES_AFTER_S)
        others = children_of(session)
        found = child_running(session, MODULES[victim])
        assert found is not None
        found.send_signal(signal.SIGKILL)
        killed_s = time.monotonic()
        said, _ = session.communicate(timeout=240)
        took_s = time.monotonic() - killed_s
    finally:
        session.kill()
        session.wait()
    assert session.returncode == 1
    assert took_s <= LATEST_S * slowness
    assert victim in said
    assert "PASS" not in said
    assert str(found.pid) in said or "signal 9" in said or "SIGKILL" in said
    _until(lambda: not any(_alive(process) for process in others), 5)
    for path in pytester.path.glob("reports/runs/*/*.json"):
        assert json.loads(path.read_text())["verdict"]["outcome"] == "INCONCLUSIVE"


def test_no_secret_is_in_any_file_and_nothing_listens_beyond_loopback(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a session runs its sockets are on loopback; afterwards no file holds what its generator signed with."""
    monkeypatch.delenv("CI", raising=False)
    pytester.makepyfile(test_ranker=SUITE.replace("for_s=60", "for_s=4"))
    session = subprocess.Popen([sys.executable, "-m", "pytest"], cwd=pytester.path, stdout=subprocess.DEVNULL)
    secrets: set[str] = set()
    listening: set[str] = set()
    try:
        while session.poll() is None:
            for child in children_of(session):
                try:
                    environment = child.environ() if "tailgate.generator" in child.cmdline() else {}
                    listening |= {c.laddr.ip for c in child.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
                except psutil.Error:
                    continue
                secrets |= {value for name, value in environment.items() if name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
            time.sleep(0.05)
    finally:
        session.kill()
        session.wait()
    assert session.returncode == 0
    assert listening
    assert all(address.startswith("127.") for address in listening)
    assert len(secrets) >= 2, "the generator was seen with its key and secret"
    files = [path for path in Path(pytester.path).rglob("*") if path.is_file()]
    assert len(files) > 4
    for path in files:
        content = path.read_bytes()
        assert not any(secret.encode() in content for secret in secrets), path
        assert b"Signature=" not in content, path


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _until(holds, within_s: float) -> None:
    end_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end_s, "waited in vain"
        time.sleep(0.1)
