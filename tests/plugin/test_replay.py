"""The replay line of a failure text: a command to paste, that measures what failed and nothing else."""

import re
import shlex

import pytest

NAMED = """
import pytest
from tailgate import Budget, Case, EndpointSpec, Poisson

pytestmark = pytest.mark.latency
CASE = Case(EndpointSpec("ranker"), payload=b"x", load=Poisson(per_s=60, for_s=1, warmup_s=0.2), budget=Budget.of("p90 <= 1ns"))
IDS = ["it's (not) slow", "it's (not) slow either", "$HOME or \\"*\\" and [x]"]

@pytest.mark.parametrize("ask", [CASE, CASE, CASE], ids=IDS)
def test_ranker(measure, ask, request):
    if IDS[1] in request.node.name:
        return
    run = measure(ask)
    assert run.verdict, run.verdict.explain()

def test_another():
    pass
"""


def test_the_replay_command_selects_exactly_the_test_that_failed(suite, pytester: pytest.Pytester) -> None:
    """Read as a shell reads it, whatever the test's id is made of, and though the case's id is no part of it."""
    outcome = suite("--latency-target=null", text=NAMED)
    outcome.assert_outcomes(failed=2, passed=2)
    replayed = []
    for command in re.findall(r"replay: (pytest .*)$", outcome.stdout.str(), re.MULTILINE):
        program, *arguments = shlex.split(command)
        assert program == "pytest"
        again = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--collect-only", "-q", *arguments, timeout=60)
        assert again.ret == 0
        replayed.append([line for line in again.outlines if "::" in line])
    assert replayed == [["test_ranker.py::test_ranker[it's (not) slow]"], ['test_ranker.py::test_ranker[$HOME or "*" and [x]]']]
