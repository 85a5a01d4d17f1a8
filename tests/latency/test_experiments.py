"""The product: the plan's experiments, measured and gated. `pytest -m latency`; the budgets are in fixtures/plan.toml."""

from typing import Any

import pytest

from tailgate import Case
from tailgate.plan.pair import Pair
from tailgate.pytest_measure import Measure
from tailgate.targets import Endpoint

pytestmark = pytest.mark.latency


@pytest.mark.planned("smoke")
def test_an_ordinary_client_gets_the_answer(runtime: Any, endpoint: Endpoint, case: Case) -> None:
    """Before anything is measured: boto3, as a caller has it, gets what the case expects."""
    response = runtime.invoke_endpoint(EndpointName=endpoint.name, Body=case.bodies()[0], ContentType="application/json")
    assert case.expect is None or case.expect.holds(response["Body"].read())


@pytest.mark.planned("smoke")
def test_the_whole_way_works(measure: Measure, case: Case) -> None:
    """A few seconds of load on one instance, before hours are spent on the rest."""
    run = measure(case)
    assert run.verdict, run.verdict.explain()


@pytest.mark.planned("network-path")
def test_privatelink_is_no_slower_than_the_public_endpoint(measure: Measure, pair: Pair) -> None:
    """Both paths to one deployment in one run: each within its budget, and the second no worse than the plan's margins."""
    change = measure.paired(*pair.cases)
    for arm in change.arms:
        assert arm.verdict, arm.verdict.explain()
    for metric, margin in pair.no_worse_than.items():
        assert change.no_worse_than(margin, at=metric), change.explain()


@pytest.mark.planned("instance-type")
def test_the_instance_type_keeps_the_tail_within_budget(measure: Measure, case: Case) -> None:
    """Ten instance types under the same load, each against its budget."""
    run = measure(case)
    assert run.verdict, run.verdict.explain()
