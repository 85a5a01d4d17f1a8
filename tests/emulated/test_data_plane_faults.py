"""What a caller asks to go wrong does go wrong, and nothing else."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, HTTPClientError, ReadTimeoutError

from tailgate.models import constant

if TYPE_CHECKING:
    from tests.emulated.conftest import DataPlane

ANSWER = constant.answer(b"")


@pytest.mark.parametrize("fault", ["reset", "close", "garbage"])
def test_a_connection_can_be_made_to_break_instead_of_an_answer(data_plane: DataPlane, endpoint: str, fault: str) -> None:
    """boto3 reports no HTTP error but a broken connection, and the next request is answered."""
    began_s = time.monotonic()
    client = data_plane.client()
    with pytest.raises((ConnectionClosedError, HTTPClientError)):
        client.invoke_endpoint(EndpointName=endpoint, Body=b"{}", CustomAttributes=f"tailgate-fault={fault}")
    assert client.invoke_endpoint(EndpointName=endpoint, Body=b"{}")["Body"].read() == ANSWER
    assert data_plane.truth(endpoint, since=began_s)["status"].tolist() == [0, 200]


def signed_request(url: str, fault: str) -> bytes:
    """The bytes of an invocation that asks for a fault, signed by botocore."""
    request = botocore.awsrequest.AWSRequest(
        "POST", url, data=b"{}", headers={"X-Amzn-SageMaker-Custom-Attributes": f"tailgate-fault={fault}"}
    )
    credentials = botocore.credentials.Credentials("AKIAEMULATEDEMULATED", "an/emulated+secret")
    botocore.auth.SigV4Auth(credentials, "sagemaker", "ap-northeast-1").add_auth(request)
    target = urlsplit(url)
    head = [f"POST {target.path} HTTP/1.1", f"Host: {target.netloc}", "Content-Length: 2"]
    head += [f"{name}: {value}" for name, value in request.headers.items()]
    return "\r\n".join([*head, "", "{}"]).encode()


@pytest.mark.parametrize(("fault", "ends_by"), [("reset", ConnectionResetError), ("close", None)])
def test_a_reset_is_a_reset_and_a_close_is_none(data_plane: DataPlane, endpoint: str, fault: str, ends_by: type[Exception] | None) -> None:
    """By RST, as of a host that went away, or in an orderly way; read below TLS, which does not tell them apart."""
    context = ssl.create_default_context(cafile=data_plane.ca_file)
    host, port = data_plane.address()
    request = signed_request(f"https://{host}:{port}/endpoints/{endpoint}/invocations", fault)
    with socket.create_connection((host, port), timeout=5) as plain, context.wrap_socket(plain, server_hostname=host) as client:
        client.sendall(request)
        with pytest.raises(ends_by) if ends_by else contextlib.nullcontext():
            while socket.socket.recv(client, 65536):
                pass


def test_a_wrong_answer_is_a_200_with_another_body(runtime: Any, endpoint: str) -> None:
    """What only a check of the answer finds."""
    response = runtime.invoke_endpoint(EndpointName=endpoint, Body=b"{}", CustomAttributes="tailgate-fault=wrong-answer")
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert response["Body"].read() != ANSWER


def test_a_stall_delays_the_right_answer(runtime: Any, data_plane: DataPlane, endpoint: str) -> None:
    """By the time asked for, and a client whose patience is shorter gives up."""
    began_s = time.monotonic()
    runtime.invoke_endpoint(EndpointName=endpoint, Body=b"{}", CustomAttributes="tailgate-fault=stall=0.3")
    assert time.monotonic() - began_s > 0.3
    impatient = data_plane.client(config=Config(read_timeout=0.2))
    with pytest.raises(ReadTimeoutError):
        impatient.invoke_endpoint(EndpointName=endpoint, Body=b"{}", CustomAttributes="tailgate-fault=stall=5")
