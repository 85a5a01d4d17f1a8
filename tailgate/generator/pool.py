"""Pool: the connections of a run. It is warmed before the load, grows when requests wait, and reuses the warmest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tailgate.generator.connection import Connection, Owner
from tailgate.generator.route import SocketAddress
from tailgate.generator.wiring import EXHAUSTED

MOST_OPENING = 64
"""Handshakes under way at once: enough to grow by thousands of connections a second, too few to occupy the hub."""

MOST_CONNECTIONS = 4096
"""With as many requests in flight the server is saturated, whatever more connections would show. It bounds handshakes too
where the load asks for new connections: its callers do not queue for them."""

Connect = Callable[[int, SocketAddress, Owner], Connection]


class Pool:
    """Connections, idle and busy. Last in, first out: idle ones at the bottom would restart their congestion window.

    What is measured: kept-alive connections are opened ahead of the load. Nothing else is: a connection that ends,
    because the server closed it or because it carried as many requests as the load's profile allows, is not replaced
    until a request finds none free. That request waits while one opens, and the wait is part of its response time, as
    it is for callers.

    size: how many are opened ahead. requests_each: after how many answers a connection is closed, None for never; where
    there is such a bound nothing is opened ahead. addresses: to connect to, in turn; `dns_s` is what asking for them took
    and is charged to the first connection that uses them. faults: why it could not grow. refusal: the latest reason why
    a connection did not open.
    """

    def __init__(self, size: int, connect: Connect, addresses: list[SocketAddress], requests_each: int | None = None) -> None:
        self.size, self.addresses, self.requests_each = size, addresses, requests_each
        self.dns_s = 0.0
        self.connections: set[Connection] = set()
        self.idle: list[Connection] = []
        self.opening = 0
        self.faults: list[str] = []
        self.refusal: OSError | None = None
        self._connect = connect
        self._number = 0

    def warm(self, owner: Owner) -> None:
        """Open what the order asks for, or close what was opened to see whether the host answers."""
        if self.requests_each is not None:
            self.close()
            return
        while len(self.connections) < self.size and self._open(owner):
            pass

    def grow(self, owner: Owner, waiting: int) -> None:
        """Open connections for requests that wait, as far as none is on its way for them yet."""
        most = MOST_OPENING if self.requests_each is None else MOST_CONNECTIONS
        wanted = min(waiting, most) - self.opening
        for _ in range(min(wanted, MOST_CONNECTIONS - len(self.connections))):
            if not self._open(owner):
                return

    def opened(self, connection: Connection) -> None:
        """One that was opening is ready."""
        self.opening -= 1
        self.idle.append(connection)

    def refused(self, connection: Connection, error: OSError) -> None:
        """One that was opening failed."""
        self.opening -= 1
        self.refusal = error
        self.connections.discard(connection)

    def release(self, connection: Connection) -> None:
        """One has brought its answer: back to the idle ones, or closed if it carries no further request."""
        if connection.reusable and (self.requests_each is None or connection.requests < self.requests_each):
            self.idle.append(connection)
        else:
            connection.close()
            self.connections.discard(connection)

    def forget(self, connection: Connection) -> None:
        """One was closed."""
        self.connections.discard(connection)
        if connection in self.idle:
            self.idle.remove(connection)

    def late_openings(self, begun_before_s: float) -> Iterable[Connection]:
        """Those that have been opening since before a monotonic time."""
        return [one for one in self.connections if not one.open and one.began_s < begun_before_s]

    def busy(self) -> Iterable[Connection]:
        """Those with a request in flight."""
        return [one for one in self.connections if one.request >= 0]

    def close(self) -> None:
        """Close all."""
        for connection in self.connections:
            connection.close()
        self.connections.clear()
        self.idle.clear()

    def _open(self, owner: Owner) -> bool:
        try:
            connection = self._connect(self._number, self.addresses[self._number % len(self.addresses)], owner)
        except OSError as error:
            self.refusal = error
            self._note(error)
            return False
        connection.opening.dns_s, self.dns_s = self.dns_s, 0.0
        self._number += 1
        self.connections.add(connection)
        self.opening += 1
        return True

    def _note(self, error: OSError) -> None:
        if error.errno in EXHAUSTED and not self.faults:
            self.faults.append(
                f"the generator could open no more than {len(self.connections)} connections ({error.strerror}); "
                "raise `ulimit -n` or ask for a lower rate"
            )
