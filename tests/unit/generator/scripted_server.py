"""A server with known service times and known faults, which keeps its own truth: `python scripted_server.py HOST[,HOST] [PEM]`.

A HOST is an address, or `ADDRESS@NAMESPACE`. It prints its port. What it does stands in each request's query: `ms` of service
time, `status`, `body` (padded to `size` bytes), and `act`, one of ACTS, for the requests whose number (from 1) is a multiple of
`every`. A `tour` such as `act:reset,status:429` names what befalls one request after another. `GET /truth` gives arrivals and
departures on the monotonic clock, how often each short body came, and the signed headers of the latest request.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import ssl
import struct
import sys
import time
from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qs, urlsplit

LONGEST_COUNTED = 100
REASONABLE = {"ms": "0", "status": "200", "body": "fine", "act": "answer", "every": "1", "size": "0"}


class Truth:
    """What the server itself saw: per request, when it was read and when its answer was written."""

    def __init__(self) -> None:
        self.arrived: list[float] = []
        self.departed: list[float] = []
        self.connections = 0
        self.requests: list[str] = []
        self.bodies: dict[str, int] = {}


class Server(asyncio.Protocol):
    """One connection."""

    def __init__(self, truth: Truth) -> None:
        self.truth, self.read = truth, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: a client connected."""
        self.truth.connections += 1
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """asyncio: collect until a request is whole."""
        self.read += data
        while (end := self.read.find(b"\r\n\r\n")) >= 0:
            head = self.read[:end].decode("latin-1")
            lengths = [line.partition(":")[2] for line in head.split("\r\n") if line.lower().startswith("content-length:")]
            length = int(lengths[0]) if lengths else 0
            if len(self.read) < end + 4 + length:
                return
            body, self.read = self.read[end + 4 : end + 4 + length], self.read[end + 4 + length :]
            self.serve(head, body)

    def serve(self, head: str, body: bytes) -> None:
        """Note the request, and act as it asks after its service time."""
        url = urlsplit(head.split(" ")[1])
        if url.path == "/truth":
            self.reply(200, json.dumps(vars(self.truth)).encode())
            return
        self.truth.arrived.append(time.monotonic())
        if len(body) < LONGEST_COUNTED:
            self.truth.bodies[body.decode("latin-1")] = self.truth.bodies.get(body.decode("latin-1"), 0) + 1
        self.truth.requests = [*self.truth.requests[-19:], f"{head}\r\n\r\n{body.decode('latin-1')}"]
        asked = {**REASONABLE, **{key: values[0] for key, values in parse_qs(url.query).items()}}
        if "tour" in asked:
            stations = asked["tour"].split(",")
            asked |= dict([stations[len(self.truth.arrived) % len(stations)].split(":")])
        elif len(self.truth.arrived) % int(asked["every"]):
            asked |= {"act": "answer", "status": "200"}
        asked["body"] = asked["body"].ljust(int(asked["size"]), "x")
        act = ACTS[asked["act"]]
        asyncio.get_running_loop().call_later(float(asked["ms"]) / 1e3, lambda: act(self, asked))

    def reply(self, status: int, body: bytes, headers: str = "", version: str = "1.1") -> None:
        """One ordinary response."""
        head = f"HTTP/{version} {status} Said\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + body)

    def answer(self, asked: dict[str, str]) -> None:
        """An ordinary answer, and its departure."""
        self.reply(int(asked["status"]), asked["body"].encode(), headers=asked.get("header", "") and f"{asked['header']}\r\n")
        self.truth.departed.append(time.monotonic())

    def chunked(self, asked: dict[str, str]) -> None:
        """The body in two chunks."""
        half = len(asked["body"]) // 2
        chunks = "".join(f"{len(piece):x}\r\n{piece}\r\n" for piece in (asked["body"][:half], asked["body"][half:]) if piece)
        self.transport.write(f"HTTP/1.1 {asked['status']} Said\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n".encode())

    def until_close(self, asked: dict[str, str]) -> None:
        """No length: the body ends with the connection."""
        self.transport.write(f"HTTP/1.1 {asked['status']} Said\r\n\r\n{asked['body']}".encode())
        self.transport.close()

    def then_close(self, asked: dict[str, str]) -> None:
        """Announce the end of the connection, and close it."""
        self.reply(int(asked["status"]), asked["body"].encode(), headers="Connection: close\r\n")
        self.transport.close()

    def interim(self, asked: dict[str, str]) -> None:
        """100 Continue first."""
        self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.answer(asked)

    def twice(self, asked: dict[str, str]) -> None:
        """Two answers to one request."""
        self.answer(asked)
        self.answer(asked)

    def slow(self, asked: dict[str, str]) -> None:
        """The head now, the body 50 ms later."""
        body = asked["body"].encode()
        self.transport.write(f"HTTP/1.1 200 Said\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        asyncio.get_running_loop().call_later(0.05, lambda: self.transport.write(body))

    def half(self, asked: dict[str, str]) -> None:
        """Less than was announced, then close."""
        self.transport.write(f"HTTP/1.1 200 Said\r\nContent-Length: 100\r\n\r\n{asked['body']}".encode())
        self.transport.close()

    def crlf(self, *lines: str) -> None:
        """Lines of a head, and what follows, as they stand."""
        self.transport.write("\r\n".join(lines).encode("latin-1"))

    def abort(self) -> None:
        """Reset the connection once what was written is on its way."""
        asyncio.get_running_loop().call_later(0.005, lambda: self.reset({}))

    def half_close(self) -> None:
        """Send no more, but go on listening."""
        self.transport.get_extra_info("socket").shutdown(socket.SHUT_WR)

    def old(self, asked: dict[str, str]) -> None:
        """HTTP/1.0, which closes after each answer unless both sides say otherwise."""
        self.reply(int(asked["status"]), asked["body"].encode(), version="1.0")
        self.transport.close()

    def old_endless(self, asked: dict[str, str]) -> None:
        """HTTP/1.0 without a length."""
        self.crlf(f"HTTP/1.0 {asked['status']} Said", "", asked["body"])
        self.transport.close()

    def trailer(self, asked: dict[str, str]) -> None:
        """A chunked body with an extension and a trailer."""
        body = asked["body"]
        self.crlf(
            f"HTTP/1.1 {asked['status']} Said", "Transfer-Encoding: chunked", "", f"{len(body):x};note=1", body, "0", "Sum: 1", "", ""
        )

    def bad_chunk(self, _: dict[str, str]) -> None:
        """A chunk whose length is none."""
        self.crlf("HTTP/1.1 200 Said", "Transfer-Encoding: chunked", "", "zz", "what", "0", "", "")

    def hints(self, asked: dict[str, str]) -> None:
        """Interim responses, with headers of their own, before the answer."""
        self.crlf("HTTP/1.1 103 Early Hints", "Link: </x>", "", "HTTP/1.1 102 Processing", "", "")
        self.answer(asked)

    def switch(self, _: dict[str, str]) -> None:
        """Change to another protocol, though nobody asked for it."""
        self.crlf("HTTP/1.1 101 Switching", "Connection: Upgrade", "Upgrade: websocket", "", "")

    def long(self, asked: dict[str, str]) -> None:
        """More than was announced."""
        self.crlf("HTTP/1.1 200 Said", f"Content-Length: {len(asked['body'])}", "", asked["body"] + "and more")

    def endless_head(self, _: dict[str, str]) -> None:
        """Headers, and no end of them."""
        self.crlf("HTTP/1.1 200 Said", *(f"X-{number}: {'y' * 1000}" for number in range(400)))

    def endless_header(self, _: dict[str, str]) -> None:
        """One header, and no end of it."""
        self.crlf("HTTP/1.1 200 Said", "X-Long: " + "y" * 400_000)

    def endless_interim(self, _: dict[str, str]) -> None:
        """Nothing but promises."""
        self.crlf(*("HTTP/1.1 100 Continue\r\n\r\n",) * 20_000)

    def reset_in_head(self, _: dict[str, str]) -> None:
        """Reset after half a head."""
        self.crlf("HTTP/1.1 200 Said", "Content-Le")
        self.abort()

    def reset_in_body(self, asked: dict[str, str]) -> None:
        """Reset after half a body."""
        self.crlf("HTTP/1.1 200 Said", "Content-Length: 1000", "", asked["body"])
        self.abort()

    def reset_in_chunk(self, asked: dict[str, str]) -> None:
        """Reset within a chunk."""
        self.crlf("HTTP/1.1 200 Said", "Transfer-Encoding: chunked", "", "3e8", asked["body"])
        self.abort()

    def impatient(self, asked: dict[str, str]) -> None:
        """Answer, and close when nothing more is asked for a fifth of a second, as idle connections are dropped."""
        self.answer(asked)
        served = self.served = getattr(self, "served", 0) + 1
        asyncio.get_running_loop().call_later(0.2, lambda: self.served == served and self.transport.close())

    def half_closed(self, asked: dict[str, str]) -> None:
        """Answer, and then send no more on this connection, but keep it."""
        self.answer(asked)
        self.half_close()

    def half_closed_first(self, _: dict[str, str]) -> None:
        """Send no more instead of an answer, but keep the connection."""
        self.half_close()

    def garbage(self, _: dict[str, str]) -> None:
        """No HTTP at all."""
        self.transport.write(b"\x00\x01 this is no HTTP \xff\r\n\r\n")

    def close(self, _: dict[str, str]) -> None:
        """Close instead of an answer."""
        self.transport.close()

    def reset(self, _: dict[str, str]) -> None:
        """Reset the connection, as a crashing peer does."""
        tcp: socket.socket = self.transport.get_extra_info("socket")
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def silent(self, _: dict[str, str]) -> None:
        """Never answer."""

    def stall(self, asked: dict[str, str]) -> None:
        """Freeze the whole server for a second, as a garbage collection or a page-in does, then answer."""
        time.sleep(1.0)
        self.answer(asked)

    def die(self, _: dict[str, str]) -> None:
        """The whole server dies."""
        os.kill(os.getpid(), signal.SIGKILL)


ACTS: dict[str, Callable[[Server, dict[str, str]], None]] = {
    name.replace("_", "-"): getattr(Server, name)
    for name in (
        *("answer", "chunked", "until_close", "then_close", "interim", "twice", "slow", "half", "garbage", "close", "reset", "silent"),
        *("stall", "die", "old", "old_endless", "trailer", "bad_chunk", "hints", "switch", "long", "endless_head", "endless_header"),
        *("endless_interim", "reset_in_head", "reset_in_body", "reset_in_chunk", "half_closed", "impatient", "half_closed_first"),
    )
}


def elsewhere(host: str, port: int, namespace: str) -> socket.socket:
    """A socket in a network namespace."""
    from tailgate.targets.emulated.elsewhere import made_in  # most tests need none

    return made_in(namespace, partial(socket.create_server, (host, port)))


async def main() -> None:
    truth, context = Truth(), None
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2])
    loop = asyncio.get_running_loop()
    port = 0
    for host, _, namespace in (at.partition("@") for at in sys.argv[1].split(",")):
        where = {"sock": elsewhere(host, port, namespace)} if namespace else {"host": host, "port": port}
        server = await loop.create_server(lambda: Server(truth), **where, ssl=context, backlog=4096)
        port = server.sockets[0].getsockname()[1]
    print(port, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
