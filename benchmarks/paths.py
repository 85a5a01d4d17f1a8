"""Paths: how exactly the delay line of emulated hosts keeps a round-trip time, and what that takes of a core."""

from __future__ import annotations

import json
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from benchmarks.figures import Settings, Table, main, median_of, quantile
from tailgate.targets.emulated.elsewhere import made_in
from tailgate.vantage.emulated.keeper import open_delay_line
from tailgate.vantage.emulated.network import NamespaceNetwork, namespaces_refused

ROUND_TRIPS_S = (0.001, 0.002, 0.01, 0.05)
RATES_PER_S = (100, 1000, 4000)
COLUMNS = {
    "asked_s": ("round trip asked ms", "ms"),
    "rate_per_s": ("datagrams /s over it", "count"),
    "near_p50_s": ("without it p50 ms", "ms"),
    "more_p50_s": ("more p50 ms", "ms"),
    "more_p99_s": ("more p99 ms", "ms"),
    "lost": ("lost", "count"),
    "late_p99_s": ("sent on late, p99 µs", "us"),
    "cpu_s": ("CPU µs/packet", "us"),
}
_CLIENT = Path(__file__).parent / "server" / "echo_paths.py"


def measure(settings: Settings) -> Table:
    """Half of the datagrams over the delay line, half beside it, in turn; from one namespace to another and back."""
    table = Table("paths", "The delay line of emulated hosts", COLUMNS)
    lacking = namespaces_refused()
    if lacking:
        table.notes.append(f"Not measured: {lacking}.")
        return table
    for asked_s in ROUND_TRIPS_S[:1] if settings.quick else ROUND_TRIPS_S:
        for rate_per_s in RATES_PER_S[:1] if settings.quick else RATES_PER_S:
            repeats = median_of(settings, lambda: _once(asked_s, rate_per_s, 1.0 if settings.quick else 4.0))  # noqa: B023 - called at once
            table.add({"asked_s": asked_s, "rate_per_s": rate_per_s}, repeats)
    table.notes.append("*More* is the difference of the two ways' percentiles in one run, which the time asked for would be without error.")
    return table


def _once(asked_s: float, rate_per_s: float, for_s: float) -> Mapping[str, float]:
    network = NamespaceNetwork(["near", "far"], ["far"])
    line = open_delay_line(network, {"far": asked_s})
    near, far = network.ips["near"], network.ips["far"]
    try:
        with ExitStack() as held:
            port = _echoing(held, network.namespace, near, far)
            command = [*network.berth(None).inside, sys.executable, str(_CLIENT), near, far, str(port), str(2 * rate_per_s), str(for_s)]
            said = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    finally:
        line.end(2.0)
        network.close()
    ways = [[took for took in way if took] for way in json.loads(said)]
    sent = sum(len(way) for way in json.loads(said))
    words = json.loads(line.last_words[-1])
    return {
        "near_p50_s": quantile(ways[0], 0.5),
        "more_p50_s": quantile(ways[1], 0.5) - quantile(ways[0], 0.5),
        "more_p99_s": quantile(ways[1], 0.99) - quantile(ways[0], 0.99),
        "lost": float(sent - len(ways[0]) - len(ways[1])),
        "late_p99_s": words["late_us_p99"] / 1e6,
        "cpu_s": words["cpu_us_per_packet"] / 1e6,
    }


def _echoing(held: ExitStack, namespace: str, near: str, far: str) -> int:
    """Send back, from both addresses, what comes to a port."""
    first, second = (held.enter_context(made_in(namespace, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))) for _ in range(2))
    first.bind((near, 0))
    port = int(first.getsockname()[1])
    second.bind((far, port))
    over, ended = socket.socketpair()
    held.callback(over.close)

    def echo() -> None:
        while ended not in (ready := select.select([first, second, ended], [], [])[0]):
            for each in ready:
                datagram, sender = each.recvfrom(64)
                each.sendto(datagram, sender)

    thread = threading.Thread(target=echo)
    thread.start()
    held.callback(thread.join)
    held.callback(over.shutdown, socket.SHUT_RDWR)
    return port


if __name__ == "__main__":
    main(measure)
