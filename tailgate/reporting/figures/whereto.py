"""Percentiles by remote address: one slow zone among several shows here."""

from __future__ import annotations

from dataclasses import dataclass

from tailgate.analysis.quantiles import Estimate
from tailgate.reporting.figures.recorded_values import estimate_in, items, mapping, text, whole
from tailgate.reporting.run_file import Run


@dataclass(frozen=True, slots=True)
class RemoteRow:
    """One address. p50, p99: of the requests that went there, None where there were none; infinite where failures reach."""

    address: str
    requests: int | None
    failed: int | None
    p50: Estimate | None
    p99: Estimate | None


def remotes(run: Run) -> tuple[RemoteRow, ...] | None:
    """The addresses of one run, the slowest p99 first; None where its record does not tell them."""
    if not isinstance(run.wire.get("remotes"), list):
        return None
    rows = []
    for one in items(run.wire.get("remotes")):
        fields = mapping(one)
        share, address = mapping(fields.get("share")), text(fields.get("address"))
        if address is not None:
            p50, p99 = (estimate_in(share.get(name)) for name in ("p50", "p99"))
            rows.append(RemoteRow(address, whole(share.get("requests")), whole(fields.get("failed")), p50, p99))
    return tuple(rows)
