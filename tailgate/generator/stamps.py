"""Receive stamps: when bytes reached this host, as the kernel saw it, told on the monotonic clock.

A busy process reads late; the kernel's stamp (`SO_TIMESTAMPNS`, Linux) does not wait for it. The kernel stamps by the
wall clock, schedules run by the monotonic one, so the offset between the two is measured again about each second.
"""

from __future__ import annotations

import _socket
import socket
import struct
import time
from collections.abc import Callable, Iterable

from tailgate import clock

SO_TIMESTAMPNS = 35
"""Linux's number of the socket option and of its control message (asm-generic/socket.h); Python does not name it."""

_TIMESPEC = struct.Struct("@ll")
_SOL_SOCKET = int(socket.SOL_SOCKET)
ANCILLARY_BYTES = socket.CMSG_SPACE(_TIMESPEC.size)

# Between two looks a second apart, time daemons slew by at most .5 ms (adjtimex); more is a step.
_STEP_NS = 1_500_000

Ancillary = Iterable[tuple[int, int, bytes]]


class ReceiveClock:
    """Tells when received bytes arrived, in seconds of `time.monotonic()`.

    kernel: whether sockets carry the kernel's stamps; else the time of reading is what there is. perturbation_s is
    added to each stamp, to test that a wrong clock is noticed. faults: steps of the wall clock, as sentences.
    """

    def __init__(
        self,
        kernel: bool,
        perturbation_s: float = 0.0,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.kernel = kernel
        self.perturbation_s = perturbation_s
        self.faults: list[str] = []
        self._monotonic_ns, self._wall_ns = monotonic_ns, wall_ns
        self._offset_ns = self._measure()

    def enable(self, connection: _socket.socket) -> None:
        """Ask the kernel to stamp what a socket receives."""
        if self.kernel:
            connection.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)

    def arrival(self, ancillary: Ancillary) -> float:
        """When the bytes that came with these control messages arrived; now, where the kernel did not say.

        Of bytes that came in several packets and are read together, the kernel tells the last packet's time.
        """
        now_ns = self._monotonic_ns()
        for level, kind, payload in ancillary:
            if kind == SO_TIMESTAMPNS and level == _SOL_SOCKET:
                seconds, nanoseconds = _TIMESPEC.unpack_from(payload)
                stamp_ns = seconds * 1_000_000_000 + nanoseconds - self._offset_ns
                if stamp_ns < now_ns:
                    now_ns = stamp_ns
                elif stamp_ns - now_ns > _STEP_NS:
                    self.resynchronise()
        return now_ns * 1e-9 + self.perturbation_s

    def resynchronise(self) -> None:
        """Measure the offset between the clocks again; a step of the wall clock becomes a fault.

        Stamps taken between the step and this call are wrong by its size, so the run cannot be trusted.
        """
        offset_ns = self._measure()
        step_ns = offset_ns - self._offset_ns
        self._offset_ns = offset_ns
        if self.kernel and abs(step_ns) > _STEP_NS:
            self.faults.append(
                f"the wall clock stepped by {step_ns / 1e6:+.1f} ms during the run, and receive stamps of up to a second with it; "
                "let the time daemon slew instead, and run again"
            )

    def _measure(self) -> int:
        """Wall minus monotonic clock, ns, from the least interrupted of a few bracketed looks."""
        looks = []
        for _ in range(5):
            before, wall, after = self._monotonic_ns(), self._wall_ns(), self._monotonic_ns()
            looks.append((after - before, wall - (before + after) // 2))
        return min(looks)[1]


def kernel_stamps() -> bool:
    """Whether this kernel really stamps what TCP sockets receive: tried out over loopback, not guessed."""
    if not clock.AVAILABLE:
        return False
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as sender:
        receiver, _ = server.accept()
        with receiver:
            receiver.settimeout(1.0)
            try:
                receiver.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
                return any(_stamped(sender, receiver) for _ in range(10))
            except OSError:
                return False


def _stamped(sender: socket.socket, receiver: socket.socket) -> bool:
    sender.sendall(b"?")
    _, ancillary, _, _ = receiver.recvmsg(1, ANCILLARY_BYTES)
    if any(kind == SO_TIMESTAMPNS for _, kind, _ in ancillary):
        return True
    time.sleep(0.005)  # stamping is switched on by a kernel worker, a moment after the first socket asked
    return False
