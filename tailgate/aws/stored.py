"""Stored: objects of ours in S3, by `BUCKET/KEY`: how one is deleted with all its versions, tagged, and found again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from tailgate.aws.names import HOSTS_ROOT, from_tag_list
from tailgate.aws.refusals import code_of, explained, is_denied
from tailgate.errors import TargetError

KIND = "s3_object"
"""What a ledger calls them."""

PREFIX = "tailgate/"
"""What their keys begin with; it is a hint, the tags are the proof."""

_NOT_THERE = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})


def usual_bucket(region: str, account: str) -> str:
    """The bucket that SageMaker's own SDK uses where nobody names one."""
    return f"sagemaker-{region}-{account}"


def is_not_there(error: ClientError) -> bool:
    """Whether S3 says that a bucket or an object does not exist."""
    return code_of(error) in _NOT_THERE


def delete_object(s3: Any, name: str, *, owner: str | None = None) -> None:
    """Delete an object, all its versions where the bucket keeps them; what does not exist is gone.

    owner: the account that the bucket has to be of. S3 is consistent: an accepted deletion is done. Raises TargetError.
    """
    where = _where(name, owner)
    with explained(f"delete s3://{name}"):
        try:
            answer = s3.delete_object(**where)
        except ClientError as error:
            if is_not_there(error):
                return
            raise
    if answer.get("DeleteMarker") or answer.get("VersionId"):
        _delete_versions(s3, name, where)


def tags_of(s3: Any, name: str, *, owner: str | None = None) -> Mapping[str, str] | None:
    """An object's tags; None where it does not exist. Raises TargetError."""
    with explained(f"read the tags of s3://{name}"):
        try:
            return from_tag_list(s3.get_object_tagging(**_where(name, owner))["TagSet"])
        except ClientError as error:
            if is_not_there(error):
                return None
            raise


def listed(s3: Any, bucket: str, owner: str) -> Iterator[tuple[str, Any, Mapping[str, str]]]:
    """Name, time of the last change and tags of each object that may be ours; nothing where there is no such bucket.

    What lies below the prefix of a session's hosts is one thing: stored_prefix.py. Raises TargetError.
    """
    with explained(f"list s3://{bucket}/{PREFIX}"):
        try:
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX, ExpectedBucketOwner=owner)
            found = [one for page in pages for one in page.get("Contents", ()) if not one["Key"].startswith(f"{HOSTS_ROOT}/")]
        except ClientError as error:
            if is_not_there(error):
                return
            raise
    for one in found:
        name = f"{bucket}/{one['Key']}"
        tags = tags_of(s3, name, owner=owner)
        if tags is not None:
            yield name, one["LastModified"], tags


def by_hand(name: str) -> str:
    """The command that deletes one."""
    return f"aws s3 rm s3://{name}"


def _delete_versions(s3: Any, name: str, where: Mapping[str, str]) -> None:
    """A versioned bucket only hides what is deleted, and goes on billing it."""
    key = where["Key"]
    with explained(f"delete the versions of s3://{name}"):
        try:
            pages = s3.get_paginator("list_object_versions").paginate(**_without_key(where), Prefix=key)
            found = [one for page in pages for kind in ("Versions", "DeleteMarkers") for one in page.get(kind, ()) if one["Key"] == key]
            for one in found:
                s3.delete_object(**where, VersionId=one["VersionId"])
        except ClientError as error:
            if not is_denied(error):
                raise
            missing = "s3:ListBucketVersions or s3:DeleteObjectVersion is missing"
            raise TargetError(
                f"s3://{name} is deleted, but its bucket keeps versions, which could not be deleted ({missing}); by hand: "
                f"aws s3api list-object-versions --bucket {where['Bucket']} --prefix {key}, then delete-object with each --version-id"
            ) from error


def _without_key(where: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in where.items() if name != "Key"}


def _where(name: str, owner: str | None) -> dict[str, str]:
    bucket, _, key = name.partition("/")
    return {"Bucket": bucket, "Key": key} | ({} if owner is None else {"ExpectedBucketOwner": owner})
