"""Invocations: SageMaker's runtime API on one network path, from a request's arrival to its answer's departure.

Refusals leave at once; what an endpoint takes in leaves when its queue and the drawn service time say. What a caller may
ask to go wrong with its own request is listed in `faults`.
"""

from __future__ import annotations

import asyncio
import functools
import re
import time
from typing import NamedTuple

from tailgate.targets.emulated import answers, faults, wire_errors
from tailgate.targets.emulated.control_plane_view import ControlPlaneLostError
from tailgate.targets.emulated.departures import Departures
from tailgate.targets.emulated.deployment import Deployment, Variant
from tailgate.targets.emulated.directory import Directory
from tailgate.targets.emulated.exchange import Connection
from tailgate.targets.emulated.faults import Fault
from tailgate.targets.emulated.messages import Answer, Request
from tailgate.targets.emulated.sigv4 import Verifier
from tailgate.targets.emulated.truth import Truth
from tailgate.targets.emulated.wire_errors import WireError

_ROUTE = re.compile(rf"/endpoints/([a-zA-Z0-9-]{{1,63}})/({answers.PLAIN}|{answers.STREAMED}|{answers.ASYNCHRONOUS})")
_NO_FAULT = Fault()


class _Call(NamedTuple):
    """One authentic invocation on its way through."""

    request: Request
    connection: Connection
    endpoint: str
    operation: str

    def header(self, name: str) -> str | None:
        """One of SageMaker's own headers."""
        return self.request.headers.get(f"x-amzn-sagemaker-{name}")


class Invocations:
    """Serves the requests that come in by one network path; the other parts are shared between the paths."""

    def __init__(
        self, network_path: str, region: str, verifier: Verifier, directory: Directory, departures: Departures, truth: Truth
    ) -> None:
        self._network_path, self._region = network_path, region
        self._verifier, self._directory = verifier, directory
        self._departures, self._truth = departures, truth
        self._looking_up: set[asyncio.Task[None]] = set()

    def serve(self, request: Request, connection: Connection) -> None:
        """Take a request in, or refuse it; either way its connection gets an answer, sooner or later."""
        route = _ROUTE.fullmatch(request.target.partition("?")[0])
        if route is None or request.method != "POST":
            _refuse(request, connection, wire_errors.unknown_operation())
        elif request.too_large:
            _refuse(request, connection, wire_errors.payload_too_large())
        elif refusal := self._verifier.refusal(request):
            _refuse(request, connection, refusal)
        else:
            self._find(_Call(request, connection, route[1], route[2]))

    def _find(self, call: _Call) -> None:
        """Find the endpoint: as a rule it is known, else it is looked up."""
        deployment = self._directory.serving(call.endpoint)
        if deployment is not None:
            self._take_in(call, deployment)
            return
        task = asyncio.create_task(self._look_up(call))
        self._looking_up.add(task)
        task.add_done_callback(self._looking_up.discard)

    async def _look_up(self, call: _Call) -> None:
        try:
            deployment = await self._directory.look_up(call.endpoint)
        except ControlPlaneLostError as error:
            _refuse(call.request, call.connection, wire_errors.control_plane_lost(str(error)))
            return
        if deployment is None:
            _refuse(call.request, call.connection, wire_errors.endpoint_not_found(call.endpoint))
        elif not deployment.serves:
            _refuse(call.request, call.connection, wire_errors.endpoint_not_in_service(call.endpoint, deployment.status))
        else:
            self._take_in(call, deployment)

    def _take_in(self, call: _Call, deployment: Deployment) -> None:
        """The endpoint has the request. From here on, what becomes of it is noted."""
        fault = faults.fault_asked_for(call.header("custom-attributes")) or _NO_FAULT
        target = call.header("target-variant")
        variant = deployment.variant(target)
        if variant is None:
            self._refuse(call, wire_errors.variant_not_found(call.endpoint, target or "of any weight"))
        elif refusal := _refusal(call, fault):
            self._refuse(call, refusal)
        else:
            planned_s, answer = self._plan(call, variant, fault)
            self._departures.at(planned_s, functools.partial(self._depart, call, answer, planned_s))

    def _refuse(self, call: _Call, refusal: WireError) -> None:
        self._depart(call, refusal.answer(keep_alive=call.request.keep_alive), time.monotonic())

    def _plan(self, call: _Call, variant: Variant, fault: Fault) -> tuple[float, Answer]:
        """When the answer leaves, and what it is: all of it is ready before its time."""
        arrival_s = call.request.complete_s
        planned_s, done_s = variant.departure_s(self._network_path, arrival_s)
        if done_s - arrival_s > wire_errors.MODEL_TIMEOUT_S:
            error = wire_errors.model_timed_out(self._region, call.endpoint, variant.name)
            return arrival_s + wire_errors.MODEL_TIMEOUT_S, error.answer(keep_alive=call.request.keep_alive)
        answer = answers.answer(call.request, call.operation, self._region, call.endpoint, variant.name, fault)
        return planned_s + fault.stall_s, answer

    def _depart(self, call: _Call, answer: Answer, planned_s: float) -> None:
        written_s = call.connection.answer(answer)
        identity = call.header("inference-id") or ""
        self._truth.note(call.endpoint, call.request, planned_s, written_s, answer.status, self._network_path, identity)


def _refuse(request: Request, connection: Connection, error: WireError) -> None:
    connection.answer(error.answer(keep_alive=request.keep_alive))


def _refusal(call: _Call, fault: Fault) -> WireError | None:
    """Why an endpoint will not take a request in, although it is there and serves."""
    if call.operation == answers.ASYNCHRONOUS:
        return fault.error or wire_errors.endpoint_not_asynchronous(call.endpoint)
    if fault.kind in wire_errors.IN_STREAM and call.operation != answers.STREAMED:
        return wire_errors.invalid(f"{fault.kind} comes amid a stream: ask it of a streaming invocation, or put 'before-stream:' in front")
    return fault.error
