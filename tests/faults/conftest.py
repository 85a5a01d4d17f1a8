"""What the fault matrix plays in: one moto process, and for each cell an account, a proxy, a folder and a session of its own."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tailgate.child import Child
from tests.faults.cells import REGION, Stage

Stages = Callable[..., Stage]


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """A control plane whose endpoints take a moment to come and to go."""
    child = Child("control plane", "tailgate.targets.emulated.control_plane")
    child.tell({"simulation": {"deploy_s": 0.3, "delete_s": 0.1}})
    yield child.ready(60.0)["url"]
    child.end(5.0)


@pytest.fixture
def stages(moto_url: str, tmp_path: Path) -> Iterator[Stages]:
    """Makes stages, each with an account of its own."""
    set_up: list[Stage] = []
    numbers = itertools.count(1)

    def make(region: str = REGION) -> Stage:
        number = next(numbers)
        account = f"{abs(hash(str(tmp_path))) % 10**9:09d}{number:03d}"
        folder = tmp_path / f"stage-{number}"
        folder.mkdir()
        set_up.append(Stage(moto_url, account, folder, region))
        return set_up[-1]

    yield make
    for stage in set_up:
        stage.clear()


@pytest.fixture(scope="session")
def recorded(moto_url: str, tmp_path_factory: pytest.TempPathFactory) -> Counter[str]:
    """How often an undisturbed session makes each of its calls, in the order of their first occurrence."""
    stage = Stage(moto_url, "000000000001", tmp_path_factory.mktemp("undisturbed"))
    ended = stage.play()
    stage.clear()
    assert ended.measured, ended.said
    return Counter(stage.proxy.names)
