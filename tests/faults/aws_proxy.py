"""A proxy between boto3 and moto that knows each call of AWS's API, records it, and harms the chosen ones.

`AWS_ENDPOINT_URL` leads all of boto3's clients to it. It gives each of its users an account of their own at moto, so that many
can share one moto process.

    with AwsProxy(moto_url, account="000000000001") as proxy:
        fault = proxy.harm("sagemaker.CreateModel", answer_lost, nth=(1,))
        ...                                         # boto3 clients with endpoint_url=proxy.url
    assert fault.fired
    proxy.names                                     # ["sagemaker.CreateModel", …], in the order in which they came
"""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.faults.aws_calls import Answer, Named, Request, named, refusal

Forward = Callable[[Request], Answer]
Harm = Callable[[Request, Named, Forward], Answer | None]
"""What is done to a call: forward it or not, and answer it; without an answer the connection is dropped."""

ALL = range(1, 1_000_000)
FIRST = (1,)
_LOOK_EVERY_S = 0.02
_PER_HOP = frozenset({"connection", "transfer-encoding", "content-length", "expect", "host"})


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it was answered; status is None where the connection was dropped. harmed: whether a fault was upon it."""

    service: str
    operation: str
    request: Request
    status: int | None
    harmed: bool

    @property
    def name(self) -> str:
        """`sagemaker.CreateModel`."""
        return f"{self.service}.{self.operation}"


@dataclass(slots=True)
class Fault:
    """A harm to the chosen occurrences, from 1, of an operation (`sagemaker.CreateModel`, or `*` for any). fired: how often it was done."""

    operation: str
    harm: Harm
    nth: Container[int]
    fired: int = 0
    _seen: int = 0

    def takes(self, name: str) -> bool:
        """Count the call if it is of ours; whether it is among the chosen."""
        if self.operation not in ("*", name):
            return False
        self._seen += 1
        if self._seen not in self.nth:
            return False
        self.fired += 1
        return True


def refused(status: int = 500, code: str = "InternalFailure", message: str = "injected") -> Harm:
    """Not carried out, and an error for an answer."""
    return lambda _request, call, _forward: refusal(call.protocol, status, code, message)


throttled = refused(400, "ThrottlingException", "Rate exceeded")
denied = refused(403, "AccessDeniedException", "User: arn:aws:iam::000000000000:user/u is not authorized to perform this")


def unreachable(_request: Request, _call: Named, _forward: Forward) -> None:
    """Not carried out, and no answer."""


def answer_lost(request: Request, _call: Named, forward: Forward) -> None:
    """Carried out, and no answer."""
    forward(request)


def delayed(by_s: float) -> Harm:
    """Carried out after a while."""

    def harm(request: Request, _call: Named, forward: Forward) -> Answer:
        time.sleep(by_s)
        return forward(request)

    return harm


def before(action: Callable[[], object]) -> Harm:
    """Something happens just before it is carried out; where that returns False, it is not carried out and not answered."""

    def harm(request: Request, _call: Named, forward: Forward) -> Answer | None:
        return None if action() is False else forward(request)

    return harm


def after(action: Callable[[], object]) -> Harm:
    """Something happens when it is carried out and not answered yet; where that returns False, it is not answered."""

    def harm(request: Request, _call: Named, forward: Forward) -> Answer | None:
        answer = forward(request)
        return None if action() is False else answer

    return harm


def rewritten(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Harm:
    """Carried out with other parameters (of a protocol whose bodies are JSON)."""

    def harm(request: Request, _call: Named, forward: Forward) -> Answer:
        body = json.dumps(change(json.loads(request.body))).encode()
        return forward(Request(request.method, request.target, request.headers, body))

    return harm


@dataclass
class AwsProxy:
    """Listens on 127.0.0.1 while it is entered. account: whose calls these are to moto. elsewhere: urls of services that moto has not."""

    upstream: str
    account: str | None = None
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._lock = Lock()
        self._connections: set[socket.socket] = set()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self._thread = Thread(target=self._server.serve_forever, args=(_LOOK_EVERY_S,), name="aws proxy", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        if not self._thread.is_alive():
            return
        self._server.shutdown()
        self._thread.join()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it listens: AWS_ENDPOINT_URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def names(self) -> list[str]:
        """The calls so far, `service.Operation`, in the order in which they were answered."""
        with self._lock:
            return [call.name for call in self.calls]

    def harm(self, operation: str, harm: Harm, nth: Container[int] = FIRST) -> Fault:
        """From now on do this to the chosen occurrences of an operation, counted from now on."""
        fault = Fault(operation, harm, nth)
        with self._lock:
            self.faults.append(fault)
        return fault

    def answer(self, request: Request) -> Answer | None:
        """Carry a call out, or what is to be done to it; None to drop the connection."""
        try:
            call = named(request)
        except LookupError as error:
            self.unknown.append(str(error))
            return refusal("json", 400, "UnknownOperationException", str(error))
        name = f"{call.service}.{call.operation}"
        with self._lock:
            fault = next((each for each in self.faults if each.takes(name)), None)
        upstream = self.elsewhere.get(call.service, self.upstream)
        answer = self._forward(request, upstream) if fault is None else fault.harm(request, call, lambda r: self._forward(r, upstream))
        with self._lock:
            self.calls.append(Call(call.service, call.operation, request, answer and answer.status, fault is not None))
        return answer

    def _forward(self, request: Request, upstream: str) -> Answer:
        where = urlsplit(upstream)
        headers = {name: value for name, value in request.headers.items() if name not in _PER_HOP}
        if self.account is not None:
            headers["x-moto-account-id"] = self.account
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
        try:
            connection.request(request.method, request.target, request.body, headers | {"Content-Length": str(len(request.body))})
            response = connection.getresponse()
            kept = {name: value for name, value in response.getheaders() if name.lower() not in _PER_HOP}
            length = response.getheader("Content-Length")
            body = response.read()
        finally:
            connection.close()
        return Answer(response.status, kept | ({"Content-Length": length} if request.method == "HEAD" and length else {}), body)

    def met(self, connection: socket.socket) -> None:
        """A client has connected."""
        with self._lock:
            self._connections.add(connection)

    def parted(self, connection: socket.socket) -> None:
        """A client has gone."""
        with self._lock:
            self._connections.discard(connection)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    proxy: AwsProxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that died amid its request is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.proxy.met(self.connection)

    def finish(self) -> None:
        self.server.proxy.parted(self.connection)
        super().finish()

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.proxy.answer(Request(self.command, self.path, headers, self._body()))
        if answer is None:
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in answer.headers:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _serve  # noqa: N815  # http.server's names

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            if len(body) < length:
                raise ConnectionError("the client died amid its request")
            return body
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
