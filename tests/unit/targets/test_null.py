"""The null responder: what it answers, to whom, and that it cannot outlive anybody."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator

import psutil
import pytest

from tailgate.plan.case import NETWORK_PATHS, EndpointSpec
from tailgate.targets import Endpoint
from tailgate.targets.null import HOST, NullTarget
from tailgate.targets.null_server import BODY

SPEC = EndpointSpec("ranker")


@pytest.fixture(scope="module", params=[True, False], ids=["tls", "plain"])
def endpoint(request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    """A null endpoint, over TLS and without."""
    with NullTarget(tls=request.param).open(SPEC) as opened:
        yield opened


def connected(endpoint: Endpoint) -> socket.socket:
    """A connection as the generator makes one: dialled by address, verified by name."""
    address = endpoint.addresses["public"]
    assert address.dial is not None
    ip, _, port = address.dial.partition(":")
    plain = socket.create_connection((ip, int(port)), timeout=10)
    if address.ca_pem is None:
        return plain
    return ssl.create_default_context(cadata=address.ca_pem).wrap_socket(plain, server_hostname=HOST)


def answers(connection: socket.socket, count: int) -> list[tuple[int, bytes]]:
    """The next responses on a connection."""
    found = []
    for _ in range(count):
        response = http.client.HTTPResponse(connection)
        response.begin()
        found.append((response.status, response.read()))
    return found


REQUEST = b"POST /endpoints/ranker/invocations HTTP/1.1\r\nHost: null\r\nContent-Length: 3\r\n\r\n[1]"


def test_every_request_is_answered_on_a_kept_connection(endpoint: Endpoint) -> None:
    """The same body for whatever is asked, ten times over one connection."""
    with connected(endpoint) as connection:
        for _ in range(10):
            connection.sendall(REQUEST)
            assert answers(connection, 1) == [(200, BODY)]


def test_a_request_that_comes_in_pieces_is_answered_at_its_last_byte(endpoint: Endpoint) -> None:
    """No answer to half a request, however it is cut."""
    with connected(endpoint) as connection:
        for cut in range(1, len(REQUEST)):
            connection.sendall(REQUEST[:cut])
            connection.sendall(REQUEST[cut:])
            assert answers(connection, 1) == [(200, BODY)]


def test_a_large_body_is_taken_in_whole(endpoint: Endpoint) -> None:
    """Six megabytes, the most that SageMaker takes."""
    with connected(endpoint) as connection:
        body = bytes(6_291_456)
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        assert answers(connection, 1) == [(200, BODY)]


def test_what_is_no_http_costs_its_connection_only(endpoint: Endpoint) -> None:
    """The next client is served."""
    with connected(endpoint) as connection:
        connection.sendall(b"\x00garbage\r\n\r\n")
        assert connection.recv(100) == b""
    with connected(endpoint) as connection:
        connection.sendall(REQUEST)
        assert answers(connection, 1) == [(200, BODY)]


def test_a_client_that_asks_for_the_end_gets_it(endpoint: Endpoint) -> None:
    """`Connection: close` is kept to."""
    with connected(endpoint) as connection:
        connection.sendall(REQUEST.replace(b"Host: null", b"Connection: close"))
        assert answers(connection, 1) == [(200, BODY)]
        assert connection.recv(100) == b""


def test_it_is_asked_as_sagemaker_would_be_and_says_what_it_is() -> None:
    """Signed with keys that are made up, over every network path; the process is named, and gone on leaving."""
    with NullTarget(region="ap-northeast-1").open(SPEC) as endpoint:
        assert set(endpoint.addresses) == set(NETWORK_PATHS)
        address = endpoint.addresses["privatelink"]
        assert (address.sign, address.region, address.network_path) == ("sagemaker", "ap-northeast-1", "privatelink")
        assert address.url.startswith(f"https://{HOST}:")
        assert "AWS_SECRET_ACCESS_KEY" in endpoint.environment
        assert "the harness was measured" in endpoint.provenance["note"]
        (pid,) = endpoint.processes.values()
        assert psutil.pid_exists(pid)
    assert not psutil.pid_exists(pid)
