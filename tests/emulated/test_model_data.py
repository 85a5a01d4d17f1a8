"""Model data in S3: put there for a session, tagged as ours, noted before, and gone after. moto is a process, boto3 unmodified."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tailgate.aws.custody.ledger import Ledger
from tailgate.aws.custody.removal import Thing, remove_all
from tailgate.aws.custody.resources import KINDS
from tailgate.aws.names import ownership_tags
from tailgate.aws.stored import KIND, usual_bucket
from tailgate.aws.waiting import Patience
from tailgate.errors import TargetError
from tailgate.targets.sagemaker.model import model_data
from tailgate.targets.sagemaker.model.model_data import ModelData, Shelf
from tailgate.targets.sagemaker.model.packaging import constant_archive
from tests.faults.aws_proxy import AwsProxy, answer_lost, denied, refused, unreachable

REGION = "eu-central-1"
ACCOUNT = "123456789012"
TAGS = ownership_tags("run-1", "ann", datetime.now(UTC) + timedelta(hours=1))
SHELF = Shelf(usual_bucket(REGION, ACCOUNT), "run-1", REGION, ACCOUNT, TAGS)
ONCE = Patience(0.0, 0.0)


@pytest.fixture
def aws(moto: Any) -> Iterator[AwsProxy]:
    """moto, each call recorded and some of them harmed."""
    with AwsProxy(moto.url) as proxy:
        yield proxy


@pytest.fixture
def services(aws: AwsProxy) -> Iterator[Callable[[str], Any]]:
    """boto3 clients, one for each service."""
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            config = Config(retries={"mode": "standard", "total_max_attempts": 1}, proxies={})
            session = boto3.Session("AKIAEXAMPLE", "any", region_name=REGION)
            made[service] = session.client(service, endpoint_url=aws.url, config=config)
        return made[service]

    yield client
    for each in made.values():
        each.close()


@pytest.fixture
def s3(services: Callable[[str], Any]) -> Any:
    return services("s3")


@pytest.fixture
def bucket(s3: Any) -> Iterator[str]:
    """The bucket that is taken where nobody names one; emptied of versions and removed afterwards."""
    s3.create_bucket(Bucket=SHELF.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    yield SHELF.bucket
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=SHELF.bucket)
    for one in [one for page in pages for kind in ("Versions", "DeleteMarkers") for one in page.get(kind, ())]:
        s3.delete_object(Bucket=SHELF.bucket, Key=one["Key"], VersionId=one["VersionId"])
    s3.delete_bucket(Bucket=SHELF.bucket)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.begin(tmp_path / "ledger", "run-1", REGION) as ledger:
        yield ledger


@pytest.fixture
def store(s3: Any, ledger: Ledger) -> ModelData:
    return ModelData(s3, SHELF, ledger)


def keys(s3: Any) -> list[str]:
    return [one["Key"] for one in s3.list_objects_v2(Bucket=SHELF.bucket).get("Contents", ())]


def test_the_shipped_model_is_uploaded_once_tagged_as_ours_and_gone_at_the_end(
    s3: Any, bucket: str, store: ModelData, ledger: Ledger, aws: AwsProxy
) -> None:
    """Ten endpoints that need it at once share one object; its name is known beforehand, its bytes are the archive's."""
    with ThreadPoolExecutor(10) as pool:
        uris = set(pool.map(lambda _: store.put(constant_archive()), range(10)))
    digest = hashlib.sha256(constant_archive()).digest()
    key = f"tailgate/run-1/{digest.hex()[:16]}/model.tar.gz"
    assert uris == {f"s3://{bucket}/{key}"}
    assert keys(s3) == [key]
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == constant_archive()
    (upload,) = [call.request for call in aws.calls if call.operation == "PutObject"]
    assert upload.headers["x-amz-checksum-sha256"] == base64.b64encode(digest).decode(), "S3 refuses what arrives otherwise"
    assert KINDS[KIND].tags(lambda _service: s3, f"{bucket}/{key}") == TAGS
    assert [(entry.kind, entry.name) for entry in ledger.left()] == [(KIND, f"{bucket}/{key}")]
    store.close()
    assert keys(s3) == []
    assert ledger.left() == ()
    store.close()


def test_a_users_archive_is_uploaded_from_its_file(
    s3: Any, bucket: str, store: ModelData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own object beside the shipped one's; one that S3 would not take at once is refused, with what to do."""
    path = tmp_path / "ranker.tar.gz"
    path.write_bytes(bytes(3_000_000) + b"end")
    uri = store.put(path)
    store.put(constant_archive())
    assert s3.get_object(Bucket=bucket, Key=uri.removeprefix(f"s3://{bucket}/"))["Body"].read() == path.read_bytes()
    assert len(keys(s3)) == 2
    store.close()
    assert keys(s3) == []
    monkeypatch.setattr(model_data, "LARGEST_BYTES", 1_000_000)
    with pytest.raises(TargetError, match="aws s3 cp does it in parts"):
        store.put(path)
    with pytest.raises(TargetError, match=r"missing.tar.gz cannot be read: No such file"):
        store.put(tmp_path / "missing.tar.gz")


def test_a_bucket_that_does_not_exist_is_not_made_silently(store: ModelData, aws: AwsProxy) -> None:
    """The error has the command that makes it, and the option that names another; nothing is written down, nothing is created."""
    with pytest.raises(
        TargetError, match=r"--latency-bucket NAME; or create it: aws s3api create-bucket .* LocationConstraint=eu-central-1"
    ):
        store.put(constant_archive())
    assert aws.names == ["s3.HeadBucket"]


def test_a_bucket_elsewhere_is_refused(s3: Any, ledger: Ledger, aws: AwsProxy) -> None:
    """SageMaker reads model data of its own region only."""
    s3.create_bucket(Bucket="far-away", CreateBucketConfiguration={"LocationConstraint": REGION})
    with pytest.raises(TargetError, match=f"far-away is in {REGION}.*name a bucket in eu-west-3: --latency-bucket"):
        ModelData(s3, replace(SHELF, bucket="far-away", region="eu-west-3"), ledger).check_bucket()
    s3.delete_bucket(Bucket="far-away")
    assert "s3.PutObject" not in aws.names


def test_every_request_says_whose_the_bucket_has_to_be(bucket: str, store: ModelData, aws: AwsProxy) -> None:
    """Somebody else's bucket of that name gets nothing, and loses nothing."""
    assert bucket
    store.put(constant_archive())
    store.close()
    calls = [call for call in aws.calls if call.operation != "CreateBucket"]
    assert [call.operation for call in calls] == ["HeadBucket", "PutObject", "DeleteObject"]
    assert {call.request.headers.get("x-amz-expected-bucket-owner") for call in calls} == {ACCOUNT}


def test_all_versions_go_from_a_bucket_that_keeps_them(s3: Any, bucket: str, store: ModelData) -> None:
    """Deletion alone would only hide the object, and what is hidden is billed; another object's versions stay."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    uri = store.put(constant_archive())
    s3.put_object(Bucket=bucket, Key=uri.removeprefix(f"s3://{bucket}/") + ".theirs", Body=b"x")
    store.close()
    found = s3.list_object_versions(Bucket=bucket)
    assert [one["Key"].rpartition(".")[2] for one in found["Versions"]] == ["theirs"]
    assert "DeleteMarkers" not in found


@pytest.mark.parametrize("harm", [answer_lost, unreachable, refused(503, "SlowDown", "Please reduce your request rate.")])
def test_an_upload_that_failed_is_deleted_all_the_same(
    s3: Any, bucket: str, store: ModelData, ledger: Ledger, aws: AwsProxy, harm: Any
) -> None:
    """Its answer may have been lost after the work was done: it is in the ledger, and goes at the end."""
    assert bucket
    fault = aws.harm("s3.PutObject", harm, nth=(1,))
    with pytest.raises(TargetError, match="could not upload model data"):
        store.put(constant_archive())
    assert fault.fired == 1
    assert len(ledger.left()) == 1
    store.close()
    assert keys(s3) == []
    assert ledger.left() == ()


def test_a_missing_permission_is_named(bucket: str, store: ModelData, aws: AwsProxy) -> None:
    """Looking at the bucket may be denied, and the upload is tried; where that is denied too, the error says what to add."""
    assert bucket
    looked = aws.harm("s3.HeadBucket", refused(403, "403", "Forbidden"))
    fault = aws.harm("s3.PutObject", denied)
    with pytest.raises(TargetError, match=rf"s3:PutObject or s3:PutObjectTagging on arn:aws:s3:::{SHELF.bucket}/tailgate/\*"):
        store.put(constant_archive())
    assert (looked.fired, fault.fired) == (1, 1)


def test_what_cannot_be_deleted_is_named_and_stays_in_the_ledger(bucket: str, store: ModelData, ledger: Ledger, aws: AwsProxy) -> None:
    """It is tried again by whoever closes again."""
    uri = store.put(constant_archive())
    fault = aws.harm("s3.DeleteObject", denied, nth=(1,))
    with pytest.raises(TargetError, match=f"could not delete s3://{bucket}/tailgate/run-1/"):
        store.close()
    assert fault.fired == 1
    assert [f"s3://{entry.name}" for entry in ledger.left()] == [uri]
    store.close()
    assert ledger.left() == ()


def test_model_data_is_one_of_the_kinds_that_are_swept(services: Callable[[str], Any], s3: Any, bucket: str, store: ModelData) -> None:
    """By name it is deleted and its tags are read; it is listed with them, beside what is somebody else's."""
    store.put(constant_archive())
    s3.put_object(Bucket=bucket, Key="tailgate/theirs/model.tar.gz", Body=b"x", Tagging="team=search")
    s3.put_object(Bucket=bucket, Key="models/model.tar.gz", Body=b"x")
    kind = KINDS[KIND]
    found = {one.name: one for one in kind.listed(services)}
    (ours,) = [one for one in found.values() if one.is_ours]
    assert len(found) == 2
    assert ours.tags == TAGS
    assert ours.created_at.tzinfo is UTC
    for _ in range(2):
        kind.delete(services, ours.name, ONCE)
    assert kind.tags(services, ours.name) is None
    assert kind.by_hand(ours.name) == f"aws s3 rm s3://{ours.name}"
    assert keys(s3) == ["models/model.tar.gz", "tailgate/theirs/model.tar.gz"]


def test_nothing_is_listed_where_there_is_no_bucket(services: Callable[[str], Any]) -> None:
    """Who never deployed the shipped model has none, and that is no error."""
    assert list(KINDS[KIND].listed(services)) == []
    assert KINDS[KIND].tags(services, f"{SHELF.bucket}/tailgate/x") is None
    KINDS[KIND].delete(services, f"{SHELF.bucket}/tailgate/x", ONCE)


@pytest.mark.parametrize("uri", ["s3://{}/models/ranker.tar.gz", "s3://{}/models/ranker/"])
def test_the_users_own_model_data_is_looked_for_where_that_is_allowed(
    s3: Any, bucket: str, store: ModelData, aws: AwsProxy, uri: str
) -> None:
    """An object by its head, a prefix by what lies below; absent is an error, denied is none, for the role reads it and not we."""
    uri = uri.format(bucket)
    with pytest.raises(TargetError, match=f"there is no model data at {uri}"):
        store.check(uri)
    s3.put_object(Bucket=bucket, Key=uri.removeprefix(f"s3://{bucket}/") + ("weights" if uri.endswith("/") else ""), Body=b"x")
    store.check(uri)
    faults = [aws.harm("s3.HeadObject", refused(403, "403", "")), aws.harm("s3.ListObjectsV2", denied)]
    store.check(uri.replace("models/ranker", "elsewhere/ranker"))
    assert sum(fault.fired for fault in faults) == 1
    for fault in faults:
        fault.nth = ()
    with pytest.raises(TargetError, match="there is no model data at s3://no-such-bucket-of-anybody/x/"):
        store.check("s3://no-such-bucket-of-anybody/x/")


def test_a_session_deletes_its_own_objects_alone(store: ModelData, s3: Any, bucket: str) -> None:
    """Another session's of the same content has another name, and stays."""
    assert bucket
    other = ModelData(s3, replace(SHELF, session="run-2"), store._ledger)
    other.put(constant_archive())
    store.put(constant_archive())
    store.close()
    assert [key.split("/")[1] for key in keys(s3)] == ["run-2"]
    other.close()
    assert keys(s3) == []


def test_what_a_dead_session_put_is_removed_by_its_ledger_and_nothing_of_anybody_else(
    services: Callable[[str], Any], s3: Any, bucket: str, store: ModelData, ledger: Ledger
) -> None:
    """As the reaper does: by name and tags. A name in the ledger that is not tagged as this session's is left alone."""
    store.put(constant_archive())
    s3.put_object(Bucket=bucket, Key="tailgate/run-1/theirs/model.tar.gz", Body=b"x", Tagging="team=search")
    ledger.about_to_create(KIND, f"{bucket}/tailgate/run-1/theirs/model.tar.gz")
    ledger.about_to_create(KIND, f"{bucket}/tailgate/run-1/never-uploaded/model.tar.gz")
    things = [Thing(entry.kind, entry.name, "run-1") for entry in ledger.left()]
    removed = remove_all(things, lambda: services, ONCE, on_settled=lambda thing: ledger.gone(thing.kind, thing.name))
    assert [thing.name for thing in removed.foreign] == [f"{bucket}/tailgate/run-1/theirs/model.tar.gz"]
    assert (len(removed.gone), removed.left, ledger.left()) == (2, {}, ())
    assert keys(s3) == ["tailgate/run-1/theirs/model.tar.gz"]
