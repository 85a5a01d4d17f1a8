"""A peer's process: `python -m tailgate.generator.peers` loads a URL as today's practice does, and tells what Locust says.

A PeerOrder comes in on standard input, events go out on standard output, as from the generator itself:

    tick    t_s rate_per_s failed             each second
    done    achieved_per_s requests errors errors_by_kind response_time_s cpu_s_per_request
    failed  message                           the load could not begin; a sentence

The end of standard input means that the parent is gone, and so is this process a moment later.
"""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402 - nothing may be imported before gevent has patched the standard library
import signal  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
from gevent.event import Event  # noqa: E402
from gevent.hub import get_hub  # noqa: E402
from locust.env import Environment  # noqa: E402

from tailgate.errors import TailgateError  # noqa: E402
from tailgate.generator.events import Events, ParentGoneError  # noqa: E402
from tailgate.generator.peers.order import PeerOrder  # noqa: E402
from tailgate.generator.peers.users import user_class  # noqa: E402

_STDIN, _READABLE = 0, 1
_TICK_S = 1.0
_START_S = 60.0
_PERCENTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0))


def main() -> int:
    """Carry out one order; 0 when it ended with `done`, 1 when it failed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    events = Events()
    line = sys.stdin.readline()
    end_of_input = get_hub().loop.io(_STDIN, _READABLE)
    end_of_input.start(lambda: None if os.read(_STDIN, 4096) else os._exit(1))
    try:
        events.tell("done", **_load(PeerOrder.from_json(line), events))
    except TailgateError as error:
        events.tell("failed", message=str(error))
        return 1
    except ParentGoneError:
        return 1
    return 0


def _load(order: PeerOrder, events: Events) -> dict[str, object]:
    """Start the users, let them warm up, and keep Locust's statistics of the time after."""
    ready, started = Event(), [0]

    def count() -> None:
        started[0] += 1
        if started[0] == order.users:
            ready.set()

    environment = Environment(user_classes=[user_class(order, count)], host=order.address.url)
    runner: Any = environment.create_local_runner()
    runner.start(order.users, spawn_rate=order.users)
    if not ready.wait(_START_S):
        raise TailgateError(f"{order.peer}: only {started[0]} of {order.users} users were ready after {_START_S:.0f} s; is this host busy?")
    gevent.sleep(order.warmup_s)
    environment.stats.reset_all()
    began_s, cpu_s = time.monotonic(), time.process_time()
    _tell_ticks(order, environment.stats.total, events, began_s)
    told = _told(environment.stats, time.monotonic() - began_s, time.process_time() - cpu_s)
    runner.quit()
    return told


def _tell_ticks(order: PeerOrder, total: Any, events: Events, began_s: float) -> None:
    seen, ticked_s = 0, began_s
    while (left_s := began_s + order.for_s - time.monotonic()) > 0:
        gevent.sleep(min(_TICK_S, left_s))
        now_s = time.monotonic()
        rate_per_s = (total.num_requests - seen) / (now_s - ticked_s)
        events.tell("tick", t_s=now_s - began_s, rate_per_s=rate_per_s, failed=total.num_failures)
        seen, ticked_s = total.num_requests, now_s


def _told(stats: Any, lasted_s: float, cpu_s: float) -> dict[str, object]:
    """What Locust reports: its percentiles, rounded as it rounds them; what was still in flight it does not know of."""
    total = stats.total
    kinds: dict[str, int] = {}  # by class: an error's text may quote the request
    for error in stats.errors.values():
        kind = type(error.error).__name__ if isinstance(error.error, Exception) else str(error.error).partition("(")[0]
        kinds[kind] = kinds.get(kind, 0) + error.occurrences
    known = total.num_requests > 0
    return {
        "achieved_per_s": total.num_requests / lasted_s,
        "requests": total.num_requests,
        "errors": total.num_failures,
        "errors_by_kind": kinds,
        "response_time_s": {name: total.get_response_time_percentile(q) / 1e3 if known else None for name, q in _PERCENTILES},
        "cpu_s_per_request": cpu_s / total.num_requests if known else None,
    }


if __name__ == "__main__":
    sys.exit(main())
