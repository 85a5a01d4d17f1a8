"""A server by SageMaker's container contract: `GET /ping` says whether it is well, `POST /invocations` asks the model.

Source: "Use Your Own Inference Code with Hosting Services", SageMaker's Developer Guide.
"""

from __future__ import annotations

import signal
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import CONTENT_TYPE, answer


class ModelServer(ThreadingHTTPServer):
    """A thread per connection. The port is `server_port`; 0 as `port` takes a free one."""

    daemon_threads = True  # a client that keeps its connection open does not keep the server alive
    request_queue_size = 1024

    def __init__(self, host: str, port: int) -> None:
        super().__init__((host, port), _Exchange)

    def serve_until_terminated(self) -> None:
        """Answer until SIGTERM, SageMaker's way to end a container, or Ctrl-C; then close. For the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._end())
        try:
            self.serve_forever()
        finally:
            self.server_close()

    def _end(self) -> None:
        """`shutdown` waits for the serving loop, which is the thread that the signal interrupted: so from another."""
        threading.Thread(target=self.shutdown).start()


class _Exchange(BaseHTTPRequestHandler):
    """The requests of one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one segment

    def do_GET(self) -> None:
        """Health: 200 and an empty body."""
        self._reply(HTTPStatus.OK if self.path == "/ping" else HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """One question to the model."""
        body = self._body()
        if body is None:
            self.close_connection = True  # where the next request would start is unknown
            self._reply(HTTPStatus.BAD_REQUEST)
        elif self.path != "/invocations":
            self._reply(HTTPStatus.NOT_FOUND)
        else:
            self._reply(HTTPStatus.OK, answer(body))

    def _body(self) -> bytes | None:
        """The request's body; None where its length is not stated, or it ended early."""
        stated = self.headers.get("Content-Length", "")
        if not (stated.isascii() and stated.isdigit()):
            return None
        body = self.rfile.read(int(stated))
        return body if len(body) == int(stated) else None

    def _reply(self, status: HTTPStatus, body: bytes = b"") -> None:
        self.send_response(status)
        if body:
            self.send_header("Content-Type", CONTENT_TYPE)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a line for each request would cost more than the request."""
