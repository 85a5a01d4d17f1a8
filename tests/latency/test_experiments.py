"""The product: the plan's experiments, measured and gated. `pytest -m latency`; the budgets are in fixtures/plan.toml."""

from collections.abc import Callable

import pytest

from tailgate import Case
from tailgate.measure import Run

pytestmark = pytest.mark.latency


@pytest.mark.planned("smoke")
def test_the_whole_way_works(measure: Callable[[Case], Run], case: Case) -> None:
    """A few seconds of load on one instance, before hours are spent on the rest."""
    run = measure(case)
    assert run.verdict, run.verdict.explain()


@pytest.mark.planned("network-path")
def test_the_network_path_keeps_the_tail_within_budget(measure: Callable[[Case], Run], case: Case) -> None:
    """PrivateLink and the public endpoint of one deployment, each against the same budget."""
    run = measure(case)
    assert run.verdict, run.verdict.explain()


@pytest.mark.planned("instance-type")
def test_the_instance_type_keeps_the_tail_within_budget(measure: Callable[[Case], Run], case: Case) -> None:
    """Ten instance types under the same load, each against its budget."""
    run = measure(case)
    assert run.verdict, run.verdict.explain()
