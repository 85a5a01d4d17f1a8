"""Nothing of a session's hosts is left in its account, whichever call goes wrong and whatever ends it; nothing of others is touched.

The cells are made of the calls that a session with hosts makes, when nobody disturbs it.
"""

from __future__ import annotations

import itertools
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.emulated.hosts import wait
from tests.faults.aws_proxy import Harm, after, answer_lost, before, refused
from tests.faults.cells import Cell, Stage, as_it_is, changing, complaints, in_all_cells
from tests.faults.hosted import HostedStage, hosted_moto, small_bundle

Stages = Callable[[], HostedStage]
HARMS: dict[str, Harm] = {"fails": refused(), "is carried out and its answer lost": answer_lost}
BLOWS: dict[str, Callable[[Stage], object]] = {"SIGKILL": Stage.kill, "Ctrl-C": Stage.interrupt, "power-off": Stage.power_off}
MOMENTS: dict[str, Callable[[Callable[[], object]], Harm]] = {"before": before, "after": after}
SIDE_BY_SIDE = 3
OF_HOSTS = ("ec2.", "ssm.", "iam.", "s3.", "service-quotas.")


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    """Makes stages at one moto, each with an account of its own."""
    cache = tmp_path_factory.mktemp("cache")
    small_bundle(cache)
    numbers = itertools.count(1)
    with hosted_moto() as url:
        yield lambda: HostedStage(url, f"{300000000000 + next(numbers)}", tmp_path_factory.mktemp("stage"), cache)


@pytest.fixture
def stages(make: Stages) -> Iterator[Stages]:
    """Stages that are taken down after the test."""
    set_up: list[HostedStage] = []

    def one() -> HostedStage:
        set_up.append(make())
        return set_up[-1]

    yield one
    for stage in set_up:
        stage.clear()


@pytest.fixture(scope="module")
def recorded(make: Stages) -> Counter[str]:
    """How often an undisturbed session makes each of its calls that are about hosts; letters are no calls of their own."""
    stage = make()
    ended = stage.play()
    stage.clear()
    assert ended.measured, ended.said
    return Counter(name for name in stage.proxy.names if name.startswith(OF_HOSTS))


def test_a_killed_session_leaves_no_host(stages: Stages) -> None:
    """SIGKILL while RunInstances is under way; what it had made is ended by what outlives it."""
    stage = stages()
    fault = stage.proxy.harm("ec2.RunInstances", after(stage.kill))
    ended = stage.play()
    assert ended.code == -9
    assert complaints(stage, ended, fault) == []


@pytest.mark.thorough
def test_a_session_with_hosts_leaves_its_account_as_it_was(stages: Stages) -> None:
    """It launches, makes ready, asks for a load, terminates; the ledgers are gone with what they named."""
    stage = stages()
    ended = stage.play()
    assert ended.code == 0, ended.said
    assert complaints(stage, ended) == []
    assert {"ec2.RunInstances", "ssm.SendCommand", "ec2.TerminateInstances", "s3.PutObject"} <= set(stage.proxy.names)
    assert not list(stage.folder.glob("reports/ledger/*"))


@pytest.mark.thorough
@pytest.mark.parametrize("operation", ["ec2.DescribeInstances", "ssm.SendCommand"])
def test_hosts_that_die_while_they_are_made_ready_are_named_and_awaited_no_longer(stages: Stages, operation: str) -> None:
    """Systems Manager would not say for an hour what became of its command."""
    stage = stages()
    struck_s: list[float] = []

    def lose() -> None:
        struck_s.append(time.monotonic())
        wait(stage.up)
        stage.lose_hosts()

    fault = stage.proxy.harm(operation, after(lose), (2,) if operation == "ec2.DescribeInstances" else (1,))
    ended = stage.play()
    took_s = time.monotonic() - struck_s[0]
    assert ended.code == 1
    assert re.search(r"host i-\w+ is terminated before .*the host of this instance died", ended.said), ended.said
    assert complaints(stage, ended, fault) == []
    assert took_s < 60, "it was not awaited until the bootstrap's time was up"


@pytest.mark.thorough
def test_a_host_that_nobody_speaks_to_again_ends_itself(tmp_path: Path) -> None:
    """Session and reaper are dead before it has an agent; what is armed as it boots terminates it. Its minutes are short here."""
    small_bundle(tmp_path / "cache")
    with hosted_moto(minute_s=0.1) as url:
        stage = HostedStage(url, "399999999999", tmp_path, tmp_path / "cache")
        try:
            stage.settles_within_s = 1.0
            stage.proxy.harm("ec2.RunInstances", after(stage.power_off))
            stage.play()
            (host,) = stage.hosts()
            wait(lambda: stage.hosts()[0]["State"]["Name"] == "terminated")
            assert stage.hosts()[0]["InstanceId"] == host["InstanceId"]
            assert "InstanceInitiatedShutdown" in stage.hosts()[0]["StateReason"]["Message"]
        finally:
            stage.clear()


@pytest.mark.thorough
@pytest.mark.parametrize("how", HARMS)
def test_each_call_goes_wrong_once(stages: Stages, recorded: Counter[str], how: str) -> None:
    """At its first and second occurrence."""
    cells: list[Cell] = [
        (f"{name} {nth}", name, as_it_is(HARMS[how]), (nth,)) for name in recorded for nth in range(1, min(recorded[name], 2) + 1)
    ]
    assert len(cells) > 15
    assert in_all_cells(stages, cells, side_by_side=SIDE_BY_SIDE) == {}


@pytest.mark.thorough
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("blow", BLOWS)
def test_a_session_that_ends_at_any_step_leaves_nothing(stages: Stages, recorded: Counter[str], blow: str, moment: str) -> None:
    """But for a power failure something outlives it that ends hosts; after that, ledger and sweep do."""

    def struck(stage: Stage) -> Harm:
        return MOMENTS[moment](lambda: BLOWS[blow](stage))

    steps = [*changing(recorded), "ec2.RunInstances", "ec2.TerminateInstances", "ssm.SendCommand", "ssm.GetCommandInvocation"]
    cells: list[Cell] = [(f"{moment} {name}", name, struck, (1,)) for name in dict.fromkeys(steps)]
    assert in_all_cells(stages, cells, side_by_side=SIDE_BY_SIDE, swept=blow == "power-off") == {}
