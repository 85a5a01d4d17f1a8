"""Prefetched: a target whose endpoints deploy side by side in the background, are shared, and go together at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Event, Lock
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from tailgate.errors import TargetError
from tailgate.plan.case import Case, EndpointSpec
from tailgate.targets import Billed, Endpoint, Examining, Target, changes_of, readdressed_by
from tailgate.targets.crew import Crew

Progress = Callable[[EndpointSpec, str, float], None]
"""Called while somebody waits: the spec, what is happening to its endpoint, seconds since it was asked for."""

LOOK_EVERY_S = 0.2


@runtime_checkable
class Attended(Protocol):
    """What a target may offer beyond `open`: to be watched, interrupted and closed."""

    def watch(self, on_progress: Progress) -> None:
        """From now on tell this how deployments go."""
        ...

    def interrupt(self) -> None:
        """Give up deployments under way, for good; deletions go on."""
        ...

    def close(self) -> None:
        """End whatever the target itself keeps running."""
        ...


class Prefetched:
    """Opens equal specs once, ahead of time and side by side; `open` waits for what is under way.

    at_once: how many endpoints are deployed at the same time. on_progress: told about an endpoint from the thread that
    waits for it. Deployment happens in daemon threads, so the target's contexts are left in another thread than they
    were entered in, and nothing keeps the interpreter alive. To be closed at the end; that closes the target too.
    What costs money for as long as it is there may be let go before.
    """

    def __init__(self, target: Target, *, at_once: int = 10, on_progress: Progress | None = None) -> None:
        self.kind = target.kind
        self._target = target
        self._on_progress = on_progress
        self._crew = Crew(at_once)
        self._lock = Lock()
        self._deployments: dict[EndpointSpec, _Deployment] = {}
        self._leaving: list[_Deployment] = []
        self._stop = Event()
        if isinstance(target, Attended):
            target.watch(self._note)

    def examine(self, cases: Iterable[Case]) -> None:
        """Refuse what cannot come about before anything is created, where the target can tell. Raises PlanError, TargetError."""
        if isinstance(self._target, Examining):
            self._target.examine(list(cases))

    def prefetch(self, specs: Iterable[EndpointSpec]) -> None:
        """Begin to deploy the specs in this order, each different one once. Returns at once; raises nothing of theirs."""
        for spec in specs:
            self._deployment(spec)

    @contextmanager
    def open(self, spec: EndpointSpec) -> Iterator[Endpoint]:
        """The spec's shared endpoint, once it is there; one that was not prefetched is deployed next. It outlives the context.

        Raises what its deployment raised, each time it is opened. Can be interrupted by Ctrl-C while it waits.
        """
        deployment = self._deployment(spec, first=True)
        self._wait(deployment, deployment.settled)
        for other in self._disturbing():
            self._wait(other, other.settled)
        yield readdressed_by(self._target, deployment.endpoint())

    def changes(self, endpoint: Endpoint) -> tuple[str, ...]:
        """Why what was measured at the endpoint is of no one deployment; see `Shared`."""
        return changes_of(self._target, endpoint)

    def release(self, spec: EndpointSpec) -> None:
        """Delete the spec's endpoint, if there is one, and wait until it is gone; opened again it is deployed anew.

        Not while it is open. Raises what the deletion raised.
        """
        with self._lock:
            deployment = self._deployments.pop(spec, None)
        if deployment is not None:
            self._delete([deployment])

    def let_go(self, spec: EndpointSpec) -> None:
        """Begin to delete the spec's endpoint, where having it costs money; not while it is open. Returns at once, raises nothing.

        Opened again it is deployed anew, once it is gone. What its deletion raises, `close` raises.
        """
        if not isinstance(self._target, Billed):
            return
        with self._lock:
            deployment = None if self._stop.is_set() else self._deployments.pop(spec, None)
            if deployment is not None:
                deployment.unwanted.set()
                self._leaving.append(deployment)
                Crew(1).add(deployment.delete)

    def close(self) -> None:
        """Delete everything side by side, then close the target. What was not begun never begins.

        Deployments under way are interrupted where the target can be, and waited for where it cannot. All deletions are
        tried before an error is raised. Can be interrupted by Ctrl-C while it waits, and called again to go on waiting.
        """
        self._stop.set()
        with self._lock:
            deployments = [*self._leaving, *self._deployments.values()]
        try:
            if isinstance(self._target, Attended) and not all(each.settled.is_set() for each in deployments):
                self._target.interrupt()
            self._delete(deployments)
        finally:
            if isinstance(self._target, Attended):
                self._target.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.close()

    def _deployment(self, spec: EndpointSpec, *, first: bool = False) -> _Deployment:
        with self._lock:
            if self._stop.is_set():
                raise TargetError(f"endpoint {spec.name} on {spec.instance_type}: the session is ending, nothing more is deployed")
            deployment = self._deployments.get(spec)
            if deployment is None:
                before = next((each.gone for each in self._leaving[::-1] if each.spec == spec), None)
                deployment = self._deployments[spec] = _Deployment(spec, self._target, self._stop, before)
                self._crew.add(deployment.deploy, first=first)
        return deployment

    def _disturbing(self) -> list[_Deployment]:
        """The deployments under way that a measurement would feel, because they keep this host's own processors busy."""
        if not getattr(self._target, "deploys_on_this_host", False):
            return []
        with self._lock:
            return list(self._deployments.values())

    def _delete(self, deployments: list[_Deployment]) -> None:
        crew = Crew(max(1, len(deployments)))
        for deployment in deployments:
            crew.add(deployment.delete)
        for deployment in deployments:
            self._wait(deployment, deployment.gone)
        _raise_all([each.deletion_error for each in deployments if each.deletion_error is not None])

    def _wait(self, deployment: _Deployment, event: Event) -> None:
        """Wait in short steps: Ctrl-C is heard between them, and progress is told."""
        while not event.wait(LOOK_EVERY_S):
            if self._on_progress is not None:
                self._on_progress(deployment.spec, deployment.status, time.monotonic() - deployment.asked_s)

    def _note(self, spec: EndpointSpec, status: str, _elapsed_s: float) -> None:
        deployment = self._deployments.get(spec)
        if deployment is not None:
            deployment.status = status


class _Deployment:
    """One endpoint from being asked for to being gone. `settled`: it is there or has failed. `gone`: nothing is left to do.
    `unwanted`: what is not begun need not be.

    before: set when one of the same spec, and so of the same name, has gone.
    """

    def __init__(self, spec: EndpointSpec, target: Target, stop: Event, before: Event | None = None) -> None:
        self.spec = spec
        self.status = "waiting for its turn"
        self.asked_s = time.monotonic()
        self.settled, self.gone, self.unwanted = Event(), Event(), Event()
        self.deletion_error: BaseException | None = None
        self._target, self._stop, self._before = target, stop, before
        self._endpoint: Endpoint | None = None
        self._held: AbstractContextManager[Endpoint] | None = None
        self._error: BaseException | None = None
        self._deleting = Lock()

    def deploy(self) -> None:
        """Open the target's endpoint and hold it; whatever goes wrong is kept for those who open it."""
        try:
            while self._before is not None and not (self._stop.is_set() or self._before.wait(LOOK_EVERY_S)):
                self.status = "waiting until the one before it is gone"
            if self._stop.is_set() or self.unwanted.is_set():
                raise TargetError(f"endpoint {self.spec.name} on {self.spec.instance_type} was not begun: nobody waits for it any more")
            self.status = "beginning"
            held = self._target.open(self.spec)
            self._endpoint, self._held = held.__enter__(), held
        except BaseException as error:
            self._error = error
            self._traceback = error.__traceback__
        self.settled.set()

    def endpoint(self) -> Endpoint:
        """The endpoint, once settled. Raises what its deployment raised, with the traceback of then and not of each time."""
        if self._error is not None:
            raise self._error.with_traceback(self._traceback)
        assert self._endpoint is not None  # noqa: S101  # settled without an error
        return self._endpoint

    def delete(self) -> None:
        """Leave the target's context as soon as it is settled whether there is one; an error is kept. Done once, however often begun."""
        if not self._deleting.acquire(blocking=False):
            return
        self.settled.wait()
        self.status = "deleting"
        try:
            if self._held is not None:
                self._held.__exit__(None, None, None)
        except BaseException as error:
            self.deletion_error = error
        self.gone.set()


def _raise_all(errors: list[BaseException]) -> None:
    """Raise the only error as it is, several as one that says each different sentence once."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        sentences = dict.fromkeys(str(error) or repr(error) for error in errors)
        cause = BaseExceptionGroup("deletions that failed", errors)
        raise TargetError(f"{len(errors)} endpoints could not be deleted: " + "; ".join(sentences)) from cause
