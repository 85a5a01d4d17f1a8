"""The generator's process: an order comes in on standard input, events go out on standard output.

The order is one line of JSON (order.Order); the end of standard input after it means that the parent is gone, and so
is this process a moment later. Events are lines of JSON:

    ready   connections, clock, startup_s      the load begins a moment later
    tick    t_s sent done failed in_flight …   each second
    done    sent rows failed locust_requests locust_failures cpu_s clock stopped_s host faults
    failed  message                            the load could not begin; a sentence

SIGTERM ends the load early, with its record; SIGINT is the parent's business.
"""

from gevent import monkey

monkey.patch_all()

import contextlib  # noqa: E402 - nothing may be imported before gevent has patched the standard library
import ctypes  # noqa: E402
import logging  # noqa: E402
import os  # noqa: E402
import resource  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

import gevent  # noqa: E402
from gevent.hub import get_hub  # noqa: E402

from tailgate import clock  # noqa: E402
from tailgate.errors import TailgateError  # noqa: E402
from tailgate.generator.engine import Engine  # noqa: E402
from tailgate.generator.events import Events, ParentGoneError  # noqa: E402
from tailgate.generator.order import Order  # noqa: E402
from tailgate.generator.swarm import Swarm  # noqa: E402

_PR_SET_PDEATHSIG = 1
_STDIN, _READABLE = 0, 1


def main() -> int:
    """Carry out one order; 0 when it ended with `done`, 1 when it failed."""
    started_s = time.monotonic()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent()
    _claim_resources()
    logging.getLogger("botocore").setLevel(logging.CRITICAL + 1)  # its warnings quote what credential providers print
    events = Events()
    line = _read_line(_STDIN)
    if line is None:
        return 1
    try:
        order = Order.from_json(line)
        swarm = Swarm(order.address.url)
        engine = Engine(order, events, os.environ, swarm.count)
        _listen(engine)
        engine.prepare()
        gevent.signal_handler(signal.SIGTERM, swarm.stop)
        events.tell("ready", connections=order.connections, clock=engine.clock, startup_s=time.monotonic() - started_s)
        swarm.run(engine)
        events.tell("done", **_totals(engine, swarm))
    except TailgateError as error:
        events.tell("failed", message=str(error))
        return 1
    except ParentGoneError:
        return 1
    return 0


def _totals(engine: Engine, swarm: Swarm) -> dict[str, object]:
    rows, failed = engine.recorder.rows, engine.recorder.failed
    faults = engine.all_faults
    if (swarm.requests, swarm.failures) != (rows, failed):
        faults.append(f"Locust counted {swarm.requests} requests and {swarm.failures} failures, the samples hold {rows} and {failed}")
    return {
        "sent": engine.dispatcher.sent,
        "rows": rows,
        "failed": failed,
        "locust_requests": swarm.requests,
        "locust_failures": swarm.failures,
        "cpu_s": engine.cpu_s,
        "clock": engine.clock,
        "stopped_s": engine.stopped_s,
        "host": engine.host.told,
        "faults": faults,
    }


def _listen(engine: Engine) -> None:
    """Watch for the parent's end, and for errors in callbacks."""
    hub = get_hub()
    report = hub.handle_error

    def broken(context: object, kind: type[BaseException], error: BaseException, traceback: object) -> None:
        report(context, kind, error, traceback)
        if not issubclass(kind, hub.NOT_ERROR):
            engine.break_off(error)

    hub.handle_error = broken
    end_of_input = hub.loop.io(_STDIN, _READABLE)
    end_of_input.start(lambda: None if os.read(_STDIN, 4096) else engine.abandon())


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _claim_resources() -> None:
    """As many connections as this host allows, and wake-ups that are not rounded."""
    clock.sharpen_timers()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _read_line(file_descriptor: int) -> str | None:
    """The first line, None if the input ends before it does."""
    pieces: list[bytes] = []
    while not pieces or b"\n" not in pieces[-1]:
        piece = os.read(file_descriptor, 1 << 16)
        if not piece:
            return None
        pieces.append(piece)
    return b"".join(pieces).decode()


if __name__ == "__main__":
    sys.exit(main())
