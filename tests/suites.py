"""A suite of a user's: one case, two seconds of load, a limit that a busy host keeps too. Tests change its text."""

RANKER = """
import pytest
from tailgate import Budget, Case, EndpointSpec, Poisson

pytestmark = pytest.mark.latency
CASE = Case(
    EndpointSpec("ranker", instance_type="ml.m5.large"),
    payload=b'{"instances": [1]}',
    load=Poisson(per_s=60, for_s=2, warmup_s=0.5, seed=7),
    budget=Budget.of("p90 <= 500ms"),
)

@pytest.mark.parametrize("case", [CASE], ids=lambda case: case.id)
def test_ranker(measure, case):
    run = measure(case)
    assert run.verdict, run.verdict.explain()
"""
