"""The peers, each used as its own documentation has it."""

from __future__ import annotations

import json
import math
import re
import shutil
from pathlib import Path

from benchmarks.asking import PAYLOAD, Ask, Told, Tool, python
from benchmarks.serving import Server

CLIENTS = Path(__file__).parent / "clients"
_UNIT_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


def _told(_: Ask, server: Server, said: str, code: int) -> Told:
    """What our own scripts of a client leave behind."""
    try:
        told = json.loads((server.folder / "told").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise RuntimeError(f"the client told nothing, exit code {code}:\n{said[-2000:]}") from None
    doubts = () if code == 0 else (f"exit code {code}",)
    return Told(**told, doubts=doubts)


def _locust(file: str) -> Tool:
    names = {"locust_boto3": "Locust + boto3", "locust_http": "Locust HttpUser", "locust_fast": "Locust FastHttpUser"}

    def command(what: Ask, server: Server) -> list[str]:
        users = str(what.connections)
        common = python("-m", "locust", "-f", str(CLIENTS / f"{file}.py"), "--headless", "--host", server.origin, "--only-summary")
        reset = ["--reset-stats"] if what.warmup_s else []  # once all users are there, which takes a second
        crowd = [] if what.workers == 1 else ["--processes", str(what.workers)]
        return [*common, "--users", users, "--spawn-rate", users, "--run-time", f"{math.ceil(what.warmup_s + what.for_s)}s", *crowd, *reset]

    return Tool(names[file], command, _told, signed=file == "locust_boto3")


def _hey_command(what: Ask, server: Server) -> list[str]:
    # -q is each worker's rate, a whole number or not; its default is none
    pace = [] if what.rate_per_s is None else ["-q", repr(what.rate_per_s / what.connections)]
    load = ["-z", f"{what.warmup_s + what.for_s:g}s", "-c", str(what.connections), *pace, "-cpus", "1"]
    return ["hey", *load, "-m", "POST", "-T", "application/json", "-D", str(server.folder / "payload"), server.url]


def _hey_read(_: Ask, __: Server, said: str, code: int) -> Told:
    answered = sum(int(count) for count in re.findall(r"^\s+\[200\]\s+(\d+) responses", said, re.MULTILINE))
    failures = sum(int(count) for count in re.findall(r"^\s+\[(\d+)\]\s+(?!\d+ responses)", said, re.MULTILINE))
    quantiles = {share: float(time_s) for share, time_s in re.findall(r"(\d+)%+ in ([\d.]+) secs", said)}
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    doubts = () if code == 0 else (f"exit code {code}",)
    p50_s, p99_s = (quantiles.get(share, math.nan) for share in ("50", "99"))
    return Told(answered + failures, failures, float(rate[1]) if rate else 0.0, p50_s, p99_s, doubts=doubts)


def _wrk_command(what: Ask, server: Server) -> list[str]:
    script = server.folder / "post.lua"
    script.write_text(f'wrk.method = "POST"\nwrk.body = [[{PAYLOAD.decode()}]]\nwrk.headers["Content-Type"] = "application/json"\n')
    return ["wrk", "-t", "1", "-c", str(what.connections), "-d", f"{math.ceil(what.for_s)}s", "--latency", "-s", str(script), server.url]


def _wrk_read(_: Ask, __: Server, said: str, code: int) -> Told:
    quantiles = {share: float(number) * _UNIT_S[unit] for share, number, unit in re.findall(r"(\d+)%\s+([\d.]+)(us|ms|s|m)\b", said)}
    requests, rate = re.search(r"(\d+) requests in", said), re.search(r"Requests/sec:\s+([\d.]+)", said)
    failures = sum(int(count) for count in re.findall(r"(?:connect|read|write|timeout|responses:) (\d+)", said))
    doubts = () if code == 0 else (f"exit code {code}",)
    p50_s, p99_s = (quantiles.get(share, math.nan) for share in ("50", "99"))
    return Told(int(requests[1]) if requests else 0, failures, float(rate[1]) if rate else 0.0, p50_s, p99_s, doubts=doubts)


def _absent(program: str) -> str:
    return "" if shutil.which(program) else f"not installed (apt-get install {program})"


def _bare_command(what: Ask, _: Server) -> list[str]:
    if what.rate_per_s is None:
        raise ValueError("an open loop has a rate")
    return python("-m", "benchmarks.clients.bare_loop")


LOCUST_BOTO3, LOCUST_HTTP, LOCUST_FAST = _locust("locust_boto3"), _locust("locust_http"), _locust("locust_fast")
BARE_LOOP = Tool("bare loop (sends, reads, looks at nothing)", _bare_command, _told)
HEY = Tool("hey", _hey_command, _hey_read, missing=_absent("hey"))
WRK = Tool("wrk", _wrk_command, _wrk_read, missing=_absent("wrk"))
