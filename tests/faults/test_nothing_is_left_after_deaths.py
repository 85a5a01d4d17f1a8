"""Nothing is left, at whichever step a session is ended and by whatever: the steps are those of a session that nobody disturbed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from threading import Timer

import pytest

from tailgate.targets.emulated.simulation import Simulation
from tests.faults.aws_proxy import ALL, Harm, after, before, rewritten, unreachable
from tests.faults.cells import Stage, changing, complaints, in_all_cells, with_simulation
from tests.faults.conftest import Stages

SIDE_BY_SIDE = 6
"""More than processors: most of the time they wait for a reaper, which waits for creates that may be under way."""

_AGAIN_S = 0.3
SOON = ("--latency-deploy-timeout", "1min")
_LOOKS = 3  # while it is created, in service, and deleted; more of them are a matter of time

Blow = Callable[[Stage], object]


def terminate(stage: Stage) -> None:
    """The session gets SIGTERM."""
    stage.process.terminate()


def ctrl_c_twice(stage: Stage) -> None:
    """The terminal's group gets SIGINT, and again while it cleans up."""
    stage.process.interrupt()
    Timer(_AGAIN_S, stage.interrupt).start()


BLOWS: dict[str, Blow] = {"SIGKILL": Stage.kill, "SIGTERM": terminate, "Ctrl-C twice": ctrl_c_twice, "power-off": Stage.power_off}
MOMENTS: dict[str, Callable[[Callable[[], object]], Harm]] = {"before": before, "after": after}


def steps(recorded: Counter[str]) -> list[tuple[str, int]]:
    """Each first call that creates or deletes, and the looks while the endpoint comes and goes."""
    assert recorded["sagemaker.DescribeEndpoint"] >= _LOOKS
    return [(name, 1) for name in changing(recorded)] + [("sagemaker.DescribeEndpoint", nth + 1) for nth in range(_LOOKS)]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("blow", BLOWS)
def test_a_session_that_ends_at_any_step_leaves_nothing(stages: Stages, recorded: Counter[str], blow: str, moment: str) -> None:
    """But for a power failure something outlives it that deletes; after that, ledger and sweep do."""

    def struck(stage: Stage) -> Harm:
        return MOMENTS[moment](lambda: BLOWS[blow](stage))

    cells = [(f"{moment} {name} {nth}", name, struck, (nth,)) for name, nth in steps(recorded)]
    assert len(cells) >= 8
    assert in_all_cells(stages, cells, side_by_side=SIDE_BY_SIDE, swept=blow == "power-off") == {}


def test_the_network_that_is_gone_for_a_while(stages: Stages, recorded: Counter[str]) -> None:
    """From any step on, for longer than botocore's retries last; what could not be deleted then is deleted when it is back."""

    def gone(stage: Stage) -> Harm:
        def harm(*_: object) -> None:
            fault = stage.proxy.harm("*", unreachable, nth=ALL)
            Timer(8.0, stage.proxy.faults.remove, [fault]).start()

        return harm

    cells = [(f"from {name} {nth} on", name, gone, (nth,)) for name, nth in steps(recorded)]
    assert in_all_cells(stages, cells, side_by_side=SIDE_BY_SIDE) == {}


def test_the_network_that_does_not_come_back(stages: Stages) -> None:
    """While the endpoint is there: ledger and sweep name it once there is one again, and nobody of the session lives."""
    stage = stages()
    fault = stage.proxy.harm("sagemaker.DescribeEndpoint", unreachable, nth=ALL)
    everything = stage.proxy.harm("sagemaker.DeleteEndpoint", unreachable, nth=ALL)
    ended = stage.play(*SOON)
    assert ended.code != 0
    assert ended.left
    assert complaints(stage, ended, fault, everything, swept=True) == []


def test_an_endpoint_that_takes_longer_than_patience_lasts(stages: Stages) -> None:
    """It is deleted as soon as that is possible, which is when its creation has ended."""
    stage = stages()
    slow = Simulation(deploy_s=75.0)
    fault = stage.proxy.harm("sagemaker.CreateEndpoint", rewritten(with_simulation(slow)))
    ended = stage.play(*SOON)
    assert ended.code == 1
    assert "is still Creating after 60 s" in ended.said
    assert complaints(stage, ended, fault) == []
