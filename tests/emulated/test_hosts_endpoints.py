"""A host of the emulation asks its endpoints as a host on AWS does: at the path's own address, with what its role lends."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

import tailgate
from tailgate import ConstantRate, EndpointSpec
from tailgate.generator.drive import drive
from tailgate.generator.order import Order
from tailgate.targets import Endpoint
from tailgate.targets.emulated.emulation import EmulatedTarget
from tailgate.targets.emulated.keeping import HostSettings
from tailgate.vantage.mailbox import TO_HOST, Mailbox
from tailgate.vantage.remote_post import RemotePost
from tests.emulated.hosts import Hosts, in_namespaces, wait

Emulated = tuple[Hosts, Endpoint, EmulatedTarget]
HOME = Path(tailgate.__file__).parents[1]

INVOKE = """
import boto3, json, sys
url, ca, name = sys.argv[1:]
session = boto3.Session()
client = session.client("sagemaker-runtime", region_name="us-east-1", endpoint_url=url, verify=ca)
answer = client.invoke_endpoint(EndpointName=name, Body=b"{}")
print(json.dumps([answer["ResponseMetadata"]["HTTPStatusCode"], session.get_credentials().method]))
"""


@pytest.fixture(scope="module", params=["namespaces", "loopback"])
def emulation(request: pytest.FixtureRequest) -> Iterator[Emulated]:
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
def host(emulation: Emulated) -> str:
    return emulation[0].online()


def test_a_host_invokes_an_endpoint_by_its_role(emulation: Emulated, host: str) -> None:
    """No key is sent there: the metadata service lends one, with a token that ends. The data plane's truth has the request."""
    hosts, endpoint, target = emulation
    for path in ("public", "privatelink"):
        address = endpoint.addresses[path]
        assert address.dial is not None
        asked = shlex.join([f"https://{address.dial}", "ca.pem", endpoint.name])
        lines = (f"cat > ca.pem <<'END'\n{address.ca_pem}END", f"{sys.executable} - {asked} <<'END'\n{INVOKE}END")
        assert json.loads(hosts.out(host, "cd $(mktemp -d)", *lines)) == [200, "iam-role"]
        assert len(target.truth(endpoint.name, path)) == 1


def test_the_names_of_the_paths_resolve_on_a_host(emulation: Emulated, host: str) -> None:
    """As DNS would have them in the VPC."""
    hosts, endpoint, target = emulation
    in_namespaces(hosts)
    for path, name in target.start().hosts.items():
        assert hosts.out(host, f"getent hosts {name}").split() == [(endpoint.addresses[path].dial or "").partition(":")[0], name]


def test_this_host_still_asks_by_its_own_credentials(emulation: Emulated) -> None:
    """Endpoints are dialled in the hosts' network, and on loopback from here: nothing listens in this host's own network beyond that."""
    _, endpoint, target = emulation
    planes = target.start()
    assert planes.keeping is not None
    assert {path: dial.partition(":")[0] for path, dial in planes.dial.items()} == dict(planes.keeping.ips)
    assert all(address.dial == planes.dial[path] for path, address in endpoint.addresses.items())
    assert all(dial.startswith("127.") for dial in planes.dial_here.values())
    listening = [one for one in psutil.net_connections("inet") if one.pid in {child.pid for child in planes.children}]
    assert listening
    assert all(one.laddr.ip.startswith("127.") for one in listening)
    assert planes.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_load_is_ordered_by_letter_and_comes_from_the_host(emulation: Emulated, host: str, tmp_path: Path) -> None:
    """An agent there, letters through S3, the endpoint at the path's address, signed by the role: every sample arrives here."""
    hosts, endpoint, target = emulation
    planes, bucket = target.start(), target.furnished().bucket
    prefix = f"tailgate/hosts/session/{host}/"
    agent = f"{sys.executable} -P -m tailgate.vantage.agent --mailbox s3://{bucket}/{prefix} --region {target.region}"
    hosts.out(host, f"export PYTHONPATH={shlex.quote(str(HOME))}", f"nohup {agent} > agent.log 2>&1 &")
    post = RemotePost(Mailbox(planes.client("s3", 1), bucket, prefix, writes=TO_HOST), "emulated ec2", f"host {host}", on_this_host=True)
    with closing(post):
        wait(lambda: post.ready)
        order = Order(endpoint.addresses["public"], ConstantRate(50, 3, 0), (b"{}",), tmp_path / "samples")
        samples = drive(order, start=post.start, environment={"AWS_REGION": target.region})
    assert samples.faults == ()
    assert len(samples) == 150
    assert not samples.failed.any()
    assert post.facts["host"]
