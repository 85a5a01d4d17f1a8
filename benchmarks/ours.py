"""Ours: `python -m tailgate drive`, the command that anybody would type."""

from __future__ import annotations

import json
import math

from benchmarks.asking import Ask, Told, Tool, python
from benchmarks.serving import Server

_BUDGET = "p99 <= 1s"  # so that the command says whether its own lateness would matter for a verdict


def _command(sign: bool) -> Tool:
    def command(what: Ask, server: Server) -> list[str]:
        if what.rate_per_s is None:
            raise ValueError("an open loop has a rate")
        load = [
            "--rate",
            repr(what.rate_per_s),
            "--duration",
            f"{what.for_s:g}s",
            "--warmup",
            f"{what.warmup_s:g}s",
            "--arrival",
            "constant",
        ]
        load += [
            "--connections",
            str(what.connections),
            "--payload",
            str(server.folder / "payload"),
            "--timeout",
            "3s",
            "--budget",
            _BUDGET,
            "--json",
            "-",
        ]
        signature = ["--sigv4", "sagemaker:us-east-1"] if sign else []
        authority = ["--ca", str(server.ca)] if server.tls else []
        workers = ["--workers", str(what.workers)] if what.workers > 1 else []
        return python("-m", "tailgate", "drive", server.url, *load, *signature, *authority, *workers)

    return Tool("tailgate" if sign else "tailgate, unsigned", command, _read, signed=sign)


def _read(_what: Ask, _server: Server, said: str, code: int) -> Told:
    start = f"\n{said}".find("\n{")
    if start < 0:
        return Told(0, 0, 0.0, math.nan, math.nan, doubts=(f"exit code {code}: {said.strip()[-2000:]}",))
    told, _ = json.JSONDecoder().raw_decode(said[start:])
    response, service = told["response_time_s"], told["service_time_s"]
    return Told(
        requests=told["requests"],
        failures=told["errors"],
        rate_per_s=told["achieved_per_s"],
        p50_s=_time_s(response["p50"]),
        p99_s=_time_s(response["p99"]),
        service_p99_s=_time_s(service["p99"]),
        doubts=() if told["valid"] else tuple(told["reasons"]),
    )


def _time_s(told: float | None) -> float:
    """A time that is not told is that of requests that never came back."""
    return math.inf if told is None else float(told)


OURS = _command(sign=True)
