"""The null responder: answers every request at once, whatever it says. `python -m tailgate.targets.null_server`

It reads one line of JSON from stdin, `{"tls": true, "names": ["…"]}`, answers `{"ready": true, "port": …, "ca_pem": …}`
on stdout, and lives until stdin ends or SIGTERM comes. It knows nothing of endpoints and checks no signature: what a
client measures against it is the client, the kernel's loopback, and TLS.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys

import httptools

from tailgate.targets.emulated.certificates import Authority
from tailgate.targets.serving import be_prompt, end_of_life, leave, listen

IP = "127.0.0.1"
BODY = b'{"prediction": 1}'
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


class Responder(asyncio.Protocol):
    """One client's connection: each request is answered within the call that brought its last byte."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The client has connected (over TLS: shaken hands)."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # streams are what a server accepts
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Bytes have come in; what is no HTTP costs the connection."""
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._close()

    def on_message_complete(self) -> None:
        """httptools: the last byte of a request."""
        if self._transport is not None:
            self._transport.write(_ANSWER)
        if not self._parser.should_keep_alive():
            self._close()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def run(tls: bool, names: list[str]) -> None:
    """Serve until told to end. names: DNS names and addresses that the certificate is for."""
    ended = end_of_life()
    authority = Authority() if tls else None
    port = await listen(Responder, IP, authority.server_context([*names, IP]) if authority else None)
    be_prompt()
    print(json.dumps({"ready": True, "port": port, "ca_pem": authority.ca_pem if authority else None}), flush=True)
    await ended


def main() -> None:
    """Read the settings, serve, and end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line, code = sys.stdin.readline(), 0
    try:
        settings = json.loads(line)
        asyncio.run(run(settings["tls"], settings["names"]))
    except (OSError, ValueError, KeyError) as error:
        print(f"the null responder cannot serve: {error!r}", file=sys.stderr)
        code = 1
    leave(code)


if __name__ == "__main__":
    main()
