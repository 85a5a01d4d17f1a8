"""One session of target sagemaker with every part on: shipped model, two types, both paths, prices, the dead-man's switch, CloudWatch.

The control plane is moto, mended, the data plane our own; a stand-in for DNS leads the interface endpoint's names to it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tailgate.child import Child
from tests.emulated.conftest import HOSTS, IPS, REGION, SECRET_KEY, StartDataPlane, lead_boto3
from tests.faults.books import Books

ACCOUNT = "123456789012"
SUITE = """
import pytest
from tailgate import Budget, Case, EndpointSpec, Poisson

pytestmark = pytest.mark.latency
CASE = Case(
    EndpointSpec("dummy", instance_type="ml.t2.medium"),
    payload=b"[1]",
    load=Poisson(per_s=60, for_s=4, warmup_s=0.5, seed=7),
    budget=Budget.of("p90 <= 2s"),
)

@pytest.mark.parametrize("case", [CASE, CASE.on("ml.m5.large")], ids=lambda case: case.id)
def test_dummy(measure, case):
    run = measure(case)
    assert run.verdict, run.verdict.explain()

@pytest.mark.latency(CASE.on("ml.m5.large"), CASE.on("ml.m5.large").via("privatelink"))
def test_privatelink_is_no_slower(measure):
    there = CASE.on("ml.m5.large")
    change = measure.paired(there.via("public"), there.via("privatelink"))
    assert change.no_worse_than("2s", at="p90"), change.explain()
"""

DNS = '''"""Stands for DNS, in the processes of one test: names of interface endpoints are where a variable says, by suffix."""
import _socket, json, os, socket
_THERE, _ASK = json.loads(os.environ["TEST_HOSTS"]), _socket.getaddrinfo
def getaddrinfo(host, port, *more, **named):
    name = host.decode() if isinstance(host, bytes) else host
    for suffix, (ip, there) in _THERE.items():
        if name and name.endswith(suffix):
            return _ASK(ip, there if port else port, *more, **named)
    return _ASK(host, port, *more, **named)
_socket.getaddrinfo = getaddrinfo
'''


@pytest.fixture
def control_plane() -> Iterator[str]:
    """moto, whose endpoints take a second."""
    child = Child("control plane", "tailgate.targets.emulated.control_plane")
    child.tell({"simulation": {"deploy_s": 1.0, "delete_s": 0.5}, "vpc_endpoint_pending_s": 0.5})
    yield child.ready(60)["url"]
    child.end(10)


@pytest.fixture
def books(control_plane: str) -> Books:
    """The account's, with somebody else's things in it."""
    books = Books(control_plane, ACCOUNT, REGION)
    books.furnish()
    return books


@pytest.fixture
def subnets(books: Books) -> list[str]:
    """Where the session's host is: a subnet in each of two zones, with a way out."""
    ec2 = books.ask("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway)
    table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    zones = [(f"{REGION}a", "10.0.0.0/24"), (f"{REGION}c", "10.0.1.0/24")]
    return [ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=zone)["Subnet"]["SubnetId"] for zone, block in zones]


@pytest.fixture
def led(control_plane: str, start_data_plane: StartDataPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3's own settings, and DNS, lead to both planes."""
    private = "*." + HOSTS["privatelink"].partition(".")[2]
    listen = {path: {"ip": IPS[path], "names": [private if path == "privatelink" else HOSTS[path]]} for path in HOSTS}
    plane = start_data_plane(control_plane, listen=listen)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    lead_boto3(control_plane, plane, monkeypatch)
    (tmp_path / "dns").mkdir()
    (tmp_path / "dns" / "sitecustomize.py").write_text(DNS)
    settings = {
        "PYTHONPATH": str(tmp_path / "dns"),
        "TEST_HOSTS": json.dumps({private[1:]: plane.address("privatelink")}),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("led")
def test_a_session_with_everything_on_measures_records_and_leaves_the_account_as_it_was(
    books: Books, subnets: list[str], pytester: pytest.Pytester
) -> None:
    """Four runs pass and say all there is to say; the account's books are as before; no process, no ledger, no secret is left."""
    roles = {name: books.role(name, service) for name, service in (("execution", "sagemaker"), ("dead-man", "scheduler"))}
    before = books.everything()
    pytester.makepyfile(test_dummy=SUITE)
    options = ["--latency-target", "sagemaker", "--latency-role", roles["execution"], "--latency-dead-man-role", roles["dead-man"]]
    options += ["--latency-max-usd", "50", "--latency-allow-account", ACCOUNT, "--latency-owner", "ann", "--latency-cloudwatch-wait", "2"]
    options += [word for subnet in subnets for word in ("--latency-client-subnet", subnet)]
    outcome = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-m", "latency", *options, timeout=300)
    outcome.assert_outcomes(passed=3)
    outcome.stdout.fnmatch_lines(["cost: at most *USD of 50.00 USD*", "cost: at most * planned, about * USD spent*"])
    assert books.everything() == before
    assert not list(pytester.path.glob("reports/ledger/*.jsonl"))
    assert not [each for each in psutil.process_iter(["cmdline"]) if _serves(each, pytester.path)]
    runs: list[Any] = [json.loads(path.read_text()) for path in pytester.path.glob("reports/runs/*/*.json")]
    assert len(runs) == 4
    for run in runs:
        facts = run["provenance"]["endpoint"]
        assert run["provenance"]["target"] == "sagemaker"
        assert run["provenance"]["warm_up"][0]["requests"] >= 3 * 20
        assert ("burst regime" in run["verdict"]["explanation"]) == (facts["instance_type"] == "ml.t2.medium")
        assert facts["image"].startswith("sagemaker-scikit-learn")
        assert ACCOUNT not in json.dumps(run["provenance"])
    assert {run["provenance"]["network_path"] for run in runs} == {"public", "privatelink"}
    written = b"".join(path.read_bytes() for path in pytester.path.rglob("reports/**/*") if path.is_file())
    assert SECRET_KEY.encode() not in written


def _serves(process: psutil.Process, folder: Path) -> bool:
    """Whether it is a reaper of the session in that folder."""
    try:
        return "tailgate.aws.custody.reaper" in process.info["cmdline"] and Path(process.cwd()) == folder
    except (psutil.Error, TypeError):
        return False
