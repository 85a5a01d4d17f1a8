"""Names and tags: what is ours can be told from its name alone, and whose it is and until when from its tags."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime

from tailgate.plan.case import EndpointSpec

LONGEST_NAME = 63
"""SageMaker's limit for the names of models, endpoint configurations and endpoints."""

RUN_TAG, OWNER_TAG, EXPIRY_TAG = "tailgate:run", "tailgate:owner", "tailgate:expires-at"

EXPIRY_TIME = "%Y-%m-%dT%H:%M:%SZ"
"""How the expiry is written, in UTC."""

PREFIX = "tailgate-"
"""What the name of everything of ours begins with; it is a hint, the tags are the proof."""

HOSTS_ROOT = "tailgate/hosts"
"""Below which all that passes between a session and its hosts lies in a bucket, in a folder of the session's."""

_HASH_DIGITS = 10


def resource_name(spec: EndpointSpec, run_id: str) -> str:
    """The one name of a spec's model, endpoint configuration and endpoint in a run: `tailgate-ranker-3f9a0c27d1`.

    The same spec and run give the same name, so that it can be deleted by whoever knows both, without a handle.
    """
    what = json.dumps([asdict(spec), run_id], sort_keys=True)
    digest = hashlib.sha256(what.encode()).hexdigest()[:_HASH_DIGITS]
    room = LONGEST_NAME - len(PREFIX) - 1 - _HASH_DIGITS
    return f"{PREFIX}{spec.name[:room].rstrip('-')}-{digest}"


def ownership_tags(run_id: str, owner: str, expires_at: datetime) -> dict[str, str]:
    """The tags by which a sweep recognises what is ours and what has expired; the expiry is written in UTC."""
    expiry = expires_at.astimezone(UTC).strftime(EXPIRY_TIME)
    return {RUN_TAG: run_id, OWNER_TAG: owner, EXPIRY_TAG: expiry}


def as_tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as AWS's API takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def from_tag_list(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """The inverse of `as_tag_list`; no tags at all are an empty mapping."""
    return {tag["Key"]: tag["Value"] for tag in tags or ()}
