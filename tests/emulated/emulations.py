"""What tests of the emulated target ask of it: signed requests, what is left over, which processes live."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from urllib.parse import urlsplit

import psutil
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tailgate.plan.case import EndpointSpec
from tailgate.targets import Address
from tailgate.targets.emulated.emulation import EmulatedTarget
from tailgate.targets.emulated.simulation import NO_CAPACITY, Simulation

SPEC = EndpointSpec("ranker", instance_type="ml.t2.xlarge", instance_count=2)
FAULTS = {
    "no-capacity": Simulation.failing(NO_CAPACITY, deploy_s=0.1).tags(),
    "over-quota": Simulation(over_quota=True).tags(),
    "broken": Simulation.failing("The container did not pass the ping health check.", deploy_s=0.1).tags(),
    "slow": Simulation(deploy_s=2.0).tags(),
}


def invoke(address: Address, environment: dict[str, str], body: bytes = b"{}", *, inference_id: str = "") -> tuple[int, bytes]:
    """One signed request over TLS, as the address says: dialled by number, named by its url's host."""
    url, (ip, port) = urlsplit(address.url), (address.dial or "").split(":")
    headers = {"Content-Type": address.content_type, "X-Amzn-SageMaker-Inference-Id": inference_id}
    request = AWSRequest("POST", address.url, headers, body)
    keys = Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(keys, address.sign, address.region).add_auth(request)
    trusting = ssl.create_default_context(cadata=address.ca_pem)
    with (
        socket.create_connection((ip, int(port)), timeout=20) as plain,
        trusting.wrap_socket(plain, server_hostname=url.hostname) as secure,
    ):
        connection = http.client.HTTPConnection(url.netloc)
        connection.sock = secure
        with closing(connection):
            connection.request("POST", url.path, body, dict(request.headers.items()) | {"Host": url.netloc})
            response = connection.getresponse()
            return response.status, response.read()


def as_the_generator_gets_it(environment: dict[str, str]) -> dict[str, str]:
    """To the generator's child an empty value removes the variable."""
    return {name: value for name, value in environment.items() if value}


def soon_s(started_s: float) -> float:
    """Ten seconds; more on a host that took longer than usual to start both processes, which it did in `started_s`."""
    return 10.0 * max(1.0, started_s / 5.0)


def left_over(target: EmulatedTarget) -> list[str]:
    """Everything that the control plane still knows by name."""
    client = target.start().clients.sagemaker
    endpoints = [each["EndpointName"] for each in client.list_endpoints(MaxResults=100)["Endpoints"]]
    configs = [each["EndpointConfigName"] for each in client.list_endpoint_configs(MaxResults=100)["EndpointConfigs"]]
    return endpoints + configs + [each["ModelName"] for each in client.list_models(MaxResults=100)["Models"]]


def wait_until(holds: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until_s
        time.sleep(0.02)


def running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
