"""EC2 instances of the emulation are hosts: they boot, take commands, reach S3 by their role, and go as instances do."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulated.hosts import REGION, Hosts, emulated_hosts, in_namespaces, wait


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    with emulated_hosts(minute_s=0.5) as running:
        yield running


@pytest.fixture(scope="module")
def host(hosts: Hosts) -> str:
    """One that takes commands, shared by the tests that leave it as it is."""
    return hosts.online(UserData="#!/bin/sh\necho booted > /tmp/user-data-$$\n")


def test_an_instance_is_pending_until_its_host_is_up_and_is_where_ec2_says(hosts: Hosts) -> None:
    """The private address in the books is the one that the host itself has."""
    instance_id = hosts.launch()
    wait(lambda: hosts.state(instance_id) == "running")
    wait(lambda: hosts.ping(instance_id) == "Online")
    ip = hosts.described(instance_id)["PrivateIpAddress"]
    token = 'T=$(curl -sX PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" $B/latest/api/token)'
    asked = 'curl -s -H "X-aws-ec2-metadata-token: $T" $B/latest/meta-data/local-ipv4'
    base = "B=${AWS_EC2_METADATA_SERVICE_ENDPOINT:-http://169.254.169.254}"
    assert hosts.out(instance_id, base, token, asked) == ip
    hosts.ec2.terminate_instances(InstanceIds=[instance_id])


def test_user_data_is_run_at_boot(hosts: Hosts, host: str) -> None:
    """As cloud-init runs a script."""
    wait(lambda: "booted" in hosts.out(host, "cat /tmp/user-data-* || true"))


def test_a_command_is_really_run_and_what_it_wrote_is_told(hosts: Hosts, host: str) -> None:
    """Success with output; the lines are one script, and the folder is the one asked for."""
    told = hosts.run(host, "n=6", "echo $((n * 7)) in $PWD", "echo aside >&2", workingDirectory=["/usr/lib"])
    assert (told["Status"], told["StatusDetails"], told["ResponseCode"]) == ("Success", "Success", 0)
    assert (told["StandardOutputContent"], told["StandardErrorContent"]) == ("42 in /usr/lib\n", "aside\n")
    assert re.fullmatch(r"PT\d+\.\d{3}S", told["ExecutionElapsedTime"])


def test_a_command_that_fails_says_by_which_code(hosts: Hosts, host: str) -> None:
    """Failed, with what it wrote until then."""
    told = hosts.run(host, "echo before", "exit 9")
    assert (told["Status"], told["ResponseCode"], told["StandardOutputContent"]) == ("Failed", 9, "before\n")


def test_a_command_is_in_progress_while_it_runs_and_tells_no_output(hosts: Hosts, host: str) -> None:
    """Then it is cancelled, and its processes end."""
    command_id = hosts.send(host, "echo early", "sleep 600")
    wait(lambda: hosts.invocation(command_id, host)["Status"] == "InProgress")
    told = hosts.invocation(command_id, host)
    assert (told["StandardOutputContent"], told["ResponseCode"]) == ("", -1)
    assert hosts.ssm.list_commands(CommandId=command_id)["Commands"][0]["Status"] == "InProgress"
    hosts.ssm.cancel_command(CommandId=command_id)
    wait(lambda: hosts.invocation(command_id, host)["Status"] == "Cancelled")
    assert "sleep 600" not in hosts.out(host, "ps ax | grep '[s]leep 600' || true")


def test_a_command_that_takes_too_long_is_ended(hosts: Hosts, host: str) -> None:
    """TimedOut, by its execution."""
    told = hosts.run(host, "sleep 600", executionTimeout=["1"])
    assert (told["Status"], told["StatusDetails"]) == ("TimedOut", "ExecutionTimedOut")


def test_of_long_output_the_first_24000_characters_are_told(hosts: Hosts, host: str) -> None:
    """And 8 000 of what went to standard error."""
    told = hosts.run(host, "seq 1 20000", "seq 1 20000 >&2")
    whole = "".join(f"{number}\n" for number in range(1, 20001))
    assert told["StandardOutputContent"] == whole[:24_000]
    assert told["StandardErrorContent"] == whole[:8_000]


def test_what_a_command_leaves_running_goes_on_and_the_command_ends(hosts: Hosts, host: str) -> None:
    """So a bootstrap may start its agent, detached, though the agent still holds its output."""
    told = hosts.run(host, "nohup sleep 601 &", "echo started")
    assert told["StandardOutputContent"] == "started\n"
    assert "sleep 601" in hosts.out(host, "ps ax | grep '[s]leep 601'")


def test_an_instance_without_a_role_takes_no_commands(hosts: Hosts) -> None:
    """Its agent has no credentials to report with, and Systems Manager refuses what it does not know."""
    stranger = hosts.ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    wait(lambda: hosts.state(stranger) == "running")
    assert hosts.ping(stranger) is None
    with pytest.raises(hosts.ssm.exceptions.InvalidInstanceId):
        hosts.send(stranger, "true")
    hosts.ec2.terminate_instances(InstanceIds=[stranger])


def test_a_host_reaches_s3_by_the_credentials_of_its_role(hosts: Hosts, host: str) -> None:
    """`aws s3 cp` both ways, by what the metadata service lends."""
    hosts.s3.create_bucket(Bucket="bundles", CreateBucketConfiguration={"LocationConstraint": REGION})
    body = os.urandom(3_000_000)
    hosts.s3.put_object(Bucket="bundles", Key="a/bundle", Body=body)
    lines = ("cd $(mktemp -d)", f"aws s3 cp s3://bundles/a/bundle . --region {REGION}", "sha256sum bundle")
    assert hosts.out(host, *lines).split()[-2] == hashlib.sha256(body).hexdigest()
    hosts.out(host, "cd $(mktemp -d)", "echo sent > out.txt", "aws s3 cp out.txt s3://bundles/b/ --quiet")
    assert hosts.s3.get_object(Bucket="bundles", Key="b/out.txt")["Body"].read() == b"sent\n"
    told = hosts.run(host, "aws s3 cp s3://bundles/none here")
    assert told["ResponseCode"] == 1
    assert "404" in told["StandardErrorContent"]


def test_dnf_has_the_python_that_runs_the_emulation_and_no_other(hosts: Hosts, host: str) -> None:
    """A bootstrap installs it, makes a venv, and says what is missing where it asks for another."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    lines = (f"dnf install -y -q python{version}", f"python{version} -c 'import json; print(json.dumps(1))'")
    assert hosts.out(host, *lines).splitlines()[-1] == "1"
    told = hosts.run(host, "dnf install -y python3.99")
    assert (told["ResponseCode"], "python3.99" in told["StandardErrorContent"]) == (1, True)


def test_a_host_ends_by_its_own_timed_shutdown(hosts: Hosts) -> None:
    """Armed at boot, it terminates the instance although nobody speaks to it again; without being told to, it stops it."""
    dying = hosts.launch(UserData="#!/bin/sh\nshutdown -h +1\n", InstanceInitiatedShutdownBehavior="terminate")
    stopping = hosts.launch(UserData="#!/bin/sh\nshutdown -h +1\n")
    wait(lambda: hosts.state(dying) == "terminated")
    assert "shutdown" in hosts.described(dying)["StateReason"]["Message"]
    wait(lambda: hosts.state(stopping) == "stopped")
    hosts.ec2.terminate_instances(InstanceIds=[stopping])
    wait(lambda: hosts.state(stopping) == "terminated")


def test_version_1_of_the_metadata_service_is_refused_where_tokens_are_required(hosts: Hosts) -> None:
    """And what it tells is of this instance."""
    subnet = hosts.ec2.describe_subnets()["Subnets"][0]
    one = hosts.online(MetadataOptions={"HttpTokens": "required"}, SubnetId=subnet["SubnetId"], InstanceType="c5.large")
    base = "B=${AWS_EC2_METADATA_SERVICE_ENDPOINT:-http://169.254.169.254}"
    assert hosts.out(one, base, "curl -so /dev/null -w '%{http_code}' $B/latest/meta-data/instance-id") == "401"
    token = 'T=$(curl -sX PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" $B/latest/api/token)'
    asked = 'curl -s -H "X-aws-ec2-metadata-token: $T" $B/latest/dynamic/instance-identity/document'
    identity = json.loads(hosts.out(one, base, token, asked))
    assert (identity["instanceId"], identity["instanceType"]) == (one, "c5.large")
    assert identity["availabilityZone"] == subnet["AvailabilityZone"]
    hosts.ec2.terminate_instances(InstanceIds=[one])


def test_what_a_host_writes_is_its_own(hosts: Hosts, host: str) -> None:
    """A bootstrap may write to /opt, /var and /etc: this host's stay as they are, and the other host's too."""
    in_namespaces(hosts)
    hosts.out(host, "mkdir -p /opt/emulated-host-was-here && echo x > /opt/emulated-host-was-here/x && echo x > /etc/emulated-host")
    assert hosts.out(host, "cat /opt/emulated-host-was-here/x") == "x"
    assert not Path("/opt/emulated-host-was-here").exists()
    assert not Path("/etc/emulated-host").exists()


def test_names_that_the_emulation_gives_resolve_on_a_host(hosts: Hosts, host: str) -> None:
    """The endpoints' names lead to the data plane's addresses, and everything else nowhere."""
    in_namespaces(hosts)
    assert hosts.out(host, "getent hosts runtime.example").split() == [hosts.keeping.ips["public"], "runtime.example"]
    assert hosts.run(host, "getent hosts elsewhere.example")["Status"] == "Failed"
