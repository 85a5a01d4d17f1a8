"""Driving: a load at a target's endpoints, with an eye on them, and what a person sees meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tailgate.errors import TargetError
from tailgate.generator.drive import StopEarly, Tick, drive
from tailgate.generator.order import Order
from tailgate.generator.workers.workforce import ALONE, Workforce
from tailgate.guarding import brake_for
from tailgate.plan.load import Load
from tailgate.reporting.progress import Board
from tailgate.samples import Samples
from tailgate.targets import Endpoint, Target, changes_of
from tailgate.units import format_ms
from tailgate.vantage import Post
from tailgate.vantage.local import HERE


def driven(
    order: Order,
    target: Target,
    endpoints: Sequence[Endpoint],
    workforce: Workforce = ALONE,
    *,
    post: Post = HERE,
    on_tick: Callable[[Tick], None] | None,
    stop_early: StopEarly | None = None,
) -> Samples:
    """Drive an order from a post at these endpoints of the target's, as `drive` does.

    The load ends where one of them does not bear it, and its samples are doubted where one was changed meanwhile. Raises
    GeneratorError as `drive` does, TargetError where the endpoints want different credentials.
    """
    abort = brake_for(endpoints)
    environment = {**_environment(endpoints), **workforce.environment}
    processes = _processes(endpoints)
    samples = drive(
        order, start=post.start, environment=environment, processes=processes, on_tick=on_tick, stop_early=stop_early, abort=abort
    )
    changes = dict.fromkeys(change for endpoint in endpoints for change in changes_of(target, endpoint))
    return replace(samples, faults=(*samples.faults, *changes))


def _environment(endpoints: Sequence[Endpoint]) -> Mapping[str, str]:
    """What one generator needs to ask them all. Raises TargetError where that would be another caller's credentials for each."""
    wanted: dict[str, str] = {}
    for endpoint in endpoints:
        differing = sorted(name for name, value in endpoint.environment.items() if wanted.get(name, value) != value)
        if differing:
            names = " and ".join(one.name for one in endpoints)
            raise TargetError(f"{names} want different {', '.join(differing)}; one generator asks both, so let one caller be allowed to")
        wanted.update(endpoint.environment)
    return wanted


def _processes(endpoints: Sequence[Endpoint]) -> Mapping[str, int]:
    """What must live for them all, by name; different ones that are called the same are told apart by their endpoint's."""
    everything = {(name, number) for endpoint in endpoints for name, number in endpoint.processes.items()}
    names = [name for name, _ in everything]
    return {
        f"{name} of {endpoint.name}" if names.count(name) > 1 else name: number
        for endpoint in endpoints
        for name, number in endpoint.processes.items()
    }


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
