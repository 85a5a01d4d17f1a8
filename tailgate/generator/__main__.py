"""The generator's process: an order comes in on standard input, events go out on standard output.

The order is one line of JSON (order.Order); the end of standard input after it means that the parent is gone, and so
is this process a moment later. Events are lines of JSON:

    waiting joined, expected                   for workers; only where there are several
    ready   connections, clock, startup_s      the load begins a moment later
    tick    t_s sent done failed in_flight …   each second
    done    sent rows failed locust_requests locust_failures cpu_s clock stopped_s host faults
    failed  message                            the load could not begin; a sentence

SIGTERM ends the load early, with its record; SIGINT is the parent's business. An order for several workers makes this
process their master (master.py), which drives nothing itself.
"""

from gevent import monkey

monkey.patch_all()

import signal  # noqa: E402 - nothing may be imported before gevent has patched the standard library
import sys  # noqa: E402
import time  # noqa: E402

import gevent  # noqa: E402

from tailgate.errors import TailgateError  # noqa: E402
from tailgate.generator.alone import Alone  # noqa: E402
from tailgate.generator.events import Events, ParentGoneError  # noqa: E402
from tailgate.generator.order import Order  # noqa: E402
from tailgate.generator.process import settle, watch  # noqa: E402
from tailgate.generator.workers.master import Master  # noqa: E402


def main() -> int:
    """Carry out one order; 0 when it ended with `done`, 1 when it failed."""
    started_s = time.monotonic()
    events = Events()
    line = settle()
    if line is None:
        return 1
    try:
        _carry_out(Order.from_json(line), events, started_s)
    except TailgateError as error:
        events.tell("failed", message=str(error))
        return 1
    except ParentGoneError:
        return 1
    return 0


def _carry_out(order: Order, events: Events, started_s: float) -> None:
    course = Master(order, events) if order.distributed else Alone(order, events)
    watch(course)
    try:
        course.prepare()
        gevent.signal_handler(signal.SIGTERM, course.stop)
        events.tell("ready", connections=order.connections, clock=course.clock, startup_s=time.monotonic() - started_s)
        events.tell("done", **course.run())
    finally:
        course.close()


if __name__ == "__main__":
    sys.exit(main())
