"""A data plane as it really runs: its own process, TLS, a moto process as its control plane, and one endpoint in service."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

import boto3
import numpy as np
import pytest
from botocore.config import Config

from tailgate.targets.emulated.emulation import EmulatedTarget
from tests.emulated.emulations import FAULTS
from tests.emulated.vpc import ec2_calls, maker, vpc, vpc_moto_url  # noqa: F401  # fixtures

REGION = "ap-northeast-1"
HOSTS = {
    "public": f"runtime.sagemaker.{REGION}.amazonaws.com",
    "privatelink": f"vpce-0123456789abcdef0-abcdefgh.runtime.sagemaker.{REGION}.vpce.amazonaws.com",
}
IPS = {"public": "127.0.0.2", "privatelink": "127.0.0.3"}
ACCESS_KEY, SECRET_KEY = "AKIAEMULATEDEMULATED", "an/emulated+secret"

_MOTO = """
import logging, sys
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


def _client(service: str, **arguments: Any) -> Any:
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10, proxies={}).merge(
        arguments.pop("config", Config())
    )
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY, "region_name": REGION} | arguments
    return boto3.Session().client(service, config=config, **keys)


@dataclass
class Moto:
    """A moto process. It ends with its stdin."""

    process: subprocess.Popen[str]
    url: str
    sagemaker: Any = field(init=False)

    def __post_init__(self) -> None:
        self.sagemaker = _client("sagemaker", endpoint_url=self.url)

    def end(self) -> None:
        """Kill it."""
        self.sagemaker.close()
        _end(self.process)

    def deploy(self, name: str, *variants: dict[str, Any]) -> str:
        """An endpoint, in service at once; without variants, one ml.m5.large."""
        if not any(model["ModelName"] == "model" for model in self.sagemaker.list_models()["Models"]):
            self.sagemaker.create_model(
                ModelName="model", ExecutionRoleArn="arn:aws:iam::123456789012:role/r", PrimaryContainer={"Image": "i"}
            )
        default = {"VariantName": "AllTraffic", "ModelName": "model", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=f"{name}-config",
            ProductionVariants=[default | {"InitialVariantWeight": 1.0} | own for own in variants or ({},)],
        )
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=f"{name}-config")
        return name


@dataclass
class DataPlane:
    """A data plane process, and what it answered when it was ready."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]
    ca_file: str
    clients: list[Any] = field(default_factory=list)

    def address(self, network_path: str = "public") -> tuple[str, int]:
        """Where it listens."""
        return IPS[network_path], self.ready["ports"][network_path]

    def client(self, network_path: str = "public", **arguments: Any) -> Any:
        """An unmodified boto3 client, but for its one attempt per call."""
        host, port = self.address(network_path)
        self.clients.append(_client("sagemaker-runtime", **{"endpoint_url": f"https://{host}:{port}", "verify": self.ca_file} | arguments))
        return self.clients[-1]

    def truth(self, endpoint: str, **query: Any) -> Any:
        """What it knows of an endpoint's answers."""
        url = f"http://127.0.0.1:{self.ready['admin_port']}/truth?{urlencode({'endpoint': endpoint, **query})}"
        with build_opener(ProxyHandler({})).open(url, timeout=10) as response:
            return np.load(io.BytesIO(response.read()))

    def end(self) -> None:
        """Kill it."""
        for client in self.clients:
            client.close()
        _end(self.process)


StartDataPlane = Callable[..., DataPlane]


def orders(control_plane: str, **changes: Any) -> dict[str, Any]:
    """What a data plane is told."""
    listen = {path: {"ip": IPS[path], "names": [HOSTS[path]]} for path in HOSTS}
    credentials = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
    return {"control_plane": control_plane, "region": REGION, "credentials": credentials, "seed": 1, "listen": listen} | changes


def _start_moto() -> Moto:
    process = subprocess.Popen([sys.executable, "-c", _MOTO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return Moto(process, f"http://127.0.0.1:{int(process.stdout.readline())}")


def _start_data_plane(folder: Path, control_plane: str, **changes: Any) -> DataPlane:
    command = [sys.executable, "-m", "tailgate.targets.emulated.data_plane"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(orders(control_plane, **changes)) + "\n")
    process.stdin.flush()
    ready = json.loads(process.stdout.readline() or "{}")
    ca_file = folder / f"ca-{process.pid}.pem"
    ca_file.write_text(ready.get("ca_pem", ""))
    return DataPlane(process, ready, str(ca_file))


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate(timeout=10)


@pytest.fixture(scope="session")
def moto() -> Iterator[Moto]:
    """A control plane, shared by the session's tests."""
    moto = _start_moto()
    yield moto
    moto.end()


@pytest.fixture
def mortal_moto() -> Iterator[Moto]:
    """A control plane of the test's own, which it may kill."""
    moto = _start_moto()
    yield moto
    moto.end()


@pytest.fixture
def start_data_plane(tmp_path: Path) -> Iterator[StartDataPlane]:
    """Starts data planes of the test's own: `start(control_plane_url, **orders)`."""
    started: list[DataPlane] = []

    def start(control_plane: str, **changes: Any) -> DataPlane:
        started.append(_start_data_plane(tmp_path, control_plane, **changes))
        return started[-1]

    yield start
    for plane in started:
        plane.end()


@pytest.fixture(scope="session")
def data_plane(moto: Moto, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataPlane]:
    """A data plane, shared by the session's tests."""
    plane = _start_data_plane(tmp_path_factory.mktemp("data-plane"), moto.url)
    yield plane
    plane.end()


@pytest.fixture(scope="session")
def endpoint(moto: Moto, data_plane: DataPlane) -> str:
    """The name of an endpoint in service: one ml.m5.large, variant AllTraffic, which the data plane has already looked up."""
    name = moto.deploy("ranker")
    data_plane.client().invoke_endpoint(EndpointName=name, Body=b"{}")
    return name


@pytest.fixture(scope="session")
def runtime(data_plane: DataPlane, endpoint: str) -> Any:
    """A boto3 client on the public path, its endpoint in service."""
    assert endpoint
    return data_plane.client()


@pytest.fixture(scope="session")
def emulated() -> Iterator[EmulatedTarget]:
    """The emulated target, started once for the session's tests; each of them closes what it opens."""
    with EmulatedTarget(region=REGION, run_id="r1", deploy_s=0.3, seed=7, faults=FAULTS) as started:
        yield started


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], bool]:
    """Whether something comes true within five seconds."""

    def wait(holds: Callable[[], bool]) -> bool:
        until_s = time.monotonic() + 5.0
        while not (held := holds()) and time.monotonic() < until_s:
            time.sleep(0.05)
        return held

    return wait


def lead_boto3(moto: Moto | str, data_plane: DataPlane, monkeypatch: pytest.MonkeyPatch, control_plane: str = "AWS_ENDPOINT_URL") -> None:
    """Let boto3's own settings lead to the two processes, here, in sessions under test and in their generators.

    moto: the process, or its url. control_plane: the variable that names it. What this process was told of AWS, or of being
    under CI, does not count.
    """
    for name in ("CI", "TAILGATE_TARGET", "PYTEST_ADDOPTS", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    host, port = data_plane.address()
    settings = {
        control_plane: moto if isinstance(moto, str) else moto.url,
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": f"https://{host}:{port}",
        "AWS_CA_BUNDLE": data_plane.ca_file,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
