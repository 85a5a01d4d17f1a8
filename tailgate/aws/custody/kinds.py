"""Kinds of resource: what has to be known of one so that whatever is of it can be found, deleted by name and seen to be gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tailgate.aws.names import EXPIRY_TAG, EXPIRY_TIME, OWNER_TAG, RUN_TAG
from tailgate.aws.waiting import Patience

Services = Callable[[str], Any]
"""A boto3 client for a service by its name, such as `sagemaker`; the same one each time it is asked for."""

Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """Something that a service lists and that may be ours: what it is, since when (UTC), and its tags."""

    kind: str
    name: str
    created_at: datetime
    tags: Tags

    @property
    def is_ours(self) -> bool:
        """Whether it is tagged as ours, by all three tags; a name proves nothing."""
        return is_ours(self.tags)

    @property
    def expires_at(self) -> datetime | None:
        """When it expires; None where its tag is no time of ours."""
        try:
            return datetime.strptime(self.tags.get(EXPIRY_TAG, ""), EXPIRY_TIME).replace(tzinfo=UTC)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Kind:
    """How things of one kind are dealt with. title: what people call one. Each function raises TargetError.

    delete: deletes one by name and waits until it is gone; what does not exist is gone. tags: of one by name, None where it does
    not exist. listed: all that may be ours in the region, whosever they are. by_hand: the command that deletes one, for people.
    after: kinds of which the same session's go before.
    """

    title: str
    delete: Callable[[Services, str, Patience], None]
    tags: Callable[[Services, str], Tags | None]
    listed: Callable[[Services], Iterator[Found]]
    by_hand: Callable[[str], str]
    after: frozenset[str] = frozenset()


def is_ours(tags: Tags) -> bool:
    """Whether these are the tags of something that tailgate made."""
    return all(tags.get(tag) for tag in (RUN_TAG, OWNER_TAG, EXPIRY_TAG))
