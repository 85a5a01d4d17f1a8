"""Stored prefix: all objects below a prefix of ours in S3, as one thing named `BUCKET/PREFIX/`, and the marker that carries its tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from tailgate.aws import stored
from tailgate.aws.names import HOSTS_ROOT
from tailgate.aws.permissions import permitted
from tailgate.errors import TargetError

KIND = "s3_prefix"
"""What a ledger calls them."""

MARKER = "marker"
"""The object below a prefix that carries its tags: it is written first and goes last."""

_Thing = TypeVar("_Thing")
_AT_ONCE = 1000  # as many as DeleteObjects takes


def mark_prefix(s3: Any, name: str, tags: Mapping[str, str], *, owner: str | None = None) -> None:
    """Begin one: its marker, with the tags. owner: the account that the bucket has to be of. Raises TargetError."""
    bucket, prefix = _split(name)
    with permitted("s3:PutObject (with s3:PutObjectTagging)", f"write s3://{name}{MARKER}"):
        s3.put_object(**_where(bucket, owner), Key=f"{prefix}{MARKER}", Body=b"", Tagging=urlencode(tags))


def tags_of_prefix(s3: Any, name: str) -> Mapping[str, str] | None:
    """What its marker carries; None where it has none. Raises TargetError."""
    return stored.tags_of(s3, f"{name}{MARKER}")


def delete_prefix(s3: Any, name: str) -> None:
    """Delete all below it, all versions where the bucket keeps them, the marker last; what does not exist is gone. Raises TargetError."""
    bucket, prefix = _split(name)
    for batch in _batches(key for key in _keys(s3, bucket, prefix) if key != f"{prefix}{MARKER}"):
        answer = _delete(s3, bucket, [{"Key": key} for key in batch])
        if any(each.get("DeleteMarker") or each.get("VersionId") for each in answer.get("Deleted", ())):
            _delete_versions(s3, bucket, prefix)
    stored.delete_object(s3, f"{name}{MARKER}")


def listed_prefixes(s3: Any, bucket: str, owner: str) -> Iterator[tuple[str, datetime, Mapping[str, str]]]:
    """Name, beginning and tags of each that may be ours; nothing where there is no such bucket. Raises TargetError."""
    with permitted("s3:ListBucket", f"list s3://{bucket}/{HOSTS_ROOT}/"):
        try:
            pages = s3.get_paginator("list_objects_v2").paginate(**_where(bucket, owner), Prefix=f"{HOSTS_ROOT}/", Delimiter="/")
            found = [one["Prefix"] for page in pages for one in page.get("CommonPrefixes", ())]
        except ClientError as error:
            if stored.is_not_there(error):
                return
            raise
    for prefix in found:
        began_at = _began_at(s3, bucket, prefix, owner)
        tags = stored.tags_of(s3, f"{bucket}/{prefix}{MARKER}", owner=owner)
        if began_at is not None and tags is not None:
            yield f"{bucket}/{prefix}", began_at, tags


def by_hand(name: str) -> str:
    """The command that deletes one."""
    return f"aws s3 rm --recursive s3://{name}"


def _began_at(s3: Any, bucket: str, prefix: str, owner: str) -> datetime | None:
    """When its marker was written; None where it has none."""
    key = f"{prefix}{MARKER}"
    with permitted("s3:ListBucket", f"look at s3://{bucket}/{key}"):
        found = s3.list_objects_v2(**_where(bucket, owner), Prefix=key, MaxKeys=1).get("Contents", ())
    return next((one["LastModified"] for one in found if one["Key"] == key), None)


def _keys(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    with permitted("s3:ListBucket", f"list s3://{bucket}/{prefix}"):
        try:
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                yield from (one["Key"] for one in page.get("Contents", ()))
        except ClientError as error:
            if not stored.is_not_there(error):
                raise


def _delete_versions(s3: Any, bucket: str, prefix: str) -> None:
    """A versioned bucket only hides what is deleted, and goes on billing it."""
    with permitted("s3:ListBucketVersions", f"list the versions of s3://{bucket}/{prefix}"):
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
        kinds = ("Versions", "DeleteMarkers")
        found = [one for page in pages for kind in kinds for one in page.get(kind, ()) if one["Key"] != f"{prefix}{MARKER}"]
    for batch in _batches(found):
        _delete(s3, bucket, [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in batch])


def _delete(s3: Any, bucket: str, objects: list[dict[str, str]]) -> Mapping[str, Any]:
    what = f"delete s3://{bucket}/{objects[0]['Key']}{f' and {len(objects) - 1} more' if objects[1:] else ''}"
    with permitted("s3:DeleteObject", what):
        answer: Mapping[str, Any] = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    for refused in answer.get("Errors", ()):
        raise TargetError(
            f"could not {what}: {refused.get('Code')}: {refused.get('Message')}; permit s3:DeleteObject, and with a version "
            "s3:DeleteObjectVersion"
        ) from LookupError(refused.get("Code"))
    return answer


def _batches(things: Iterable[_Thing]) -> Iterator[list[_Thing]]:
    batch: list[_Thing] = []
    for one in things:
        batch.append(one)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _split(name: str) -> tuple[str, str]:
    bucket, _, prefix = name.partition("/")
    return bucket, prefix


def _where(bucket: str, owner: str | None) -> dict[str, str]:
    return {"Bucket": bucket} | ({} if owner is None else {"ExpectedBucketOwner": owner})
