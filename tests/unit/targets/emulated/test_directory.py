"""What the data plane knows of endpoints, with a scripted control plane behind it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest

from tailgate.targets.emulated import directory as directory_module
from tailgate.targets.emulated.control_plane_view import ControlPlaneLostError, ControlPlaneSlowError, ControlPlaneView
from tailgate.targets.emulated.deployment import SERVING, Deployment, VariantPlan, deploy
from tailgate.targets.emulated.directory import Directory
from tailgate.targets.emulated.profiles import load_profiles

PROFILES = load_profiles()
PLAN = VariantPlan("AllTraffic", "ml.m5.large", 1, "RANDOM", 1.0)


def deployment(status: str = "InService") -> Deployment:
    return deploy("ranker", status, ("config",), [PLAN], PROFILES, seed=1)


class Script:
    """A control plane that says what it is told to, and counts how often it is asked."""

    def __init__(self, says: Deployment | Exception | None) -> None:
        self.says = says
        self.asked = 0
        self.held = threading.Event()
        self.held.set()

    def describe(self, name: str, known: Deployment | None = None) -> Deployment | None:
        """As ControlPlaneView."""
        assert name == "ranker"
        assert known is None or known.serves
        self.asked += 1
        self.held.wait(5)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def played(script: Script, scene: Callable[[Directory], Coroutine[Any, Any, None]]) -> None:
    """Play a scene, with the background's second being a hundredth."""

    async def play() -> None:
        directory = Directory(cast(ControlPlaneView, script))
        fresh = asyncio.create_task(directory.keep_fresh())
        await scene(directory)
        assert not fresh.done()
        fresh.cancel()

    asyncio.run(asyncio.wait_for(play(), 10.0))


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_module, "_REFRESH_S", 0.01)


async def until(holds: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 5
    while not holds() and time.monotonic() < until_s:
        await asyncio.sleep(0.005)
    assert holds()


def test_an_endpoint_is_unknown_until_it_is_looked_up() -> None:
    """Then it is at hand at once."""

    async def scene(directory: Directory) -> None:
        assert directory.serving("ranker") is None
        found = await directory.look_up("ranker")
        assert found is not None
        assert directory.serving("ranker") is found

    played(Script(deployment()), scene)


def test_many_who_look_up_at_once_share_one_question() -> None:
    """A burst on a new endpoint does not become a burst on the control plane."""
    script = Script(deployment())
    script.held.clear()

    async def scene(directory: Directory) -> None:
        looking = [asyncio.create_task(directory.look_up("ranker")) for _ in range(50)]
        await asyncio.sleep(0.02)
        script.held.set()
        assert len({id(found) for found in await asyncio.gather(*looking)}) == 1
        assert script.asked <= 2  # the background may have asked once more by now

    played(script, scene)


def test_a_deleted_endpoint_is_soon_unknown() -> None:
    """Without any request asking for it."""
    script = Script(deployment())

    async def scene(directory: Directory) -> None:
        await directory.look_up("ranker")
        script.says = None
        await until(lambda: directory.serving("ranker") is None)
        assert await directory.look_up("ranker") is None

    played(script, scene)


@pytest.mark.parametrize("status", ["Creating", "Deleting", "Failed", "OutOfService"])
def test_an_endpoint_that_does_not_serve_is_looked_up_each_time(status: str) -> None:
    """So the first request after it came into service does not meet yesterday's knowledge."""
    script = Script(deployment(status))

    async def scene(directory: Directory) -> None:
        found = await directory.look_up("ranker")
        assert found is not None
        assert not found.serves
        assert directory.serving("ranker") is None
        script.says = deployment()
        found = await directory.look_up("ranker")
        assert found is not None
        assert found.serves

    played(script, scene)


def test_endpoints_serve_while_they_are_updated() -> None:
    """The statuses in which SageMaker goes on answering."""
    assert {"InService", "Updating", "SystemUpdating", "RollingBack"} == SERVING


def test_a_control_plane_that_is_lost_is_noticed_and_told_to_the_next_who_asks() -> None:
    """A run against books that have burnt is worth nothing."""
    script = Script(deployment())

    async def scene(directory: Directory) -> None:
        await directory.look_up("ranker")
        script.says = ControlPlaneLostError("it has died")
        await until(lambda: directory.serving("ranker") is None)
        with pytest.raises(ControlPlaneLostError, match="it has died"):
            await directory.look_up("ranker")

    played(script, scene)


def test_a_control_plane_that_is_slow_leaves_things_as_they_were_known() -> None:
    """A busy host is no reason to fail requests that have their answer."""
    script = Script(deployment())

    async def scene(directory: Directory) -> None:
        await directory.look_up("ranker")
        script.says = ControlPlaneSlowError("not yet")
        asked = script.asked
        await until(lambda: script.asked > asked + 3)
        assert directory.serving("ranker") is not None

    played(script, scene)


def test_an_endpoint_that_nobody_uses_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no longer asked for in the background."""
    monkeypatch.setattr(directory_module, "_IN_USE_S", 0.05)
    script = Script(deployment())

    async def scene(directory: Directory) -> None:
        await directory.look_up("ranker")
        await until(lambda: not directory._serving)
        asked = script.asked
        await asyncio.sleep(0.1)
        assert script.asked == asked

    played(script, scene)
