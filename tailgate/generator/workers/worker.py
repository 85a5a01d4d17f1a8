"""A worker's process: it joins a master, carries out its share of the load, and sends what it saw in Locust's reports.

It is started with one line of JSON on standard input (admission.Entrance), whose end after it means that whoever
started it is gone. The rest it is told by its master, through Locust's own connection:

    master → worker   part     the order, and which share of it
                      pong     the master's clock, in answer to a ping
                      begin    when the first request is due; then Locust spawns the user that hosts the engine
                      halt     when to end the load early
    worker → master   ping     to measure how far the two clocks are apart
                      prepared clock, connections
                      failed   why its load could not begin
                      done     what its load came to, after the report that holds its last rows
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402 - nothing may be imported before gevent has patched the standard library
import os  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from dataclasses import replace  # noqa: E402
from io import FileIO  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
from gevent.event import Event  # noqa: E402

from tailgate.connection_table import connections_path  # noqa: E402
from tailgate.errors import GeneratorError  # noqa: E402
from tailgate.generator.engine import Engine  # noqa: E402
from tailgate.generator.order import Order  # noqa: E402
from tailgate.generator.process import settle, watch  # noqa: E402
from tailgate.generator.seconds import Settled  # noqa: E402
from tailgate.generator.swarm import Swarm  # noqa: E402
from tailgate.generator.workers.admission import Entrance, RefusedError  # noqa: E402
from tailgate.generator.workers.runners import Recruit  # noqa: E402
from tailgate.generator.workers.share import Share  # noqa: E402

DONE, FAILED, REFUSED = 0, 1, 4
_SILENCE_S = 10.0  # Locust's master answers a heartbeat each second
_LEAVE_S = 3.0


class Worker:
    """One worker of one run, from joining to its last report."""

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._rows = bytearray()
        self._settled: list[Settled] = []
        self._connections = Tail()
        self._reported = Event()
        self._heard_s = time.monotonic()

    def work(self, entrance: Entrance) -> None:
        """Join, wait for the others, and do its share. Raises GeneratorError when it is refused, or cannot begin."""
        self._swarm = swarm = Swarm("", lambda environment: Recruit(environment, entrance))
        self._runner: Recruit = swarm.runner
        swarm.events.heartbeat_received.add_listener(self._hear)
        swarm.events.report_to_master.add_listener(self._report)
        self._heard_s = time.monotonic()  # it may have taken its time to be there
        gevent.spawn(self._mind_the_master)
        part = self._runner.part.get()
        try:
            self._engine = engine = self._prepared(part)
        except GeneratorError as error:
            self._runner.tell("failed", message=str(error))
            self._runner.greenlet.join(_LEAVE_S)
            raise
        self._runner.tell("prepared", clock=engine.clock, accuracy_s=self._runner.accuracy_s)
        engine.finished.wait()
        self._reported.clear()
        self._reported.wait()
        self._runner.tell("done", **self._totals(engine))
        self._runner.greenlet.join(_LEAVE_S)

    def break_off(self, error: BaseException) -> None:
        """Something failed that never should; the run ends, and says so."""
        if self._engine is not None:
            self._engine.break_off(error)

    def abandon(self) -> None:
        """Nobody waits for this any more: be gone at once."""
        os._exit(FAILED)

    def _prepared(self, part: dict[str, Any]) -> Engine:
        """The engine, ready to begin. Its files lose their names at once, so that nothing is left of a worker that dies."""
        self._runner.compare_clocks()
        with tempfile.TemporaryDirectory(prefix="tailgate-worker-") as folder:
            order = replace(Order.from_json(part["order"]), samples=Path(folder, "worker.samples"))
            self._swarm.host = order.address.url
            engine = Engine(order, self, os.environ, self._count, Share(part["place"], part["workers"]))
            engine.prepare()
            self._connections.follow(connections_path(order.samples))
        self._runner.serve(engine)
        self._swarm.take(engine)
        return engine

    def tell(self, event: str, **fields: Any) -> None:  # noqa: ARG002 - a listener's; the engine tells of ticks only
        """The engine's ticks: what they tell of seconds goes into the next report; the master makes the rest of its own."""
        self._settled.append(fields["settled"])

    def _count(self, rows: bytes) -> None:
        self._rows += rows
        self._swarm.count(rows)

    def _report(self, client_id: str, data: dict[str, Any]) -> None:  # noqa: ARG002 - Locust's names
        """Put what is new into Locust's report, beside its own statistics."""
        engine = self._engine
        if engine is not None:
            arms = engine.arms
            numbers = {"sent": arms.sent, "in_flight": arms.in_flight, "waiting": arms.waiting}
            rows, settled = bytes(self._rows), list(self._settled)
            data["tailgate"] = {"rows": rows, "connections": self._connections.read(), "settled": settled, **numbers}
            self._rows.clear()
            self._settled.clear()
        self._reported.set()

    def _totals(self, engine: Engine) -> dict[str, object]:
        return {
            "sent": engine.arms.sent,
            "rows": engine.recorder.rows,
            "failed": engine.recorder.failed,
            "cpu_s": engine.cpu_s,
            "stopped_s": engine.stopped_s,
            "host": engine.host.told,
            "faults": engine.all_faults,
        }

    def _hear(self, **_: object) -> None:
        self._heard_s = time.monotonic()

    def _mind_the_master(self) -> None:
        """End with a master that ends, and with one that vanishes without a word."""
        while time.monotonic() < self._heard_s + _SILENCE_S:
            if self._runner.greenlet.join(1.0):
                gevent.sleep(_LEAVE_S)
                self.abandon()
        print(f"the master has been silent for {_SILENCE_S:.0f} s; this worker ends", file=sys.stderr)
        self.abandon()


class Tail:
    """What is appended to the engine's file of connections, as it comes."""

    def __init__(self) -> None:
        self._file: FileIO | None = None
        self._begun = False

    def follow(self, path: Path) -> None:
        """Open the file, which may lose its name afterwards."""
        self._file = path.open("rb", buffering=0)

    def read(self) -> bytes:
        """The rows that are new; the two lines ahead of all rows are left out."""
        if self._file is None:
            return b""
        if not self._begun:
            self._begun = bool(self._file.readline())
            self._file.readline()
        return self._file.readall()


def main() -> int:
    """Work for one master: 0 when the share was carried out, 1 when it was not, 4 when this worker was refused."""
    line = settle()
    if line is None:
        return FAILED
    worker = Worker()
    watch(worker)
    try:
        worker.work(Entrance(**json.loads(line)))
    except GeneratorError as error:
        print(error, file=sys.stderr)
        return REFUSED if isinstance(error, RefusedError) else FAILED
    return DONE


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # ZeroMQ would wait for a master that is gone
