"""Simulations as tags, and lives against a scripted clock."""

from __future__ import annotations

import re

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.errors import PlanError
from tailgate.targets.emulated.simulation import ENDINGS, NO_CAPACITY, Life, Simulation

SECONDS = st.floats(0, 1e6, allow_nan=False)
REASONS = st.text("abc XYZ019_.:/=+-@é", max_size=256)
SIMULATIONS = st.builds(Simulation, SECONDS, SECONDS, st.sampled_from(ENDINGS), REASONS, st.booleans())
TAG_VALUE = botocore.session.get_session().get_service_model("sagemaker").shape_for("TagValue").metadata


@given(simulation=SIMULATIONS, default=SIMULATIONS.filter(lambda each: not each.reason))
def test_a_simulation_survives_as_tags(simulation: Simulation, default: Simulation) -> None:
    """To tags and back is the same simulation, whatever the default: tags say all of it."""
    assert Simulation.of(simulation.tags(), default) == simulation


@given(simulation=SIMULATIONS)
def test_its_tags_are_what_sagemaker_takes(simulation: Simulation) -> None:
    """Values of at most 256 characters of those that a tag may have."""
    python_pattern = TAG_VALUE["pattern"].replace(r"\p{L}\p{Z}\p{N}", r"\w\s")
    for value in simulation.tags().values():
        assert len(value) <= TAG_VALUE["max"]
        assert re.fullmatch(python_pattern, value)


def test_what_tags_leave_open_is_the_defaults() -> None:
    """One tag changes one thing."""
    default = Simulation(deploy_s=5.0, delete_s=2.0, ends_as="Failed", reason="some reason")
    assert Simulation.of({}, default) == default
    assert Simulation.of({"tailgate:sim-deploy-s": "0.5"}, default) == Simulation(0.5, 2.0, "Failed", "some reason")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"deploy_s": -1.0}, r"deploy_s is -1.0; it is a number of seconds from 0 up"),
        ({"delete_s": float("inf")}, r"delete_s is inf"),
        ({"deploy_s": float("nan")}, r"deploy_s is nan"),
        ({"deploy_s": True}, r"deploy_s is True"),
        ({"ends_as": "Inservice"}, r"ends_as is 'Inservice'; did you mean 'InService'\?"),
        ({"reason": "a,b"}, r"reason is 'a,b'"),
        ({"reason": "a" * 257}, r"at most 256"),
    ],
)
def test_what_cannot_be_meant_is_refused(fields: dict[str, object], sentence: str) -> None:
    """The sentence names field and value, and what is allowed."""
    with pytest.raises(PlanError, match=sentence):
        Simulation(**fields)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("value", ["soon", "-1", "nan"])
def test_a_tag_that_is_no_duration_is_refused(value: str) -> None:
    """Rather than simulated as something else."""
    with pytest.raises(PlanError, match=re.escape(value)):
        Simulation.of({"tailgate:sim-deploy-s": value}, Simulation())


def test_a_life_goes_from_creating_to_gone() -> None:
    """Creating, then its end, then Deleting, then nothing, each from its very second on."""
    life = Life(Simulation.failing(NO_CAPACITY, deploy_s=10.0), born_s=100.0)
    assert [life.status(now_s) for now_s in (100.0, 109.9, 110.0, 999.0)] == ["Creating", "Creating", "Failed", "Failed"]
    life = Life(Simulation(deploy_s=10.0, delete_s=5.0), born_s=100.0, deleted_s=200.0)
    assert [life.status(now_s) for now_s in (200.0, 204.9, 205.0)] == ["Deleting", "Deleting", None]
    assert Life(Simulation(delete_s=0.0), born_s=0.0, deleted_s=5.0).status(5.0) is None
