"""The short form of what is tested of emulated hosts: one boots, is commanded, reaches S3 and the paths, and is gone."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tailgate.targets.emulated.elsewhere import made_in
from tailgate.targets.serving import listening
from tailgate.vantage.emulated.network import namespaces_refused
from tests.emulated.hosts import REGION, Hosts, emulated_hosts, in_namespaces, wait

ROUND_TRIP_S, ALLOWED_S = 0.002, 0.0003
PATHS = ("public", "privatelink")
CONNECT = """
import json, socket, time
def least_s(ip, port):
    took = []
    for _ in range(200):
        began = time.perf_counter()
        socket.create_connection((ip, port)).close()
        took.append(time.perf_counter() - began)
    return min(took)
"""


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    with emulated_hosts(PATHS, round_trips_s={"privatelink": ROUND_TRIP_S} if namespaces_refused() is None else {}) as running:
        yield running


@pytest.fixture(scope="module")
def host(hosts: Hosts) -> str:
    return hosts.online(UserData="#!/bin/sh\nshutdown -h +60\n")


def test_a_command_is_really_run_on_a_host_at_the_address_that_ec2_says(hosts: Hosts, host: str) -> None:
    """What Systems Manager was sent, with what it wrote and by which code it ended."""
    told = hosts.run(host, "echo $((6 * 7))", "exit 9")
    assert (told["Status"], told["ResponseCode"], told["StandardOutputContent"]) == ("Failed", 9, "42\n")
    if hosts.keeping.kind == "namespaces":
        assert hosts.described(host)["PrivateIpAddress"] in hosts.out(host, "ip -4 address")


def test_a_bundle_reaches_a_host_through_s3_by_its_role(hosts: Hosts, host: str) -> None:
    """`aws s3 cp`, with what the metadata service lends."""
    hosts.s3.create_bucket(Bucket="bundles", CreateBucketConfiguration={"LocationConstraint": REGION})
    hosts.s3.put_object(Bucket="bundles", Key="bundle", Body=b"wheels")
    assert hosts.out(host, "cd $(mktemp -d)", "aws s3 cp s3://bundles/bundle . --quiet", "cat bundle") == "wheels"


def test_a_delay_line_adds_its_round_trip_time_to_its_path_alone(hosts: Hosts, host: str) -> None:
    """Connecting takes one: the quickest of many, whatever else this host does, differs by 2 ms ± .3, and never by less."""
    in_namespaces(hosts)
    with closing(made_in(hosts.keeping.namespace, partial(listening, hosts.keeping.ips["public"]))) as near:
        port = near.getsockname()[1]
        with closing(made_in(hosts.keeping.namespace, partial(listening, hosts.keeping.ips["privatelink"], port))) as far:
            for server in (near, far):
                threading.Thread(target=accept_all, args=(server,), daemon=True).start()
            ips = [hosts.keeping.ips[path] for path in PATHS]
            code = f"{CONNECT}print(json.dumps([least_s(ip, {port}) for ip in {ips!r}]))"
            near_s, far_s = json.loads(hosts.out(host, f"{sys.executable} - <<'END'", code, "END"))
    assert abs(far_s - near_s - ROUND_TRIP_S) < ALLOWED_S


def accept_all(server: socket.socket) -> None:
    """Until it is closed."""
    with contextlib.suppress(OSError):
        while True:
            server.accept()[0].close()


def test_termination_removes_a_host(hosts: Hosts, host: str) -> None:
    """It is shutting down until nothing is left of it; its own shutdown, which was armed, is not waited for."""
    pid = hosts.pid(host)
    hosts.ec2.terminate_instances(InstanceIds=[host])
    wait(lambda: hosts.state(host) == "terminated")
    assert not Path(f"/proc/{pid}").exists()
    assert hosts.ping(host) is None
