"""Driving: what a person sees while load runs, made from the generator's ticks."""

from __future__ import annotations

from collections.abc import Callable

from tailgate.generator.drive import Tick
from tailgate.plan.load import Load
from tailgate.reporting.progress import Board
from tailgate.units import format_ms


def shown_on(board: Board, name: str, load: Load) -> Callable[[Tick], None]:
    """What to call with each tick, so that the board shows under this name how the load goes."""
    length_s = load.warmup_s + load.for_s

    def show(tick: Tick) -> None:
        left_s = max(0.0, length_s - tick.t_s)
        answered = tick.p50_s is not None and tick.p99_s is not None
        so_far = f"p50 {format_ms(tick.p50_s or 0)}, p99 {format_ms(tick.p99_s or 0)}" if answered else "no answer yet"
        failed = f", {tick.failed} failed" if tick.failed else ""
        board.show(name, f"driving {tick.rate_per_s:.0f}/s, {so_far}{failed}, {left_s:.0f} s left", tick.t_s / length_s)

    return show
