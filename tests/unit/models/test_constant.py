"""The constant model and its server, which is run as the real process it will be in a container."""

from __future__ import annotations

import ast
import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import tailgate.models.constant as constant


@pytest.fixture(scope="module")
def serving() -> Iterator[tuple[str, int]]:
    """The address of a server process, ended after the module's tests."""
    with subprocess.Popen([sys.executable, "-m", "tailgate.models.constant", "--port", "0"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = urlsplit(server.stdout.readline().strip())
        assert address.hostname is not None
        assert address.port is not None
        yield address.hostname, address.port
        server.terminate()


@pytest.fixture
def connection(serving: tuple[str, int]) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(*serving, timeout=5)
    yield connection
    connection.close()


def test_the_answer_is_json_and_does_not_depend_on_the_question() -> None:
    """Any body, of any length, gets the same bytes, which are valid JSON."""
    assert constant.answer(b"") == constant.answer(b'{"instances": [1]}') == constant.answer(bytes(10_000))
    assert json.loads(constant.answer(b"")) == {"prediction": 1}
    assert constant.CONTENT_TYPE == "application/json"


def test_a_ping_is_answered_with_200_and_an_empty_body(connection: http.client.HTTPConnection) -> None:
    """SageMaker's health check wants a 200 within two seconds and reads no body."""
    connection.request("GET", "/ping")
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b"")


def test_invocations_are_answered_over_one_kept_alive_connection(connection: http.client.HTTPConnection) -> None:
    """The connection of the first request carries the next ones, whatever their bodies."""
    sockets = set()
    for body in (b"{}", b"", bytes(100_000)):
        connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
        sockets.add(connection.sock)
        response = connection.getresponse()
        assert (response.status, response.headers["Content-Type"], response.read()) == (200, constant.CONTENT_TYPE, constant.answer(body))
    assert len(sockets) == 1


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/invocations"), ("POST", "/ping"), ("POST", "/other")])
def test_other_paths_are_not_found(connection: http.client.HTTPConnection, method: str, path: str) -> None:
    """The contract knows two requests; anything else is a 404, and the connection lives on."""
    connection.request(method, path, b"" if method == "POST" else None)
    response = connection.getresponse()
    assert (response.status, response.read()) == (404, b"")


@pytest.mark.parametrize("length", ["", "Content-Length: -1\r\n", "Content-Length: many\r\n", "Content-Length: ²\r\n"])
def test_a_body_of_unknown_length_is_refused_and_the_connection_closed(serving: tuple[str, int], length: str) -> None:
    """Where the body ends cannot be known, so a 400 and the end of the connection is all that can be said."""
    with socket.create_connection(serving, timeout=5) as client:
        client.sendall(f"POST /invocations HTTP/1.1\r\nHost: model\r\n{length}\r\n".encode())
        answered = b"".join(iter(lambda: client.recv(65536), b""))
    assert answered.startswith(b"HTTP/1.1 400 ")


def test_many_clients_are_answered_at_once(serving: tuple[str, int]) -> None:
    """Sixty-four open connections, each of which asks before any of them reads, are all answered."""
    clients = [http.client.HTTPConnection(*serving, timeout=5) for _ in range(64)]
    for client in clients:
        client.request("POST", "/invocations", b"{}")
    assert [client.getresponse().status for client in clients] == [200] * 64
    for client in clients:
        client.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_cleanly_when_told_to_although_a_client_is_connected(number: signal.Signals) -> None:
    """SageMaker ends containers with SIGTERM: exit code 0 and no traceback, even with a connection kept open."""
    command = [sys.executable, "-m", "tailgate.models.constant", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = urlsplit(server.stdout.readline().strip())
        client = http.client.HTTPConnection(str(address.hostname), address.port, timeout=5)
        client.request("GET", "/ping")
        client.getresponse().read()
        server.send_signal(number)
        _, errors = server.communicate(timeout=10)
        client.close()
    assert (server.returncode, errors) == (0, "")


def test_the_folder_stands_alone() -> None:
    """It is packed into a container by itself: relative imports and the standard library only."""
    for path in Path(constant.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imported = [str(node.module)]
            else:
                continue
            assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names, path
