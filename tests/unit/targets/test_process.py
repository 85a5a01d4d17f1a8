"""Model servers of all manners, good and bad: real processes, started, waited for, and gone as a whole."""

from __future__ import annotations

import time
from threading import Thread
from urllib.parse import urlsplit

import psutil
import pytest

from tailgate.errors import PlanError, TargetError
from tailgate.plan.case import EndpointSpec
from tailgate.targets.commands import words_of
from tailgate.targets.process import ProcessTarget
from tests.unit.targets.model_servers import NEVER_S, SPEC, ask, gone


def test_a_server_is_started_asked_unsigned_and_ended(server) -> None:
    """It takes its port from the environment; its pid is named, so that its death is noticed; on leaving it is gone."""
    with ProcessTarget(command=server()).open(SPEC) as endpoint:
        said = ask(endpoint)
        assert said["path"] == "/invocations"
        assert endpoint.processes == {"model server": said["pid"]}
        assert endpoint.addresses["public"].sign is None
        assert endpoint.deployed_by_us
        assert list(endpoint.addresses) == ["public"], "a process has no PrivateLink"
        assert float(endpoint.provenance["well_after_s"]) >= 0
        assert "serve.py" in endpoint.provenance["command"]
    assert gone(said["pid"])


def test_the_shipped_model_needs_no_command() -> None:
    """`constant` by the container's contract: nothing has to be written to try the way."""
    with ProcessTarget().open(SPEC) as endpoint:
        assert ask(endpoint) == {"prediction": 1}
        (pid,) = endpoint.processes.values()
    assert gone(pid)


def test_port_and_model_stand_in_the_command_where_it_asks_for_them(server) -> None:
    """{port} and {model} are words' parts, braces of other kinds are left alone."""
    target = ProcessTarget(command=server() + " --port={port} --model {model} '{\"a\": 1}'")
    with target.open(EndpointSpec("ranker", model="models/ranker-7")) as endpoint:
        port = urlsplit(endpoint.addresses["public"].url).port
        assert ask(endpoint)["argv"] == [f"--port={port}", "--model", "models/ranker-7", '{"a": 1}']


def test_a_model_may_be_its_own_command(server) -> None:
    """model="process:…" wins over the session's command: two endpoints of one suite can be two servers."""
    target = ProcessTarget(command="false")
    with target.open(EndpointSpec("ranker", model=f"process:{server()} mine")) as endpoint:
        assert ask(endpoint)["argv"] == ["mine"]


def test_specs_that_come_to_the_same_command_share_one_server(server) -> None:
    """Instance types do not exist here, and a model in memory eleven times is ten too many; the last to leave ends it."""
    target = ProcessTarget(command=server())
    first, second = target.open(SPEC), target.open(EndpointSpec("ranker", instance_type="ml.m5.xlarge"))
    pid = ask(first.__enter__())["pid"]
    assert ask(second.__enter__())["pid"] == pid
    first.__exit__(None, None, None)
    assert psutil.pid_exists(pid)
    second.__exit__(None, None, None)
    assert gone(pid)


def test_a_server_that_dies_is_quoted(server) -> None:
    """Its exit code and the end of its traceback are the error; the wait ends at once, not with the patience."""
    began_s = time.monotonic()
    with pytest.raises(TargetError) as raised, ProcessTarget(command=server("import nonexistent_model_library")).open(SPEC):
        pass
    assert "exited with code 1 before GET /ping on port" in str(raised.value)
    assert "ModuleNotFoundError: No module named 'nonexistent_model_library'" in str(raised.value)
    assert time.monotonic() - began_s < NEVER_S


def test_a_server_that_kills_itself_is_said_to_have_been_killed(server) -> None:
    """Out of memory looks like this: the signal is told, though a warden stands between."""
    with (
        pytest.raises(TargetError, match="was killed by SIGKILL before"),
        ProcessTarget(command=server("os.kill(os.getpid(), 9)")).open(SPEC),
    ):
        pass


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("PING = 500", "it answers 500"),
        ("print('loading', flush=True); time.sleep(60)", "nothing listens on it"),
        ("os.environ['PORT'] = '0'", "does it take its port from PORT, SAGEMAKER_BIND_TO_PORT or {port}"),
    ],
)
def test_a_server_that_is_not_well_in_time_is_ended_and_quoted(server, before: str, said: str) -> None:
    """What /ping did last, what to check, and the last words; nothing of it is left."""
    target = ProcessTarget(command=server(before), patience_s=1.5)
    with pytest.raises(TargetError) as raised, target.open(SPEC):
        pass
    assert "was not well within 1.5 s" in str(raised.value)
    assert said in str(raised.value)
    assert "its last words:" in str(raised.value)
    assert gone(int(str(raised.value).partition("(pid ")[2].partition(")")[0]))


def test_a_ping_that_is_never_answered_is_not_waited_for_beyond_patience(server) -> None:
    """A server that accepts and says nothing costs two seconds a time, as it would at SageMaker's."""
    silent = "import socket; s = socket.create_server(('127.0.0.1', int(os.environ['PORT']))); time.sleep(60)"
    with pytest.raises(TargetError, match=r"no answer \(TimeoutError\)"), ProcessTarget(command=server(silent), patience_s=1).open(SPEC):
        pass


def test_a_server_that_loads_for_a_while_is_waited_for_and_progress_is_told(server) -> None:
    """The one that waits is told what is the matter."""
    told: list[tuple[str, str]] = []
    target = ProcessTarget(command=server("time.sleep(0.7)"))
    target.watch(lambda spec, status, _: told.append((spec.name, status)))
    with target.open(SPEC) as endpoint:
        assert ask(endpoint)["path"] == "/invocations"
    assert ("ranker", "GET /ping: nothing listens on it") in told


@pytest.mark.parametrize(
    ("command", "said"), [("/nonexistent/serve", "/nonexistent/serve: No such file or directory"), ("/", "/: Permission denied")]
)
def test_a_command_that_cannot_be_started_is_said_so(command: str, said: str) -> None:
    """The system's own reason, not a traceback."""
    with pytest.raises(TargetError, match="cannot be started") as raised, ProcessTarget(command=command).open(SPEC):
        pass
    assert said in str(raised.value)


def test_a_model_without_a_command_is_refused() -> None:
    """The two ways to name one are in the error."""
    with (
        pytest.raises(TargetError, match="--latency-process CMD, or as the model itself"),
        ProcessTarget().open(EndpointSpec("r", model="r-7")),
    ):
        pass


@pytest.mark.parametrize(("command", "said"), [("python 'serve.py", "No closing quotation"), ("  ", "is empty")])
def test_a_command_that_cannot_be_read_is_refused(command: str, said: str) -> None:
    """Split as a shell would, run without one."""
    with pytest.raises(PlanError, match=f"--latency-process: .*{said}"):
        words_of(command, "--latency-process")


def test_servers_of_different_commands_are_started_from_several_threads_at_once(server) -> None:
    """As a session's background deployment does it."""
    target, pids = ProcessTarget(command=server() + " {model}"), []

    def open_one(model: str) -> None:
        with target.open(EndpointSpec("ranker", model=model)) as endpoint:
            pids.append((model, ask(endpoint)["argv"], ask(endpoint)["pid"]))

    threads = [Thread(target=open_one, args=(model,)) for model in ("a", "b", "a")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((model, argv) for model, argv, _ in pids) == [("a", ["a"]), ("a", ["a"]), ("b", ["b"])]
    assert all(gone(pid) for _, _, pid in pids)
