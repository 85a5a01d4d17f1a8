"""Sessions that die while they have something at AWS: real processes, an unmodified boto3, moto behind the proxy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Timer
from typing import Any
from uuid import uuid4

import boto3
import psutil
import pytest

from tailgate.aws.custody.ledger import is_held, ledgers_in, read_ledger
from tailgate.child import Child
from tailgate.cli import main
from tests.faults import custody_session
from tests.faults.aws_calls import Named, Request
from tests.faults.aws_proxy import ALL, AwsProxy, Forward, after, before, refused, unreachable

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "a-secret-that-nobody-may-see"}
LONG_ENOUGH_S = 60.0


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    child = Child("control plane", "tailgate.targets.emulated.control_plane")
    child.tell({"simulation": {"deploy_s": 0.4, "delete_s": 0.2}})
    yield child.ready(60.0)["url"]
    child.end(5.0)


@pytest.fixture
def proxy(moto_url: str) -> Iterator[AwsProxy]:
    with AwsProxy(moto_url) as proxy:
        yield proxy


@dataclass
class Suite:
    """A session under test, and what it has at moto."""

    process: subprocess.Popen[str]
    ledgers: Path
    name: str
    books: Any

    def says(self) -> str:
        """Its next line."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def reaper(self) -> psutil.Process:
        """Its reaper, once there is one."""
        return until(lambda: [each for each in psutil.Process(self.process.pid).children() if "reaper" in " ".join(each.cmdline())])[0]

    def left(self) -> list[str]:
        """What moto still has of it."""
        listed = (
            *((each["EndpointName"], "endpoint") for each in self.books.list_endpoints(MaxResults=100)["Endpoints"]),
            *(
                (each["EndpointConfigName"], "endpoint_config")
                for each in self.books.list_endpoint_configs(MaxResults=100)["EndpointConfigs"]
            ),
            *((each["ModelName"], "model") for each in self.books.list_models()["Models"]),
        )
        return [kind for name, kind in listed if name == self.name]


@pytest.fixture
def start(proxy: AwsProxy, moto_url: str, tmp_path: Path) -> Iterator[Callable[..., Suite]]:
    """Starts a session; whatever of it lives at the end is killed."""
    suites: list[Suite] = []
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    environment |= KEYS | {"AWS_ENDPOINT_URL": proxy.url, "NO_PROXY": "*", "AWS_MAX_ATTEMPTS": "1"}
    books = boto3.Session("AKIAEXAMPLE", "any", region_name=custody_session.REGION).client("sagemaker", endpoint_url=moto_url)

    def started(*more: str) -> Suite:
        session = f"20261126T150000Z-{uuid4().hex[:6]}"
        command = [sys.executable, custody_session.__file__, str(tmp_path / "ledger"), session, *more]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        name = custody_session.resource_name(custody_session.SPEC, session)
        suites.append(Suite(process, tmp_path / "ledger", name, books))
        return suites[-1]

    yield started
    for suite in suites:
        suite.process.kill()
        suite.process.communicate()
    books.close()


def until(seen: Callable[[], Any]) -> Any:
    """Wait for it to be true."""
    until_s = time.monotonic() + LONG_ENOUGH_S
    while not (found := seen()):
        assert time.monotonic() < until_s
        time.sleep(0.05)
    return found


def is_over(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_an_orderly_end_leaves_nothing_no_process_and_no_file(start: Callable[[], Suite]) -> None:
    """What was created is gone, so are the reaper and the ledger; no secret was in the ledger or in a command line meanwhile."""
    suite = start()
    assert suite.says() == "in service"
    reaper, (ledger,) = suite.reaper(), ledgers_in(suite.ledgers)
    assert [(entry.kind, entry.name) for entry in read_ledger(ledger).left] == [
        (kind, suite.name) for kind in ("model", "endpoint_config", "endpoint")
    ]
    assert is_held(ledger)
    seen = ledger.read_text() + " ".join(reaper.cmdline())
    assert not [secret for secret in KEYS.values() if secret in seen]
    assert suite.process.communicate("go on\n", timeout=LONG_ENOUGH_S) == ("", "")
    assert suite.process.returncode == 0
    assert is_over(reaper)
    assert ledgers_in(suite.ledgers) == []
    assert suite.left() == []


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("sagemaker.CreateModel", marks=pytest.mark.thorough),
        "sagemaker.CreateEndpoint",
        pytest.param("sagemaker.DeleteEndpoint", marks=pytest.mark.thorough),
    ],
)
def test_the_reaper_deletes_what_a_killed_session_left(start: Callable[[], Suite], proxy: AwsProxy, moment: str) -> None:
    """Killed after the call was carried out and before its answer came. The reaper ends when all is gone, and the ledger goes."""
    suite = start()
    fault = proxy.harm(moment, after(suite.process.kill))
    if moment == "sagemaker.DeleteEndpoint":
        assert suite.says() == "in service"
        assert suite.process.stdin is not None
        suite.process.stdin.write("go on\n")
        suite.process.stdin.flush()
    assert suite.process.wait(LONG_ENOUGH_S) == -signal.SIGKILL
    assert fault.fired
    until(lambda: ledgers_in(suite.ledgers) == [])
    assert suite.left() == []


def carried_out_later(request: Request, _call: Named, forward: Forward) -> None:
    """The connection is lost before the answer, and the work is done half a second after that."""
    Timer(0.5, forward, [request]).start()


@pytest.mark.thorough
@pytest.mark.parametrize("moment", ["sagemaker.CreateModel", "sagemaker.CreateEndpoint"])
def test_what_comes_about_after_its_answer_was_lost_is_deleted(start: Callable[[], Suite], proxy: AwsProxy, moment: str) -> None:
    """When the session looks, it is not there yet: so it does not look at once."""
    fault = proxy.harm(moment, carried_out_later)
    suite = start()
    said, _ = suite.process.communicate(timeout=LONG_ENOUGH_S)
    assert fault.fired
    assert (suite.process.returncode, "could not create the" in said) == (1, True)
    assert (suite.left(), ledgers_in(suite.ledgers)) == ([], [])


@pytest.mark.thorough
def test_the_reaper_is_not_meant_by_signals_to_the_session(start: Callable[[], Suite]) -> None:
    """It has a session and process group of its own, and what a shutdown sends it does not keep it from its work."""
    suite = start()
    assert suite.says() == "in service"
    reaper = suite.reaper()
    assert os.getsid(reaper.pid) == os.getpgid(reaper.pid) == reaper.pid
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        os.kill(reaper.pid, number)
    suite.process.kill()
    until(lambda: is_over(reaper))
    assert suite.left() == []


@pytest.mark.thorough
def test_the_network_may_be_gone_and_deletions_refused_for_a_while(start: Callable[[], Suite], proxy: AwsProxy) -> None:
    """Nothing can be reached, then each deletion is refused twice: the reaper goes on until it is done."""
    suite = start()
    assert suite.says() == "in service"
    faults = [
        proxy.harm("*", unreachable, range(1, 30)),
        proxy.harm("sagemaker.DeleteEndpoint", refused(403, "ExpiredTokenException"), (1, 2)),
    ]
    suite.process.kill()
    until(lambda: ledgers_in(suite.ledgers) == [])
    assert suite.left() == []
    assert all(fault.fired for fault in faults)


@pytest.mark.thorough
def test_a_power_cut_leaves_the_ledger_and_the_sweep_removes_it_all(
    start: Callable[[], Suite], proxy: AwsProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Session and reaper killed: the ledger is there, held by nobody, and names all that is left, which has not expired yet."""
    suite = start()
    assert suite.says() == "in service"
    suite.reaper().kill()
    suite.process.kill()
    (ledger,) = ledgers_in(suite.ledgers)
    until(lambda: not is_held(ledger))
    assert {entry.name for entry in read_ledger(ledger).left} == {suite.name}
    assert sorted(suite.left()) == ["endpoint", "endpoint_config", "model"]
    for name, value in (KEYS | {"AWS_ENDPOINT_URL": proxy.url, "NO_PROXY": "*"}).items():
        monkeypatch.setenv(name, value)
    command = ["sweep", "--region", custody_session.REGION, "--ledger", str(suite.ledgers)]
    assert main(command) == 1
    assert main([*command, "--delete"]) == 0
    assert suite.left() == []
    assert ledgers_in(suite.ledgers) == []


@pytest.mark.thorough
def test_a_reaper_that_was_killed_is_replaced_before_more_is_created(start: Callable[[], Suite], proxy: AwsProxy) -> None:
    """Killed before the endpoint's configuration is created; before the endpoint is, another stands by, and reaps."""

    def kill_reaper() -> None:
        reaper = suite.reaper()
        reaper.kill()
        until(lambda: is_over(reaper))

    suite = start()
    proxy.harm("sagemaker.CreateEndpointConfig", before(kill_reaper))
    proxy.harm("sagemaker.CreateEndpoint", after(suite.process.kill))
    suite.process.wait(LONG_ENOUGH_S)
    until(lambda: ledgers_in(suite.ledgers) == [])
    assert suite.left() == []


def test_a_suspended_session_keeps_nothing_beyond_its_expiry(start: Callable[..., Suite]) -> None:
    """Stopped by its terminal, its own watch on the time stands still too: its reaper deletes. Woken, it ends in order."""
    suite = start("6")
    assert suite.says() == "in service"
    suite.process.send_signal(signal.SIGSTOP)
    until(lambda: ledgers_in(suite.ledgers) == [])
    assert suite.left() == []
    suite.process.send_signal(signal.SIGCONT)
    assert suite.process.communicate("go on\n", timeout=LONG_ENOUGH_S) == ("", "")
    assert suite.process.returncode == 0


def test_what_is_created_while_a_reaper_deletes_what_has_expired_is_deleted_as_well(start: Callable[..., Suite], proxy: AwsProxy) -> None:
    """The session is slow, and stopped only once its endpoint is asked for: the reaper that is at work sees to it too."""
    go_on = Event()
    proxy.harm("sagemaker.CreateEndpointConfig", before(go_on.wait))
    suite = start("0")
    until(lambda: any("gone" in path.read_text() for path in ledgers_in(suite.ledgers)))  # it is past its expiry, and being deleted
    proxy.harm("sagemaker.CreateEndpoint", after(lambda: suite.process.send_signal(signal.SIGSTOP)))
    go_on.set()
    until(lambda: ledgers_in(suite.ledgers) == [])
    assert suite.left() == []


def test_what_cannot_be_deleted_is_named_with_the_command_that_does_it(start: Callable[[], Suite], proxy: AwsProxy) -> None:
    """The session fails and says what it left; the reaper goes on, and removes it once it may."""
    suite = start()
    assert suite.says() == "in service"
    reaper = suite.reaper()
    denied = proxy.harm("sagemaker.DeleteEndpoint", refused(400, "AccessDeniedException"), ALL)
    said, complaints = suite.process.communicate("go on\n", timeout=LONG_ENOUGH_S)
    assert (suite.process.returncode, complaints) == (1, "")
    assert f"left behind in eu-central-1: endpoint {suite.name}; it may cost money" in said
    assert f"tailgate sweep --region eu-central-1 --run {ledgers_in(suite.ledgers)[0].stem} --delete" in said
    denied.nth = ()
    until(lambda: is_over(reaper))
    assert suite.left() == []


def test_the_command_that_was_named_need_not_wait_for_the_reaper(
    start: Callable[[], Suite], proxy: AwsProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reaper tries in vain with the session's credentials: the session is dead all the same, and what it left is due."""
    suite = start()
    assert suite.says() == "in service"
    proxy.harm("sagemaker.DeleteEndpoint", refused(400, "AccessDeniedException"), ALL)
    assert suite.process.communicate("go on\n", timeout=LONG_ENOUGH_S)[1] == ""
    (ledger,) = ledgers_in(suite.ledgers)
    assert is_held(ledger)
    for name, value in (KEYS | {"AWS_ENDPOINT_URL": suite.books.meta.endpoint_url, "NO_PROXY": "*"}).items():
        monkeypatch.setenv(name, value)
    command = ["sweep", "--region", custody_session.REGION, "--ledger", str(suite.ledgers), "--run", ledger.stem]
    until(lambda: main(command) == 1)
    assert main([*command, "--delete"]) == 0
    assert suite.left() == []


@pytest.mark.thorough
def test_a_session_tries_once_more_before_it_leaves_anything(start: Callable[[], Suite], proxy: AwsProxy) -> None:
    """What was refused when it was to go may be permitted at the end: then nobody has to be told of it, and no process stays."""
    suite = start()
    assert suite.says() == "in service"
    reaper = suite.reaper()
    refusals = proxy.harm("sagemaker.DeleteEndpoint", refused(400, "AccessDeniedException"), (1, 2))
    said, _ = suite.process.communicate("go on\n", timeout=LONG_ENOUGH_S)
    assert refusals.fired == 2
    assert "left behind" not in said
    assert is_over(reaper)
    assert (suite.left(), ledgers_in(suite.ledgers)) == ([], [])
