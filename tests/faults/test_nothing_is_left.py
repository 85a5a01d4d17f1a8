"""Nothing of a session's is left in its account, whatever befalls it, and nothing of anyone else's is touched: a sample of the matrix.

The whole of it is test_nothing_is_left_after_errors.py and test_nothing_is_left_after_deaths.py (make thorough).
"""

from __future__ import annotations

from tailgate.targets.emulated.simulation import Simulation
from tests.faults.aws_proxy import after, answer_lost, before, refused, rewritten
from tests.faults.cells import complaints, with_simulation
from tests.faults.conftest import Stages


def test_a_session_leaves_its_account_as_it_was(stages: Stages) -> None:
    """It deploys, measures, deletes; the ledger is gone with what it named."""
    stage = stages()
    ended = stage.play()
    assert ended.code == 0, ended.said
    assert ended.measured
    assert complaints(stage, ended) == []
    assert not list(stage.folder.glob("reports/ledger/*"))
    assert {"sagemaker.CreateEndpoint", "sagemaker.DeleteEndpoint"} <= set(stage.proxy.names)
    assert stage.proxy.unknown == []


def test_an_endpoint_whose_creation_was_never_confirmed_is_deleted(stages: Stages) -> None:
    """CreateEndpoint was carried out and its answer lost: the test fails, and what may be there is looked for."""
    stage = stages()
    fault = stage.proxy.harm("sagemaker.CreateEndpoint", answer_lost)
    ended = stage.play()
    assert ended.code == 1
    assert complaints(stage, ended, fault) == []


def test_a_deletion_that_fails_twice_is_repeated(stages: Stages) -> None:
    """The endpoint is what bills."""
    stage = stages()
    fault = stage.proxy.harm("sagemaker.DeleteEndpoint", refused(), nth=(1, 2))
    assert complaints(stage, stage.play(), fault) == []
    assert fault.fired == 2


def test_an_endpoint_that_fails_is_deleted(stages: Stages) -> None:
    """With what it was made of; the reason that SageMaker gives is told."""
    stage = stages()
    fault = stage.proxy.harm("sagemaker.CreateEndpoint", rewritten(with_simulation(Simulation.failing("no such image", deploy_s=0.2))))
    ended = stage.play()
    assert ended.code == 1
    assert "no such image" in ended.said
    assert complaints(stage, ended, fault) == []


def test_a_killed_session_is_cleaned_up_after(stages: Stages) -> None:
    """SIGKILL while CreateEndpoint is under way; what it had made is deleted by what outlives it."""
    stage = stages()
    fault = stage.proxy.harm("sagemaker.CreateEndpoint", after(stage.kill))
    ended = stage.play()
    assert ended.code == -9
    assert complaints(stage, ended, fault) == []


def test_after_a_power_failure_sweep_finds_what_is_left(stages: Stages) -> None:
    """Nobody is alive to delete it: ledger and sweep name it, and sweep deletes it."""
    stage = stages()
    fault = stage.proxy.harm("sagemaker.CreateEndpoint", after(stage.power_off))
    ended = stage.play()
    assert ended.left, "the endpoint had been created"
    assert complaints(stage, ended, fault, swept=True) == []


def test_impatience_leaves_nothing(stages: Stages) -> None:
    """Ctrl-C, and once more before deletion is done."""
    stage = stages()
    stage.proxy.harm("sagemaker.DescribeEndpoint", before(stage.interrupt))
    fault = stage.proxy.harm("sagemaker.DeleteEndpoint", before(stage.interrupt))
    ended = stage.play()
    assert ended.code not in (0, 1)
    assert complaints(stage, ended, fault) == []
