"""What the data plane knows of its answers, and that its instances queue as they should."""

from __future__ import annotations

import concurrent.futures
import http.client
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tailgate.models import constant

if TYPE_CHECKING:
    from tests.emulated.conftest import DataPlane, Moto

ANSWER = constant.answer(b"")


def test_the_truth_of_each_answer_is_given_out(data_plane: DataPlane, moto: Moto) -> None:
    """Times on the clock that all processes share, in their order, within what the client saw; status and identity too."""
    name = moto.deploy("observed")
    client = data_plane.client()
    client.invoke_endpoint(EndpointName=name, Body=b"{}")
    seen = []
    for number in range(5):
        sent_s = time.monotonic()
        client.invoke_endpoint(EndpointName=name, Body=b"{}", InferenceId=f"request-{number}")["Body"].read()
        seen.append((sent_s, time.monotonic()))
    with pytest.raises(client.exceptions.ModelError):
        client.invoke_endpoint(EndpointName=name, Body=b"{}", InferenceId="failed", CustomAttributes="tailgate-fault=ModelError")
    truth = data_plane.truth(name, since=seen[0][0])
    assert truth["status"].tolist() == [200] * 5 + [424]
    assert truth["inference_id"].tolist() == [f"request-{number}".encode() for number in range(5)] + [b"failed"]
    assert np.all(truth["first_s"] <= truth["complete_s"])
    assert np.all(truth["complete_s"] < truth["planned_s"])
    assert np.all(truth["planned_s"] <= truth["written_s"])
    for (sent_s, done_s), row in zip(seen, truth, strict=False):
        assert sent_s < row["first_s"]
        assert row["planned_s"] < done_s


def test_the_truth_is_asked_for_in_a_form_that_is_checked(data_plane: DataPlane) -> None:
    """What is wrong is said in a sentence; an endpoint that never answered has an empty truth."""
    connection = http.client.HTTPConnection("127.0.0.1", data_plane.ready["admin_port"], timeout=5)
    for target, status, told in (
        ("/truth", 400, b"endpoint=NAME"),
        ("/truth?endpoint=a&since=soon", 400, b"since is 'soon'"),
        ("/", 404, b"GET /truth?endpoint=NAME"),
    ):
        connection.request("GET", target)
        response = connection.getresponse()
        assert response.status == status
        assert told in response.read()
    connection.close()
    assert len(data_plane.truth("nobody")) == 0


def test_no_answer_leaves_before_its_time_under_load(data_plane: DataPlane, moto: Moto) -> None:
    """Eight callers at once for a while: each planned departure is the earliest, and none is lost."""
    name = moto.deploy("loaded", {"InitialInstanceCount": 4})
    clients = [data_plane.client() for _ in range(8)]
    clients[0].invoke_endpoint(EndpointName=name, Body=b"{}")
    began_s = time.monotonic()

    def call(client: Any) -> None:
        for _ in range(20):
            assert client.invoke_endpoint(EndpointName=name, Body=b"{}")["Body"].read() == ANSWER

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        list(threads.map(call, clients))
    truth = data_plane.truth(name, since=began_s)
    assert len(truth) == 160
    assert np.all(truth["written_s"] >= truth["planned_s"])


SLOW = """
[sources]
[network_path.public]
minimum_ms = [10, "made up"]
typical_extra_ms = [0, "made up"]
sigma = [0, "made up"]
[outlier]
probability = [0, "made up"]
minimum_ms = [0, "made up"]
span_ms = [0, "made up"]
[instance_type]
[generic]
minimum_ms = [200, "made up"]
typical_extra_ms = [0, "made up"]
sigma = [0, "made up"]
"""


def bodies_in_line(plane: DataPlane, name: str, callers: int) -> list[int]:
    """How many bodies, one after another, each of some callers who come at once has to wait for, its own included."""
    clients = [plane.client() for _ in range(callers)]
    for client in clients:
        with pytest.raises(client.exceptions.ValidationError):
            client.invoke_endpoint(EndpointName="warmed-up", Body=b"{}")  # connected, but nothing is in a queue
    with concurrent.futures.ThreadPoolExecutor(callers) as threads:
        list(threads.map(lambda client: client.invoke_endpoint(EndpointName=name, Body=b"{}"), clients))
    truth = plane.truth(name)
    begun_s = truth["complete_s"].min()
    return sorted(round((planned_s - begun_s - 0.01) / 0.2 - 0.25) for planned_s in truth["planned_s"])


@pytest.fixture
def slow_plane(start_data_plane: Callable[..., DataPlane], moto: Moto, tmp_path: Any) -> DataPlane:
    """A data plane where every body takes 200 ms, on top of a floor of 10."""
    (tmp_path / "slow.toml").write_text(SLOW)
    listen = {"public": {"ip": "127.0.0.2", "names": ["here"]}}
    return start_data_plane(moto.url, profiles=str(tmp_path / "slow.toml"), listen=listen)


def test_an_instance_works_on_as_many_requests_as_it_has_vcpus(slow_plane: DataPlane, moto: Moto) -> None:
    """Two vCPUs, six callers at once: they leave in pairs. Only the body holds a worker, or each pair were 10 ms later."""
    assert bodies_in_line(slow_plane, moto.deploy("one-large"), 6) == [1, 1, 2, 2, 3, 3]


def test_requests_go_to_the_least_outstanding_instance_where_the_config_says_so(slow_plane: DataPlane, moto: Moto) -> None:
    """Three instances of two vCPUs, six callers at once: nobody waits. At random that would be rare (1 in 8)."""
    spread = {"InitialInstanceCount": 3, "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"}}
    assert bodies_in_line(slow_plane, moto.deploy("three-large", spread), 6) == [1] * 6
