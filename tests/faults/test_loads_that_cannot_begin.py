"""A load that cannot begin, or cannot go on for want of something of the host: said in a sentence, and nothing is left."""

from __future__ import annotations

import dataclasses
import socket
import socketserver
import threading

import pytest

from tailgate.errors import GeneratorError
from tailgate.generator.drive import drive
from tailgate.plan.load import ConstantRate
from tests.faults.altered import driver, told_by_altered
from tests.unit.generator.serving import NO_KEYS, Served, generators, serving

LONG = ConstantRate(per_s=100, for_s=60, warmup_s=0)


@pytest.fixture
def server(tmp_path):
    """A server over TLS."""
    with serving(tmp_path) as served:
        yield served


def test_a_host_whose_first_addresses_refuse_is_reached_at_the_next(server: Served):
    """An address of a family that leads nowhere must not fail half of the connections, nor the start."""
    script = f"""
import socket
from tailgate.generator.route import Route
nowhere = [(socket.AF_INET6, ("::1", 1, 0, 0)), (socket.AF_INET6, ("100::1", 1, 0, 0))]
Route.resolve = lambda self: [*nowhere, (socket.AF_INET, ("127.0.0.1", {server.port}))]
"""
    told = told_by_altered(script, server.order(connections=4))
    assert [event["event"] for event in told] == ["ready", "done"]
    assert (told[-1]["rows"], told[-1]["failed"]) == (50, 0)


def test_a_host_without_file_descriptors_left_is_a_fault(server: Served):
    """The pool could not grow: the offered load was not what was asked, and the run says why."""
    prologue = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48))\n"
    with driver(server, server.order(ConstantRate(100, 1.2, 0), act="silent", timeout_s=1), prologue) as parent:
        said, _ = parent.communicate(timeout=60)
    assert "Too many open files" in said
    assert "ulimit -n" in said


def test_a_full_disk_is_a_fault(server: Served):
    """Rows are missing then: the samples say so, instead of looking complete."""
    prologue = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
    with driver(server, server.order(ConstantRate(100, 1.5, 0)), prologue) as parent:
        said, _ = parent.communicate(timeout=60)
    assert "samples cannot be written" in said
    assert "File too large" in said


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dial": None}, "cannot be resolved"),
        ({"dial": "127.0.0.1:{closed}"}, "nothing listens there"),
        ({"ca_pem": None}, "is not trusted"),
        ({"url": "https://another.test:{port}/"}, "is not trusted"),
        ({"url": "https://another.test/", "dial": "127.0.0.1:{mute}"}, "did not answer"),
        ({"url": "https://another.test/", "dial": "127.0.0.1:{plain}"}, "TLS with another.test"),
        ({"sign": "sagemaker"}, "no AWS credentials were found"),
        ({"ca_pem": "nonsense"}, "ca_pem"),
        ({"headers": {"Host": "x"}}, "header 'Host'"),
    ],
)
def test_a_load_that_cannot_begin_says_why(server: Served, changes, words):
    """Host, port, certificate, credentials: one sentence each, no samples, nobody left."""
    with socket.create_server(("127.0.0.1", 0)) as mute, socketserver.TCPServer(("127.0.0.1", 0), Plain) as plain:
        threading.Thread(target=plain.handle_request).start()
        with socket.create_server(("127.0.0.1", 0)) as closing:
            closed = closing.getsockname()[1]
        ports = {"closed": closed, "mute": mute.getsockname()[1], "plain": plain.server_address[1], "port": server.port}
        filled = {key: value.format(**ports) if isinstance(value, str) else value for key, value in changes.items()}
        address = dataclasses.replace(server.address(), connect_timeout_s=1.0, **filled)
        with pytest.raises(GeneratorError, match=words):
            drive(server.order(address=address), environment=NO_KEYS)
        socket.create_connection(plain.server_address).close()  # so that its thread ends in any case
    assert generators() == []


def test_a_samples_path_that_cannot_be_written_is_told_before_the_load(server: Served):
    """The folder is not there: no request is sent for nothing."""
    order = dataclasses.replace(server.order(), samples=server.folder / "absent" / "run.samples")
    with pytest.raises(GeneratorError, match="samples cannot be written"):
        drive(order)
    assert server.truth()["arrived"] == []


def test_a_generator_that_dies_at_its_start_is_quoted(server: Served):
    """Its last words stand in the error: a broken installation is found in one look."""
    (server.folder / "sitecustomize.py").write_text("import os, sys; os.write(2, b'the cat ate my modules'); os._exit(3)")
    with pytest.raises(GeneratorError, match=r"(?s)ended with exit code 3.*the cat ate my modules"):
        drive(server.order(), environment={"PYTHONPATH": str(server.folder)})


class Plain(socketserver.BaseRequestHandler):
    """Speaks HTTP to whoever connects, also to those who want TLS."""

    def handle(self) -> None:
        """Answer at once."""
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
