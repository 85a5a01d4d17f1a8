"""A host of the emulation asks its endpoints as a host on AWS does: at the path's own address, with what its role lends."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator

import pytest

from tailgate import EndpointSpec
from tailgate.targets import Endpoint
from tailgate.targets.emulated.emulation import EmulatedTarget
from tailgate.targets.emulated.keeping import HostSettings
from tests.emulated.hosts import Hosts, in_namespaces

INVOKE = """
import boto3, json, sys
url, ca, name = sys.argv[1:]
session = boto3.Session()
client = session.client("sagemaker-runtime", region_name="us-east-1", endpoint_url=url, verify=ca)
answer = client.invoke_endpoint(EndpointName=name, Body=b"{}")
print(json.dumps([answer["ResponseMetadata"]["HTTPStatusCode"], session.get_credentials().method]))
"""


@pytest.fixture(scope="module", params=["namespaces", "loopback"])
def emulation(request: pytest.FixtureRequest) -> Iterator[tuple[Hosts, Endpoint, EmulatedTarget]]:
    """Its hosts, and an endpoint in service."""
    settings = HostSettings(namespaces=request.param == "namespaces")
    with EmulatedTarget(deploy_s=0.1, hosts=settings) as target:
        planes = target.start()
        assert planes.keeping is not None
        furnishing = target.furnished()
        assert furnishing == target.furnished()
        hosts = Hosts(planes.keeping, planes.control, planes.url, furnishing.instance_profile)
        with target.open(EndpointSpec("ranker")) as endpoint:
            yield (in_namespaces(hosts) if request.param == "namespaces" else hosts), endpoint, target


@pytest.fixture(scope="module")
def host(emulation: tuple[Hosts, Endpoint, EmulatedTarget]) -> str:
    return emulation[0].online()


def test_a_host_invokes_an_endpoint_by_its_role(emulation: tuple[Hosts, Endpoint, EmulatedTarget], host: str) -> None:
    """No key is sent there: the metadata service lends one, with a token that ends. The data plane's truth has the request."""
    hosts, endpoint, target = emulation
    for path in ("public", "privatelink"):
        address = endpoint.addresses[path]
        assert address.dial is not None
        asked = shlex.join([f"https://{address.dial}", "ca.pem", endpoint.name])
        lines = (f"cat > ca.pem <<'END'\n{address.ca_pem}END", f"{sys.executable} - {asked} <<'END'\n{INVOKE}END")
        assert json.loads(hosts.out(host, "cd $(mktemp -d)", *lines)) == [200, "iam-role"]
        assert len(target.truth(endpoint.name, path)) == 1


def test_the_names_of_the_paths_resolve_on_a_host(emulation: tuple[Hosts, Endpoint, EmulatedTarget], host: str) -> None:
    """As DNS would have them in the VPC."""
    hosts, endpoint, target = emulation
    in_namespaces(hosts)
    for path, name in target.start().hosts.items():
        assert hosts.out(host, f"getent hosts {name}").split() == [(endpoint.addresses[path].dial or "").partition(":")[0], name]


def test_this_host_still_asks_by_its_own_credentials(emulation: tuple[Hosts, Endpoint, EmulatedTarget]) -> None:
    """Hosts or not, endpoints have one address, which is dialled from both."""
    _, endpoint, target = emulation
    planes = target.start()
    assert planes.keeping is not None
    assert {path: dial.partition(":")[0] for path, dial in planes.dial.items()} == dict(planes.keeping.ips)
    assert all(address.dial == planes.dial[path] for path, address in endpoint.addresses.items())
    assert planes.client("sts").get_caller_identity()["Account"] == "123456789012"
