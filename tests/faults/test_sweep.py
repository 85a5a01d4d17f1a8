"""`tailgate sweep` against moto, each test in an account of its own: what goes, and what nobody may touch."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tailgate.aws.custody.ledger import Ledger, ledgers_in, read_ledger
from tailgate.child import Child
from tailgate.cli import main
from tailgate.targets.sagemaker.dead_man import Switch, request_of
from tests.faults.accounts import ACCOUNTS, HOUR, OURS, REGION, Account, tags
from tests.faults.aws_proxy import ALL, AwsProxy, refused, rewritten


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    child = Child("control plane", "tailgate.targets.emulated.control_plane")
    child.tell({"simulation": {"deploy_s": 0.0}})
    yield child.ready(60.0)["url"]
    child.end(5.0)


@pytest.fixture
def account() -> str:
    return str(next(ACCOUNTS))


@pytest.fixture
def proxy(moto_url: str, account: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsProxy]:
    """boto3's own settings lead to the proxy."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with AwsProxy(moto_url, account=account) as proxy:
        for name, value in {
            "AWS_ENDPOINT_URL": proxy.url,
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_REGION": REGION,
            "NO_PROXY": "*",
        }.items():
            monkeypatch.setenv(name, value)
        yield proxy


@pytest.fixture
def aws(proxy: AwsProxy) -> Account:
    return Account(proxy)


@pytest.fixture
def sweep(proxy: AwsProxy, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Runs the command; its exit code and what its JSON says."""

    def run(*options: str) -> tuple[int, dict[str, Any]]:
        assert proxy.url
        code = main(["sweep", "--ledger", str(tmp_path), "--wait", "20s", "--json", "-", *options])
        return code, json.loads(capsys.readouterr().out)

    return run


def test_what_has_expired_goes_and_nothing_else(aws: Account, sweep: Callable[..., Any]) -> None:
    """Dry by default. What is not tagged as ours stays, whatever its name; what has not expired stays as well."""
    expired = aws.make("tailgate-expired", tags())
    decoys = [
        aws.make("tailgate-nobodys", {}),
        aws.make("tailgate-half", {key: value for key, value in tags().items() if key != "tailgate:owner"}),
        aws.make("tailgate-another-tools", {"created-by": "terraform", "tailgate": "yes"}),
        aws.make("production", {}),
        aws.make("tailgate-in-use", tags("run-2", 4 * HOUR)),
    ]
    schedule = request_of(Switch("tailgate-schedule", datetime.now(UTC) + HOUR, "arn:aws:iam::123456789012:role/r", {}))
    aws.client("scheduler").create_schedule(**schedule)
    before = aws.names()
    code, said = sweep()
    assert (code, said["delete"], aws.names()) == (1, False, before)
    assert {(row["name"], row["due"]) for row in said["found"]} == {(expired, True), ("tailgate-in-use", False)}
    assert {row["kind"] for row in said["found"]} == set(OURS)
    code, said = sweep("--delete")
    assert (code, said["troubles"]) == (0, [])
    assert [row["kind"] for row in said["found"] if row["gone"]] == list(OURS)
    assert aws.names() == sorted([*decoys * 3, "tailgate-schedule"])
    assert sweep("--delete")[0] == 0


@pytest.mark.thorough
def test_more_goes_where_it_is_asked_for(aws: Account, sweep: Callable[..., Any]) -> None:
    """By session, by age, by owner; each leaves the others alone."""
    for run, owner in (("run-1", "ann"), ("run-2", "ann"), ("run-3", "bob")):
        aws.make(f"tailgate-{run}", tags(run, 4 * HOUR, owner))
    assert sweep()[0] == 0
    assert sweep("--older-than", "2h", "--delete")[0] == 0
    assert len(aws.names()) == 9
    assert sweep("--run", "run-1", "--delete")[0] == 0
    assert set(aws.names()) == {"tailgate-run-2", "tailgate-run-3"}
    assert sweep("--older-than", "0", "--owner", "ann", "--delete")[0] == 0
    assert aws.names() == ["tailgate-run-3"] * 3
    assert sweep("--older-than", "0")[0] == 1


@pytest.mark.thorough
def test_every_page_and_every_region_is_read(aws: Account, proxy: AwsProxy, sweep: Callable[..., Any]) -> None:
    """However short a page is."""
    proxy.harm("sagemaker.ListEndpoints", rewritten(lambda asked: asked | {"MaxResults": 2}), ALL)
    proxy.harm("sagemaker.ListEndpointConfigs", rewritten(lambda asked: asked | {"MaxResults": 1}), ALL)
    for number in range(5):
        aws.make(f"tailgate-{number}", tags())
    aws.make("tailgate-elsewhere", tags(), "us-west-2")
    code, said = sweep("--region", REGION, "--region", "us-west-2", "--delete")
    assert (code, aws.names(), aws.names("us-west-2")) == (0, [], [])
    assert sum(row["gone"] for row in said["found"]) == 18
    assert proxy.names.count("sagemaker.ListEndpoints") >= 4


def test_a_dead_sessions_ledger_is_settled(aws: Account, account: str, sweep: Callable[..., Any], tmp_path: Path) -> None:
    """What it names and is tagged as that session's goes, expired or not; what is another's by now is left alone; then the ledger goes."""
    aws.make("tailgate-dead", tags("dead", 4 * HOUR))
    aws.make("tailgate-reused", tags("another", 4 * HOUR))
    with Ledger.begin(tmp_path, "dead", REGION, account) as ledger:
        for name in ("tailgate-dead", "tailgate-reused", "tailgate-never-made"):
            for kind in OURS:
                ledger.about_to_create(kind, name)
    code, said = sweep()
    assert (code, len(ledgers_in(tmp_path))) == (1, 1)
    assert {(row["name"], row["why"]) for row in said["found"] if row["due"]} == {("tailgate-dead", "its session died on this host")}
    assert sweep("--delete")[0] == 0
    assert set(aws.names()) == {"tailgate-reused"}
    assert ledgers_in(tmp_path) == []


@pytest.mark.thorough
def test_model_data_is_found_in_the_buckets_that_are_named(aws: Account, account: str, sweep: Callable[..., Any]) -> None:
    """And in SageMaker's usual one unnamed; once, however many regions are swept; nobody else's objects go."""
    s3, usual = aws.client("s3"), f"sagemaker-{REGION}-{account}"
    place = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    for bucket in (usual, f"models-{account}"):
        s3.create_bucket(Bucket=bucket, **place)
        s3.put_object(Bucket=bucket, Key="tailgate/run-1/a/model.tar.gz", Body=b"1", Tagging=urlencode(tags()))
        s3.put_object(Bucket=bucket, Key="tailgate/somebodys", Body=b"2")
    code, said = sweep("--delete")
    assert (code, [row["name"] for row in said["found"]]) == (0, [f"{usual}/tailgate/run-1/a/model.tar.gz"])
    code, said = sweep("--delete", "--bucket", f"models-{account}", "--region", REGION, "--region", "us-west-2")
    assert (code, [row["name"] for row in said["found"]]) == (0, [f"models-{account}/tailgate/run-1/a/model.tar.gz"])
    for bucket in (usual, f"models-{account}"):
        assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["tailgate/somebodys"]


def test_what_a_living_session_uses_is_left_alone(aws: Account, account: str, sweep: Callable[..., Any], tmp_path: Path) -> None:
    """Even where it is asked for by age, by session, or has expired."""
    aws.make("tailgate-living", tags("living"))
    with Ledger.begin(tmp_path, "living", REGION, account) as ledger:
        ledger.about_to_create("endpoint", "tailgate-living")
        code, said = sweep("--delete", "--older-than", "0", "--run", "living")
        assert code == 0
        assert {row["why"] for row in said["found"]} == {"its session lives on this host"}
        assert len(aws.names()) == 3
        assert len(ledger.left()) == 1


def test_whether_another_hosts_session_lives_is_not_told_by_its_ledger(
    aws: Account, account: str, sweep: Callable[..., Any], tmp_path: Path
) -> None:
    """Locks do not reach across hosts: where ledgers are shared, what has not expired may be in use. By its name it goes."""
    aws.make("tailgate-there", tags("there", HOUR))
    with Ledger.begin(tmp_path, "there", REGION, account) as ledger:
        ledger.about_to_create("endpoint", "tailgate-there")
    (path,) = ledgers_in(tmp_path)
    path.write_text(path.read_text().replace(f'"host": "{platform.node()}"', '"host": "elsewhere"'))
    code, said = sweep("--delete")
    assert (code, [row["due"] for row in said["found"] if row["name"] == "tailgate-there"]) == (0, [False] * 3)
    assert "tailgate-there" in aws.names()
    assert sweep("--delete", "--run", "there")[0] == 0
    assert "tailgate-there" not in aws.names()
    assert ledgers_in(tmp_path) == []


def test_a_ledger_of_another_account_is_left_alone(sweep: Callable[..., Any], tmp_path: Path) -> None:
    """In this account nothing of it is there, which says nothing about the other."""
    Ledger.begin(tmp_path, "dead", REGION, "999999999999").close()
    (path,) = ledgers_in(tmp_path)
    with Ledger.resume(path) as ledger:
        ledger.about_to_create("endpoint", "tailgate-dead")
    code, said = sweep("--delete")
    assert code == 1
    assert "is of another account than these credentials" in said["troubles"][0]
    assert len(read_ledger(path).left) == 1


@pytest.mark.thorough
def test_what_cannot_be_deleted_or_looked_for_is_told_and_the_rest_goes(aws: Account, proxy: AwsProxy, sweep: Callable[..., Any]) -> None:
    """Exit code 1. An endpoint that stays keeps its configuration and model; other names do not wait for it."""
    aws.make("tailgate-a", tags())
    aws.make("tailgate-b", tags())
    refusal = refused(400, "AccessDeniedException", "not you")
    proxy.harm("sagemaker.DeleteEndpoint", refusal, (1, 3, 4))  # of tailgate-a alone: the second is tailgate-b's
    unseen = proxy.harm("scheduler.ListSchedules", refusal, ALL)
    code, said = sweep("--delete")
    assert code == 1
    left = [row for row in said["found"] if row["left"]]
    assert len({row["name"] for row in left}) == 1
    assert "AccessDeniedException" in left[0]["left"]
    assert "dead-man's schedule" in said["troubles"][0]
    unseen.nth = ()
    assert len(aws.names()) == 3
    assert sweep("--delete")[0] == 0
    assert aws.names() == []


@pytest.mark.thorough
def test_people_get_a_table(aws: Account, proxy: AwsProxy, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What it is, since when, whose, and what is to be done with it; and one line where there is nothing."""
    assert proxy.url
    assert main(["sweep", "--ledger", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "nothing of tailgate's in eu-central-1\n"
    aws.make("tailgate-x", tags(lasts=-2 * HOUR))
    assert main(["sweep", "--ledger", str(tmp_path)]) == 1
    shown = capsys.readouterr().out
    assert "endpoint configuration  tailgate-x  eu-central-1" in shown
    assert "ann    run-1    expired 2 h ago" in shown.replace("120 min", "2 h")
    assert shown.endswith("3 of tailgate's: 3 due; delete with --delete\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--region", "eu-centarl-1"], "did you mean 'eu-central-1'?"),
        (["--older-than", "soon"], "--older-than: 'soon' is not a duration"),
        (["--wait", "3"], "--wait: '3' is not a duration"),
    ],
)
def test_wrong_options_are_said(proxy: AwsProxy, options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In a line, with exit code 4, before anybody is asked."""
    assert main(["sweep", *options]) == 4
    assert said in capsys.readouterr().err
    assert proxy.names == []


@pytest.mark.thorough
def test_without_credentials_or_region_nothing_is_looked_for(
    proxy: AwsProxy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Exit code 4 and a line each."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert main(["sweep", "--ledger", str(tmp_path)]) == 4
    assert "no AWS credentials were found" in capsys.readouterr().err
    monkeypatch.delenv("AWS_REGION")
    assert main(["sweep", "--ledger", str(tmp_path)]) == 4
    assert "--region" in capsys.readouterr().err
    assert proxy.names == []
