"""Directory: the endpoints that the data plane knows of, kept fresh beside the requests, never on their way.

An endpoint is looked up when it is first asked for, and then again each second in the background, for as long as it is
in use: once deleted, it is unknown a second later. One that does not serve has no latency to protect, so it is looked up
whenever it is asked for.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from tailgate.targets.emulated.control_plane_view import ControlPlaneLostError, ControlPlaneSlowError, ControlPlaneView
from tailgate.targets.emulated.deployment import Deployment

_REFRESH_S = 1.0
_IN_USE_S = 30.0
_THREADS = 4


class Directory:
    """Deployments by name. For one event loop; the control plane is asked in threads."""

    def __init__(self, view: ControlPlaneView) -> None:
        self._view = view
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="control plane")
        self._serving: dict[str, Deployment] = {}
        self._used_s: dict[str, float] = {}
        self._asking: dict[str, asyncio.Task[Deployment | None]] = {}

    def serving(self, name: str) -> Deployment | None:
        """The endpoint as known, where it serves; None says that it has to be looked up."""
        deployment = self._serving.get(name)
        if deployment is not None:
            self._used_s[name] = time.monotonic()
        return deployment

    async def look_up(self, name: str) -> Deployment | None:
        """The endpoint as the control plane has it now, None where it has none; many who ask at once share one answer.

        Raises ControlPlaneLostError.
        """
        deployment = await self._ask(name)
        if deployment is not None and deployment.serves:
            self._used_s[name] = time.monotonic()
        return deployment

    async def keep_fresh(self) -> None:
        """Look up every second what is in use, until cancelled."""
        while True:
            await asyncio.sleep(_REFRESH_S)
            idle_since_s = time.monotonic() - _IN_USE_S
            for name in [name for name in self._serving if self._used_s[name] < idle_since_s]:
                del self._serving[name], self._used_s[name]
            await asyncio.gather(*(self._refresh(name) for name in self._serving))

    async def _refresh(self, name: str) -> None:
        try:
            await self._ask(name)
        except ControlPlaneSlowError:
            pass  # an overloaded host; what was known a second ago is the best guess
        except ControlPlaneLostError:
            self._serving.pop(name, None)  # the next request looks it up, and says what is wrong

    async def _ask(self, name: str) -> Deployment | None:
        asking = self._asking.get(name)
        if asking is None:
            asking = self._asking[name] = asyncio.create_task(self._describe(name))
            asking.add_done_callback(lambda _: self._asking.pop(name, None))
        return await asyncio.shield(asking)

    async def _describe(self, name: str) -> Deployment | None:
        loop = asyncio.get_running_loop()
        deployment = await loop.run_in_executor(self._threads, self._view.describe, name, self._serving.get(name))
        if deployment is not None and deployment.serves:
            self._serving[name] = deployment
            self._used_s.setdefault(name, time.monotonic())
        else:
            self._serving.pop(name, None)
        return deployment
