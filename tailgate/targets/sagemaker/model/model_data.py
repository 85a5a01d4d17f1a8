"""Model data: archives put into S3 for the time of a session, tagged as ours, and what the user has there looked at.

Permissions: s3:PutObject, s3:PutObjectTagging and s3:DeleteObject below `tailgate/` in one bucket, s3:ListBucket on it; on a
versioned bucket s3:ListBucketVersions and s3:DeleteObjectVersion as well; the reaper and `tailgate sweep` read tags by
s3:GetObjectTagging. Of the user's own objects s3:GetObject, of prefixes s3:ListBucket, where they are given.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from tailgate.aws.custody.ledger import Book
from tailgate.aws.refusals import code_of, explained, is_denied
from tailgate.aws.stored import KIND, PREFIX, delete_object, is_not_there
from tailgate.errors import TargetError
from tailgate.plan.models import split_s3
from tailgate.plan.regions import partition_by_region

LARGEST_BYTES = 5 * 1024**3
"""What S3 takes in one request."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a session's archives go: `s3://bucket/tailgate/SESSION/…`. account: whose the bucket has to be. tags: as ours."""

    bucket: str
    session: str
    region: str
    account: str
    tags: Mapping[str, str]

    def key(self, digest: bytes) -> str:
        """The name of an archive by its SHA-256: the same content has the same name."""
        return f"{PREFIX}{self.session}/{digest.hex()[:16]}/model.tar.gz"


class ModelData:
    """Archives in S3 that go with the session. Thread-safe. Raises nothing, and asks nobody, before the first is put."""

    def __init__(self, s3: Any, shelf: Shelf, ledger: Book) -> None:
        self._s3, self._shelf, self._ledger = s3, shelf, ledger
        self._lock = Lock()
        self._bucket_looked_at = False
        self._uris: dict[bytes, str] = {}
        self._begun: list[str] = []

    def put(self, archive: bytes | Path) -> str:
        """Upload an archive, once however often it is asked for; its S3 URI. Raises TargetError."""
        with ExitStack() as stack:
            content, digest = _opened(archive, stack)
            with self._lock:
                if digest not in self._uris:
                    self._look_at_bucket()
                    self._upload(content, digest)
                return self._uris[digest]

    def check(self, uri: str) -> None:
        """Refuse an object, or a prefix, that is not there, as far as anybody may look. Raises TargetError."""
        bucket, key = split_s3(uri)
        with explained(f"look at the model data {uri}"):
            try:
                if key.endswith("/"):
                    there = self._s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("KeyCount", 0) > 0
                else:
                    there = bool(self._s3.head_object(Bucket=bucket, Key=key))
            except ClientError as error:
                if _is_forbidden(error):  # whoever deploys need not read it; the role does, and SageMaker says so
                    return
                if not is_not_there(error):
                    raise
                there = False
        if not there:
            raise TargetError(f"there is no model data at {uri}; check bucket and key, and that the region is {self._shelf.region}")

    def check_bucket(self) -> None:
        """Refuse a bucket that is absent, another's or elsewhere, as far as anybody may look. Raises TargetError."""
        with self._lock:
            self._look_at_bucket()

    def close(self) -> None:
        """Delete what was put, whether or not its upload was answered. May be called again. Raises TargetError naming what is left."""
        with self._lock:
            errors = [error for key in tuple(self._begun) if (error := self._delete(key)) is not None]
        self._s3.close()
        if errors:
            raise TargetError("; ".join(str(error) for error in errors)) from ExceptionGroup("deletion", errors)

    def _delete(self, key: str) -> TargetError | None:
        name = f"{self._shelf.bucket}/{key}"
        try:
            delete_object(self._s3, name, owner=self._shelf.account)
        except TargetError as error:
            return error
        self._ledger.gone(KIND, name)
        self._begun.remove(key)
        self._uris = {digest: uri for digest, uri in self._uris.items() if uri != f"s3://{name}"}
        return None

    def _look_at_bucket(self) -> None:
        """Once. One that may not be looked at shows itself when it is written to."""
        if self._bucket_looked_at:
            return
        shelf = self._shelf
        with explained(f"look at the bucket {shelf.bucket}"):
            try:
                found = self._s3.head_bucket(Bucket=shelf.bucket, ExpectedBucketOwner=shelf.account)
            except ClientError as error:
                if is_not_there(error):
                    raise _no_bucket(shelf) from None
                if not _is_forbidden(error):
                    raise
                found = {}
        if (where := found.get("BucketRegion", shelf.region)) != shelf.region:
            raise TargetError(
                f"bucket {shelf.bucket} is in {where}, and SageMaker reads model data of its own region only; "
                f"name a bucket in {shelf.region}: --latency-bucket NAME"
            )
        self._bucket_looked_at = True

    def _upload(self, content: io.BufferedIOBase, digest: bytes) -> None:
        shelf, key = self._shelf, self._shelf.key(digest)
        name = f"{shelf.bucket}/{key}"
        self._ledger.about_to_create(KIND, name)
        self._begun.append(key)
        with explained(f"upload model data to s3://{name}"):
            try:
                self._s3.put_object(
                    Bucket=shelf.bucket,
                    Key=key,
                    Body=content,
                    ContentType="application/gzip",
                    ChecksumSHA256=base64.b64encode(digest).decode(),
                    ExpectedBucketOwner=shelf.account,
                    Tagging=urlencode(shelf.tags),
                )
            except ClientError as error:
                if code_of(error) == "NoSuchBucket":
                    raise _no_bucket(shelf) from None
                if is_denied(error):
                    raise _may_not_write(shelf, error) from error
                raise
        self._uris[digest] = f"s3://{name}"


def _opened(archive: bytes | Path, stack: ExitStack) -> tuple[io.BufferedIOBase, bytes]:
    """An archive to be read from its beginning, and its SHA-256. Raises TargetError."""
    try:
        content: io.BufferedIOBase = io.BytesIO(archive) if isinstance(archive, bytes) else stack.enter_context(archive.open("rb"))
        size = content.seek(0, io.SEEK_END)
        content.seek(0)
        digest = hashlib.file_digest(content, "sha256").digest()
        content.seek(0)
    except OSError as error:
        raise TargetError(f"the model data {archive!s} cannot be read: {error.strerror or error}") from None
    if size > LARGEST_BYTES:
        raise TargetError(
            f"the model data {archive!s} has {size / 1024**3:.1f} GiB, and S3 takes {LARGEST_BYTES // 1024**3} at once; "
            "upload it yourself (aws s3 cp does it in parts), and name it: s3://…"
        )
    return content, digest


def _is_forbidden(error: ClientError) -> bool:
    """Whether S3 does not tell; an answer to HEAD has no body, and its status is all there is."""
    return is_denied(error) or code_of(error) == "403"


def _no_bucket(shelf: Shelf) -> TargetError:
    where = "" if shelf.region == "us-east-1" else f" --create-bucket-configuration LocationConstraint={shelf.region}"
    return TargetError(
        f"there is no bucket {shelf.bucket} to put the model data into; name one of yours in {shelf.region}: --latency-bucket NAME; "
        f"or create it: aws s3api create-bucket --bucket {shelf.bucket} --region {shelf.region}{where}"
    )


def _may_not_write(shelf: Shelf, error: ClientError) -> TargetError:
    where = f"arn:{partition_by_region().get(shelf.region, 'aws')}:s3:::{shelf.bucket}/tailgate/*"
    return TargetError(
        f"could not upload model data to bucket {shelf.bucket}: {code_of(error)} — s3:PutObject or s3:PutObjectTagging on {where} is "
        "missing from the credentials' policy, the bucket's own policy refuses it, or the bucket is another account's: --latency-bucket"
    )
