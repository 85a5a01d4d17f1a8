"""What stamps the times, and which names and variables the child goes by, as the parent sees it."""

from __future__ import annotations

import dataclasses

import pytest

from tailgate.errors import GeneratorError
from tailgate.generator.drive import drive
from tailgate.plan.load import ConstantRate
from tests.unit.generator.serving import KEYS, NO_KEYS, Served, rows_once_each, serving


@pytest.fixture
def server(tmp_path):
    """A server over TLS."""
    with serving(tmp_path) as served:
        yield served


def test_connections_are_opened_ahead_and_reused(server: Served):
    """No request of a calm load pays for a handshake; the same few connections carry all."""
    samples = drive(server.order(ConstantRate(10, 1.5, 0), connections=3))
    assert server.truth()["connections"] == 3 + 1  # and the one that asked for the truth
    assert set(samples.records["connection"]) <= {0, 1, 2}
    firsts = samples.records["request"] == 0
    assert firsts.sum() == len(set(samples.records["connection"]))


def test_a_host_is_resolved_ahead_and_again_while_the_load_runs(tmp_path):
    """`localhost` may have an address of each family, of which the server listens at one only; that one is found and kept."""
    with serving(tmp_path, tls=False) as served:
        address = dataclasses.replace(served.address(act="then-close"), url=f"http://localhost:{served.port}/x?act=then-close", dial=None)
        order = served.order(ConstantRate(20, 6, 0), address=address)
        samples = drive(order)
    assert samples.errors() == {}
    assert rows_once_each(samples, order)


def test_the_portable_clock_is_labelled_and_works(server: Served):
    """What other platforms get: no kernel stamps, no timerfd, and the header says so."""
    order = server.order(ms=5)
    samples = drive(order, environment={"TAILGATE_CLOCK": "portable"})
    assert samples.header.clock == "portable timer + time of reading"
    assert samples.faults == ()
    assert rows_once_each(samples, order)
    assert samples.response_s.min() >= 0.005


def test_a_perturbed_clock_is_labelled_and_a_fault(server: Served):
    """The hook that tests of accuracy use can never lead to a PASS."""
    samples = drive(server.order(), environment={"TAILGATE_PERTURB_CLOCK_S": "0.002"})
    assert "perturbed by +2.0 ms" in samples.header.clock
    assert any("perturbed" in fault for fault in samples.faults)


@pytest.mark.parametrize(
    ("variables", "words"), [({"TAILGATE_CLOCK": "sundial"}, "portable"), ({"TAILGATE_PERTURB_CLOCK_S": "2ms"}, "number of seconds")]
)
def test_instruments_that_cannot_be_meant_are_refused(server: Served, variables, words):
    """With the variable's name and what it may hold."""
    with pytest.raises(GeneratorError, match=words):
        drive(server.order(), environment=variables)


def test_an_empty_value_removes_a_variable_from_the_childs_environment(server: Served, monkeypatch):
    """Credentials of the host must not leak into a load that is meant to use others, or none."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(GeneratorError, match="no AWS credentials were found"):
        drive(server.order(sign="sagemaker"), environment=NO_KEYS)
    assert server.truth()["arrived"] == []
