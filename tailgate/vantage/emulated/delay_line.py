"""Delay line: gives network paths a round-trip time. `python -m tailgate.vantage.emulated.delay_line`, by the keeper.

Two TUN devices, one in the namespace of the endpoints and one in the switch's; each packet that enters one leaves the other after the
one-way time of the address that it is to, or from, of all at the endpoints. So connecting, TLS and data all see the time, as on a
network; kernels without netem can. It reads one line of JSON from stdin: {"near": [PATH OF ITS NAMESPACE, DEVICE], "far": likewise,
"one_way_s": {IP: SECONDS}}, makes both devices, answers {"ready": true}, and lives until stdin ends: then, or however else it ends, the
devices are gone and packets for these addresses go nowhere, rather than there without delay. What it did is its last word.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import heapq
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from array import array
from collections.abc import Mapping
from threading import Thread

from tailgate.clock import Alarm, sharpen_timers
from tailgate.targets.emulated.elsewhere import made_in

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_PACKET_BYTES = 2048
_AWAKE_S = 0.0001  # awake this long before a packet is due: the timer's own lateness
_PRIORITY = 10
_KEPT = 1 << 17
_MEMORY = 64  # wake-ups that the mean of their lateness goes back
_FROM, _TO = slice(12, 16), slice(16, 20)  # of an IPv4 header


class DelayLine:
    """Carries packets between the two. one_way_s: by an address on the near side, packed."""

    def __init__(self, near: int, far: int, one_way_s: Mapping[bytes, float]) -> None:
        self._near, self._far, self._one_way_s = near, far, dict(one_way_s)
        self._alarm = Alarm()
        self._under_way: list[tuple[float, int, int, bytes]] = []  # due, number, to which device, packet
        self._number = 0
        self._waking_s = 0.0  # how long it takes to be awake, by which a packet is older than it seems: known from the timer
        self._late_s = array("d", bytes(8 * _KEPT))
        self._carried = 0
        self._began_cpu_s = 0.0
        self._poll = select.epoll()
        for descriptor in (near, far, self._alarm.fd):
            os.set_blocking(descriptor, False)
            self._poll.register(descriptor, select.EPOLLIN)

    def run(self) -> None:
        """Carry, for ever."""
        self._began_cpu_s = time.process_time()
        now, under_way, alarm = time.monotonic, self._under_way, self._alarm
        while True:
            left_s = under_way[0][0] - now() if under_way else 1.0
            if left_s <= 0:
                self._deliver()
                continue
            if left_s > _AWAKE_S and under_way:
                alarm.set(under_way[0][0] - _AWAKE_S)
            # Close to the time it looks again and again: who sleeps wakes too late by as much as the whole error that is allowed.
            asleep = left_s > _AWAKE_S
            events = self._poll.poll(None if asleep else 0)
            awake_s = now()
            for descriptor, _ in events:
                if descriptor == alarm.fd:
                    alarm.acknowledge()
                    if asleep:
                        self._waking_s += (awake_s - (under_way[0][0] - _AWAKE_S) - self._waking_s) / _MEMORY
                else:
                    self._collect(descriptor, self._waking_s if asleep else 0.0)

    def words(self) -> str:
        """What it did."""
        late_s = sorted(self._late_s[: min(self._carried, _KEPT)]) or [0.0]
        cpu_s = time.process_time() - self._began_cpu_s
        return json.dumps(
            {
                "packets": self._carried,
                "cpu_us_per_packet": round(cpu_s / max(1, self._carried) * 1e6, 1),
                "waking_us": round(self._waking_s * 1e6, 1),
                "late_us_p50": round(late_s[len(late_s) // 2] * 1e6, 1),
                "late_us_p99": round(late_s[len(late_s) * 99 // 100] * 1e6, 1),
            }
        )

    def _collect(self, descriptor: int, ago_s: float) -> None:
        """Take in all that has arrived at one end. ago_s: when that began to be, as far as it is known."""
        outward = descriptor == self._near
        to, where = (self._far, _FROM) if outward else (self._near, _TO)
        with contextlib.suppress(BlockingIOError):
            while True:
                packet = os.read(descriptor, _PACKET_BYTES)
                one_way_s = self._one_way_s.get(packet[where])
                if one_way_s is not None:  # others, such as IPv6's own, have nowhere to go
                    self._number += 1
                    heapq.heappush(self._under_way, (time.monotonic() - ago_s + one_way_s, self._number, to, packet))

    def _deliver(self) -> None:
        due_s, _, to, packet = heapq.heappop(self._under_way)
        self._late_s[self._carried % _KEPT] = time.monotonic() - due_s
        self._carried += 1
        with contextlib.suppress(OSError):  # a full queue drops a packet, as a router does
            os.write(to, packet)


def open_device(namespace: str, name: str) -> int:
    """A TUN device in a network namespace; it exists as long as the descriptor. Raises OSError."""

    def open_there() -> int:
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
        return descriptor

    return made_in(namespace, open_there)


def _be_prompt() -> None:
    """Before all others where that is allowed, and never held up by the collector."""
    sharpen_timers()
    gc.freeze()
    gc.disable()
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))


def main() -> None:
    """Make both devices and carry until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told = json.loads(sys.stdin.readline())
    try:
        near, far = open_device(*told["near"]), open_device(*told["far"])
    except OSError as error:
        print(f"no delay line: /dev/net/tun is refused ({error})", file=sys.stderr, flush=True)
        os._exit(1)
    line = DelayLine(near, far, {socket.inet_aton(ip): seconds for ip, seconds in told["one_way_s"].items()})

    def follow() -> None:
        sys.stdin.read()
        print(line.words(), flush=True)
        os._exit(0)

    Thread(target=follow, name="keeper", daemon=True).start()
    print(json.dumps({"ready": True}), flush=True)
    _be_prompt()
    line.run()


if __name__ == "__main__":
    main()
