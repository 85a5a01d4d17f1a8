"""The process target: a model server by SageMaker's container contract, as a process of this host. No AWS, no emulation.

Contract: "Use Your Own Inference Code with Hosting Services", SageMaker's Developer Guide: the server listens on the port
it is told, answers `GET /ping` with 200 once it is well, `POST /invocations` with the model's answer, and ends on SIGTERM.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Lock
from typing import TYPE_CHECKING

from tailgate.errors import TargetError
from tailgate.plan.case import EndpointSpec
from tailgate.targets import Address, Endpoint
from tailgate.targets.commands import words_of
from tailgate.targets.model_server import IP, ModelServer, free_port

if TYPE_CHECKING:
    from tailgate.targets.registry import Settings

MARK = "process:"
SHIPPED_MODEL = "constant"
_SHIPPED = (sys.executable, "-m", "tailgate.models.constant", "--port", "{port}")
_NOTE = "a process of this host: instance type and count were not provided, network and platform not involved"


def process_target(settings: Settings) -> ProcessTarget:
    """The process target for the registry; starts nothing."""
    return ProcessTarget(command=settings.process, region=settings.region)


@dataclass(slots=True)
class _Held:
    """A server that endpoints share. users: how many are open."""

    server: ModelServer
    well_after_s: float
    users: int = 0


class ProcessTarget:
    """Endpoints answered by commands. Specs that come to the same command share one process, started by the first.

    A spec's command: its model where that begins with `process:`, else `command`, in which `{model}` stands for the
    spec's model, else the shipped constant model. `{port}` stands for the port, which PORT and SAGEMAKER_BIND_TO_PORT
    tell as well. patience_s: for /ping; the default is SageMaker's own for a container. grace_s: from SIGTERM to SIGKILL.
    """

    kind = "process"
    deploys_on_this_host = True

    def __init__(self, *, command: str | None = None, region: str = "us-east-1", patience_s: float = 480.0, grace_s: float = 10.0) -> None:
        self._command, self._region = command, region
        self._patience_s, self._grace_s = patience_s, grace_s
        self._held: dict[tuple[str, ...], _Held] = {}
        self._starting = Lock()
        self._stop = Event()
        self._on_progress: Callable[[EndpointSpec, str, float], None] | None = None

    @contextmanager
    def open(self, spec: EndpointSpec) -> Iterator[Endpoint]:
        """The spec's server, well; it is ended when nobody has it open any more.

        Raises TargetError with the last that the server wrote, PlanError for a command that cannot be read.
        """
        words = self._words(spec)
        with self._starting:
            held = self._held.get(words) or self._start(words, spec)
            held.users += 1
        try:
            yield self._endpoint(spec, held)
        finally:
            with self._starting:
                held.users -= 1
                if not held.users:
                    del self._held[words]
                    held.server.end()

    def watch(self, on_progress: Callable[[EndpointSpec, str, float], None]) -> None:
        """From now on tell this how a server starts: spec, what is the matter, seconds since it was started."""
        self._on_progress = on_progress

    def interrupt(self) -> None:
        """Give up what is starting, for good."""
        self._stop.set()

    def close(self) -> None:
        """Nothing is kept running beyond what is open."""
        self.interrupt()

    def _words(self, spec: EndpointSpec) -> tuple[str, ...]:
        if spec.model.startswith(MARK):
            return words_of(spec.model.removeprefix(MARK), f"endpoint {spec.name}")
        if self._command is not None:
            return tuple(word.replace("{model}", spec.model) for word in words_of(self._command, f"endpoint {spec.name}"))
        if spec.model == SHIPPED_MODEL:
            return _SHIPPED
        raise TargetError(
            f"endpoint {spec.name}: nothing says how to start the model '{spec.model}'; "
            f'name its command with --latency-process CMD, or as the model itself: model="{MARK}python serve.py"'
        )

    def _start(self, words: tuple[str, ...], spec: EndpointSpec) -> _Held:
        def waiting(what: str, elapsed_s: float) -> None:
            if self._on_progress is not None:
                self._on_progress(spec, what, elapsed_s)

        port = free_port()
        server = ModelServer([word.replace("{port}", str(port)) for word in words], port, grace_s=self._grace_s)
        try:
            well_after_s = server.wait_until_well(self._patience_s, self._stop, waiting)
        except BaseException:
            server.end()
            raise
        held = self._held[words] = _Held(server, well_after_s)
        return held

    def _endpoint(self, spec: EndpointSpec, held: _Held) -> Endpoint:
        server = held.server
        facts = {"note": _NOTE, "command": server.line, "well_after_s": f"{held.well_after_s:.2f}"}
        address = Address(
            url=f"http://{IP}:{server.port}/invocations",
            region=self._region,
            network_path="public",
            variant=spec.variant,
            sign=None,
        )
        return Endpoint(spec.name, {"public": address}, deployed_by_us=True, provenance=facts, processes={"model server": server.pid})
