"""Accuracy: p50 and p99 as each tool reports them, less what the server itself measured, on a server that takes 5 ms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack

from benchmarks.asking import Ask, Tool, ask
from benchmarks.figures import Settings, Table, main, median_of, quantile
from benchmarks.ours import OURS
from benchmarks.peers import HEY, LOCUST_BOTO3, LOCUST_FAST, LOCUST_HTTP
from benchmarks.serving import Server

SERVICE_S = 0.005
COLUMNS = {
    "scheme": ("", "text"),
    "rate_per_s": ("requests/s", "count"),
    "tool": ("client", "text"),
    "truth_p99_s": ("truth p99 ms", "ms"),
    "p50_error_s": ("p50 error ms", "signed_ms"),
    "p99_error_s": ("p99 error ms", "signed_ms"),
    "rate_error": ("rate error", "percent"),
    "cpu_s": ("CPU µs/request", "us"),
}
HTTP = {200: (OURS, LOCUST_BOTO3, LOCUST_HTTP, LOCUST_FAST, HEY), 1000: (OURS, LOCUST_FAST, HEY), 10_000: (OURS,)}
TLS = {200: (OURS, LOCUST_BOTO3, LOCUST_FAST, HEY), 1000: (OURS,), 8000: (OURS,)}


def connections(rate_per_s: float) -> int:
    """How many each tool is given: ten times what 5 ms need, from 10 to 128."""
    return min(128, max(10, round(rate_per_s * SERVICE_S * 10)))


def once(tool: Tool, server: Server, rate_per_s: float, for_s: float) -> Mapping[str, float]:
    """One measurement's figures."""
    asked = ask(tool, server, Ask(rate_per_s, for_s, connections(rate_per_s), warmup_s=1.0))
    service_s = asked.truth.service_s
    truth = {share: quantile(service_s.tolist(), share) for share in (0.5, 0.99)}
    return {
        "truth_p50_s": truth[0.5],
        "truth_p99_s": truth[0.99],
        "p50_error_s": asked.told.p50_s - truth[0.5],
        "p99_error_s": asked.told.p99_s - truth[0.99],
        "service_p99_error_s": asked.told.service_p99_s - truth[0.99],
        "rate_error": asked.truth.rate_per_s / rate_per_s - 1,
        "cpu_s": asked.cpu_s,
        "server_busy": asked.server_busy,
        "doubted": float(bool(asked.told.doubts)),
    }


def plan(settings: Settings) -> Iterator[tuple[bool, float, Tool]]:
    """What is measured: TLS or not, at which rate, by whom."""
    if settings.quick:
        yield False, 200, OURS
        return
    for tls, rates in ((False, HTTP), (True, TLS)):
        for rate_per_s, tools in rates.items():
            yield from ((tls, rate_per_s, tool) for tool in tools)


def measure(settings: Settings) -> Table:
    """How far reported percentiles are from the server's own."""
    table = Table("accuracy", "Error of reported percentiles (server: 5 ms)", COLUMNS)
    for_s = 1.5 if settings.quick else 4.0
    with ExitStack() as running:
        servers: dict[bool, Server] = {}
        for tls, rate_per_s, tool in plan(settings):
            if tool.missing:
                table.notes.append(f"{tool.name}: {tool.missing}.")
                continue
            if tls not in servers:
                servers[tls] = running.enter_context(Server(tls=tls))
            server = servers[tls]
            labels = {"scheme": "TLS" if tls else "HTTP", "rate_per_s": rate_per_s, "tool": tool.name, "server": server.kind}
            repeats = median_of(settings, lambda: once(tool, server, rate_per_s, for_s))  # noqa: B023 - called at once
            _note(table, table.add(labels, repeats))
        table.notes += [f"Server over {'TLS' if tls else 'HTTP'}: {server.kind}." for tls, server in servers.items()]
    return table


def _note(table: Table, row: Mapping[str, object]) -> None:
    doubted = sum(one["doubted"] for one in row["repeats"])  # type: ignore[attr-defined]
    if doubted:
        table.notes.append(f"{row['tool']} itself called {doubted:.0f} of its {row['rate_per_s']}/s {row['scheme']} runs invalid.")


if __name__ == "__main__":
    main(measure)
