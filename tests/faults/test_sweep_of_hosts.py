"""What sessions left whose load came from hosts: instances, their security group, and letters in S3; found, deleted, or left alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tailgate.aws.custody.ledger import Ledger
from tailgate.aws.custody.removal import Thing, remove_all
from tailgate.aws.names import as_tag_list
from tailgate.aws.stored_prefix import delete_prefix, mark_prefix
from tailgate.aws.waiting import Patience
from tailgate.child import Child
from tailgate.cli import main
from tests.faults.accounts import ACCOUNTS, HOUR, REGION, Account, tags
from tests.faults.aws_proxy import ALL, AwsProxy, refused

OURS = "tailgate-hosts-0123456789"
IMAGE = "ami-12c6146b"


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    child = Child("control plane", "tailgate.targets.emulated.control_plane")
    child.tell({})
    yield child.ready(60.0)["url"]
    child.end(5.0)


@pytest.fixture
def proxy(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsProxy]:
    """boto3's own settings lead to the proxy, in an account of the test's own."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with AwsProxy(moto_url, account=str(next(ACCOUNTS))) as proxy:
        settings = {"AWS_ENDPOINT_URL": proxy.url, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "any"}
        for name, value in (settings | {"AWS_REGION": REGION, "NO_PROXY": "*"}).items():
            monkeypatch.setenv(name, value)
        yield proxy


@pytest.fixture
def aws(proxy: AwsProxy) -> Account:
    return Account(proxy)


@pytest.fixture
def bucket(aws: Account, proxy: AwsProxy) -> str:
    """The one that is taken where nobody names one."""
    name = f"sagemaker-{REGION}-{proxy.account}"
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


@pytest.fixture
def sweep(proxy: AwsProxy, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, Any]]]:
    def run(*options: str) -> tuple[int, dict[str, Any]]:
        assert proxy.url
        code = main(["sweep", "--ledger", str(tmp_path), "--wait", "20s", "--json", "-", *options])
        return code, json.loads(capsys.readouterr().out)

    return run


def launch(aws: Account, name: str, carried: dict[str, str], count: int = 1) -> list[str]:
    """Instances of a name."""
    told = [{"ResourceType": "instance", "Tags": as_tag_list({**carried, "Name": name})}]
    made = aws.client("ec2").run_instances(ImageId=IMAGE, MinCount=count, MaxCount=count, TagSpecifications=told)
    return [each["InstanceId"] for each in made["Instances"]]


def states(aws: Account, ids: list[str]) -> set[str]:
    found = aws.client("ec2").describe_instances(InstanceIds=ids)["Reservations"]
    return {each["State"]["Name"] for reservation in found for each in reservation["Instances"]}


def keys(aws: Account, bucket: str) -> list[str]:
    return [each["Key"] for each in aws.client("s3").list_objects_v2(Bucket=bucket).get("Contents", ())]


def test_hosts_and_letters_that_have_expired_go_and_nothing_else(aws: Account, bucket: str, sweep: Callable[..., Any]) -> None:
    """One row for what was launched at once, one for all letters of a session. What is not tagged as ours stays, whatever its name."""
    expired, nobodys = launch(aws, OURS, tags(), count=2), launch(aws, OURS, {})
    living = launch(aws, "tailgate-hosts-9876543210", tags("run-2", 4 * HOUR))
    s3 = aws.client("s3")
    for session, lasts in (("run-1", -HOUR), ("run-2", 4 * HOUR)):
        mark_prefix(s3, f"{bucket}/tailgate/hosts/{session}/", tags(session, lasts))
    for key in ("tailgate/hosts/run-1/i-1/in/000001", "tailgate/hosts/run-1/bundle", "tailgate/hosts/nobodys/in/000001", "other"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    code, said = sweep()
    assert (code, said["troubles"]) == (1, [])
    assert {(row["kind"], row["name"], row["due"]) for row in said["found"]} == {
        ("instance", OURS, True),
        ("instance", "tailgate-hosts-9876543210", False),
        ("s3_prefix", f"{bucket}/tailgate/hosts/run-1/", True),
        ("s3_prefix", f"{bucket}/tailgate/hosts/run-2/", False),
    }
    code, said = sweep("--delete")
    assert (code, said["troubles"]) == (0, [])
    assert (states(aws, expired), states(aws, nobodys + living)) == ({"terminated"}, {"running"})
    assert keys(aws, bucket) == ["other", "tailgate/hosts/nobodys/in/000001", "tailgate/hosts/run-2/marker"]


def test_what_a_dead_sessions_ledger_names_goes(aws: Account, bucket: str, tmp_path: Path, sweep: Callable[..., Any]) -> None:
    """Though nothing has expired."""
    with Ledger.begin(tmp_path, "run-1", REGION) as ledger:
        ledger.about_to_create("instance", OURS)
        ledger.about_to_create("s3_prefix", f"{bucket}/tailgate/hosts/run-1/")
    ids = launch(aws, OURS, tags("run-1", 4 * HOUR))
    mark_prefix(aws.client("s3"), f"{bucket}/tailgate/hosts/run-1/", tags("run-1", 4 * HOUR))
    code, said = sweep("--delete")
    assert (code, {row["why"] for row in said["found"]}) == (0, {"its session died on this host"})
    assert (states(aws, ids), keys(aws, bucket), list(tmp_path.iterdir())) == ({"terminated"}, [], [])


def test_letters_stay_as_long_as_hosts_may_write_them(aws: Account, bucket: str, proxy: AwsProxy) -> None:
    """What a host writes after its prefix is gone would belong to nobody."""
    launch(aws, OURS, tags())
    name = f"{bucket}/tailgate/hosts/run-1/"
    mark_prefix(aws.client("s3"), name, tags())
    proxy.harm("ec2.TerminateInstances", refused(403, "UnauthorizedOperation", "no"), ALL)
    things = [Thing("s3_prefix", name, "run-1"), Thing("instance", OURS, "run-1")]
    removed = remove_all(things, lambda: aws.client, Patience(0.05, 0.3))
    assert "ec2:TerminateInstances" in removed.left[things[1]]
    assert (set(removed.left), keys(aws, bucket)) == (set(things), ["tailgate/hosts/run-1/marker"])


def test_no_version_of_a_letter_is_left(aws: Account, bucket: str) -> None:
    """A versioned bucket only hides what is deleted, and goes on billing it."""
    s3 = aws.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    mark_prefix(s3, f"{bucket}/tailgate/hosts/run-1/", tags())
    for body in (b"1", b"2"):
        s3.put_object(Bucket=bucket, Key="tailgate/hosts/run-1/out/alive", Body=body)
    delete_prefix(s3, f"{bucket}/tailgate/hosts/run-1/")
    left = s3.list_object_versions(Bucket=bucket)
    assert "Versions" not in left
    assert "DeleteMarkers" not in left


def test_a_launch_with_the_same_token_is_the_same_launch(aws: Account) -> None:
    """As EC2 has it: an answer that was lost is asked for again, and other parameters are refused."""
    ec2 = aws.client("ec2")
    asked = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1, "ClientToken": OURS}
    first, again = (ec2.run_instances(**asked)["Instances"][0]["InstanceId"] for _ in range(2))
    assert first == again
    with pytest.raises(ec2.exceptions.ClientError, match="IdempotentParameterMismatch"):
        ec2.run_instances(**asked | {"InstanceType": "m5.large"})
