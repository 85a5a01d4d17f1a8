"""The data plane as callers meet it: a real process, over TLS, with an unmodified boto3 client."""

from __future__ import annotations

import io
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import SSLError

from tailgate.models import constant
from tailgate.targets.emulated.messages import MAX_BODY_BYTES

if TYPE_CHECKING:
    from tests.emulated.conftest import DataPlane, Moto

ANSWER = constant.answer(b"")


def test_an_invocation_is_answered_as_sagemaker_does(runtime: Any, endpoint: str) -> None:
    """The model's body and type, the variant that answered, and a request id."""
    response = runtime.invoke_endpoint(
        EndpointName=endpoint, Body=b'{"instances": [1]}', ContentType="application/json", Accept="application/json"
    )
    assert response["Body"].read() == ANSWER
    assert (response["ContentType"], response["InvokedProductionVariant"]) == (constant.CONTENT_TYPE, "AllTraffic")
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert len(response["ResponseMetadata"]["RequestId"]) == 36


def test_an_invocation_can_be_streamed(runtime: Any, endpoint: str) -> None:
    """One part, and the end of the stream."""
    response = runtime.invoke_endpoint_with_response_stream(EndpointName=endpoint, Body=b"{}")
    assert (response["ContentType"], response["InvokedProductionVariant"]) == (constant.CONTENT_TYPE, "AllTraffic")
    assert list(response["Body"]) == [{"PayloadPart": {"Bytes": ANSWER}}]


@pytest.mark.parametrize("body", [b"", b"\x00\xff", bytes(1_000_000), bytes(MAX_BODY_BYTES)], ids=len)
def test_any_body_up_to_the_limit_is_answered(runtime: Any, endpoint: str, body: bytes) -> None:
    """Binary too, and the last byte that SageMaker allows."""
    assert runtime.invoke_endpoint(EndpointName=endpoint, Body=body)["Body"].read() == ANSWER


def test_a_body_from_a_file_is_answered(runtime: Any, endpoint: str) -> None:
    """boto3 sends such a one after asking for leave (Expect: 100-continue) in some versions, without in others."""
    assert runtime.invoke_endpoint(EndpointName=endpoint, Body=io.BytesIO(bytes(2_000_000)))["Body"].read() == ANSWER


@pytest.mark.parametrize("network_path", ["public", "privatelink"])
def test_the_address_that_was_called_tells_the_network_path(data_plane: DataPlane, endpoint: str, network_path: str) -> None:
    """Each listener notes its own path, and draws its own floor."""
    began_s = time.monotonic()
    data_plane.client(network_path).invoke_endpoint(EndpointName=endpoint, Body=b"{}")
    assert data_plane.truth(endpoint, since=began_s)["network_path"].tolist() == [network_path.encode()]


def test_the_names_that_aws_uses_are_certified(data_plane: DataPlane, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the host's own resolver bent to loopback, the client goes to the very URL that it has on AWS but for the port."""
    resolve = socket.getaddrinfo

    def bent(host: str, *arguments: Any, **options: Any) -> Any:
        return resolve("127.0.0.2" if host.endswith(".amazonaws.com") else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", bent)
    url = f"https://runtime.sagemaker.ap-northeast-1.amazonaws.com:{data_plane.ready['ports']['public']}"
    assert data_plane.client(endpoint_url=url).invoke_endpoint(EndpointName=endpoint, Body=b"{}")["Body"].read() == ANSWER


def test_a_name_of_the_other_path_is_not_certified(data_plane: DataPlane) -> None:
    """A client that dials the wrong listener notices by the certificate."""
    context = ssl.create_default_context(cafile=data_plane.ca_file)
    name = "runtime.sagemaker.ap-northeast-1.amazonaws.com"
    with (
        socket.create_connection(data_plane.address("privatelink"), timeout=5) as plain,
        pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"),
        context.wrap_socket(plain, server_hostname=name),
    ):
        pass


def test_whoever_does_not_trust_the_authority_does_not_talk(data_plane: DataPlane, endpoint: str) -> None:
    """It is made up for one process, and in nobody's store."""
    with pytest.raises(SSLError):
        data_plane.client(verify=True).invoke_endpoint(EndpointName=endpoint, Body=b"{}")


def test_tls_1_3_is_spoken_and_nothing_older(data_plane: DataPlane) -> None:
    """As the figures of the generator assume."""
    context = ssl.create_default_context(cafile=data_plane.ca_file)
    with (
        socket.create_connection(data_plane.address(), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.2") as client,
    ):
        assert client.version() == "TLSv1.3"
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(data_plane.address(), timeout=5) as plain,
        pytest.raises(ssl.SSLError),
        context.wrap_socket(plain, server_hostname="127.0.0.2"),
    ):
        pass


def test_a_variant_can_be_chosen_and_an_unknown_one_is_refused(runtime: Any, moto: Moto) -> None:
    """By X-Amzn-SageMaker-Target-Variant; without it, by weight."""
    name = moto.deploy(
        "variants", {"VariantName": "blue", "InitialVariantWeight": 1.0}, {"VariantName": "green", "InitialVariantWeight": 0.0}
    )
    for variant in ("blue", "green"):
        assert runtime.invoke_endpoint(EndpointName=name, Body=b"{}", TargetVariant=variant)["InvokedProductionVariant"] == variant
    assert {runtime.invoke_endpoint(EndpointName=name, Body=b"{}")["InvokedProductionVariant"] for _ in range(5)} == {"blue"}
    with pytest.raises(runtime.exceptions.ValidationError, match="Variant red not found for endpoint variants"):
        runtime.invoke_endpoint(EndpointName=name, Body=b"{}", TargetVariant="red")
