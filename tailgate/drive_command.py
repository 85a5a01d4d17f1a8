"""`tailgate drive URL`: one measurement from the shell, with a peer's beside it where that is asked for."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tailgate.analysis.looks.early import Early, counted_in
from tailgate.analysis.looks.rhythm import USUAL, Rhythm
from tailgate.analysis.outcome import Outcome
from tailgate.analysis.reading import Reading, read
from tailgate.drive_options import budget_of, order_of
from tailgate.driving import shown_on
from tailgate.errors import SamplesError
from tailgate.generator.drive import drive
from tailgate.generator.order import Order
from tailgate.generator.peers.drive import PeerReading, drive_peer
from tailgate.generator.peers.order import PeerOrder
from tailgate.plan.budget import Budget
from tailgate.plan.load import ConstantRate
from tailgate.reporting.drive_summary import summary
from tailgate.reporting.drive_table import side_by_side, table
from tailgate.reporting.output import STANDARD_OUTPUT, check_output, output
from tailgate.reporting.progress import Board, TerminalBoard
from tailgate.samples import Samples, read_samples

EXIT_CODES = {None: 0, Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.INCONCLUSIVE: 2}
INTERRUPTED = 130

_STANDARD_ERROR = 2


def drive_url(options: argparse.Namespace) -> int:
    """Measure a URL, show what came out, and return the exit code.

    Progress goes to standard error. Raises PlanError or GeneratorError for what cannot be meant or measured. Ctrl-C
    ends the load; what was measured until then is shown.
    """
    for name in (options.json, options.samples):
        check_output(name)
    with tempfile.TemporaryDirectory(prefix="tailgate-") as scratch:
        order = order_of(options, (options.samples or Path(scratch) / "drive.samples").resolve())
        budget = budget_of(options, order.load)
        board = TerminalBoard(os.fdopen(os.dup(_STANDARD_ERROR), "w", encoding="utf-8", errors="replace"))
        try:
            beside = _measure_beside(options, order, board, Path(scratch)) if options.beside else None
            rhythm = None if budget is None or options.full_length else USUAL
            samples, interrupted = _measure(order, board, budget, rhythm)
        finally:
            board.close()
    reading = read(options.url, order.load, samples, budget, rhythm)
    _report(options, reading, dataclasses.asdict(beside) if beside else None)
    return INTERRUPTED if interrupted else EXIT_CODES[reading.outcome]


def _measure(order: Order, board: Board, budget: Budget | None, rhythm: Rhythm | None) -> tuple[Samples, bool]:
    """The samples, and whether Ctrl-C cut them short."""
    on_tick, stop_early = shown_on(board, "tailgate", order.load), None
    if budget is not None:
        order = dataclasses.replace(order, counted=counted_in(budget))
        stop_early = Early(budget, order.load.for_s, rhythm, {}).enough
    try:
        return drive(order, on_tick=on_tick, stop_early=stop_early), False
    except KeyboardInterrupt:
        return _cut_short(order), True


def _cut_short(order: Order) -> Samples:
    """What was measured before Ctrl-C; raises KeyboardInterrupt again where that is nothing."""
    try:
        samples = read_samples(order.samples, ("the measurement was interrupted",))
    except SamplesError:
        raise KeyboardInterrupt from None
    if not len(samples):
        raise KeyboardInterrupt
    return dataclasses.replace(samples, stopped_s=float(samples.due_s[-1]))


def _measure_beside(options: argparse.Namespace, order: Order, board: Board, scratch: Path) -> PeerReading:
    """The same URL, rate and time by a peer. It comes first, so it is tried before whether the URL can be measured at all."""
    load = order.load
    peer = PeerOrder(
        options.beside,
        order.address,
        order.payloads,
        per_s=options.rate,
        warmup_s=load.warmup_s,
        for_s=load.for_s,
        ca_file=str(options.ca.resolve()) if options.ca else None,
    )
    peer.check()
    probe = ConstantRate(per_s=10, for_s=0.1, warmup_s=0)
    drive(dataclasses.replace(order, load=probe, samples=scratch / "probe.samples", workers=1))

    def show(t_s: float, rate_per_s: float, failed: int) -> None:
        failures = f", {failed} failed" if failed else ""
        board.show(peer.peer, f"driving {rate_per_s:.0f}/s{failures}, {max(0.0, load.for_s - t_s):.0f} s left", t_s / load.for_s)

    board.show(peer.peer, f"starting {peer.users} users", 0.0)
    try:
        return drive_peer(peer, environment={}, on_tick=show)
    finally:
        board.pause()


def _report(options: argparse.Namespace, reading: Reading, beside: Mapping[str, object] | None) -> None:
    if options.json is not None:
        text = json.dumps(summary(reading, beside), allow_nan=False, ensure_ascii=False, indent=1)
        with output(options.json) as file:
            file.write(f"{text}\n")
    if options.json != STANDARD_OUTPUT:
        print(table(reading))
        if beside is not None:
            print(f"\n{side_by_side(reading, beside)}")
