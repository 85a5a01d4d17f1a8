"""An instance metadata service of EC2's form, version 2, on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAC = "0a:1b:2c:3d:4e:5f"
INTERFACE = f"network/interfaces/macs/{MAC}"
FACTS = {
    "placement/availability-zone": "eu-west-1a",
    "placement/availability-zone-id": "euw1-az3",
    "mac": MAC,
    f"{INTERFACE}/vpc-id": "vpc-1",
    f"{INTERFACE}/subnet-id": "subnet-1",
    f"{INTERFACE}/subnet-ipv4-cidr-block": "10.0.0.0/24",
    f"{INTERFACE}/vpc-ipv4-cidr-blocks": "10.0.0.0/16\n100.64.0.0/16",
}


class Metadata(ThreadingHTTPServer):
    """A metadata service. It asks for the token that it gave, as IMDSv2 does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.facts = dict(FACTS)
        self.token_status = 200

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def metadata_service() -> Iterator[Metadata]:
    """One that serves for as long as the block lasts."""
    server = Metadata()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Metadata
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:  # the base class' names
        lasts = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
        asked = self.path == "/latest/api/token" and lasts is not None
        self._answer(self.server.token_status if asked else 400, "a-token")

    def do_GET(self) -> None:  # the same
        if self.headers.get("X-aws-ec2-metadata-token") != "a-token":
            self._answer(401, "")
            return
        fact = self.server.facts.get(self.path.removeprefix("/latest/meta-data/"))
        self._answer(404 if fact is None else 200, fact or "")

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:  # the same
        pass
