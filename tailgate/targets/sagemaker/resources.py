"""Resources: the kinds of thing that a session may create, one row each, in the order in which they are deleted.

A kind knows how one is deleted by name and seen to be gone, what tags one carries, and how those that may be ours are listed.
The name is what the ledger notes; a kind whose names are given by AWS notes something by which it is found again.

Adding a kind: one row in KINDS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from tailgate.targets.sagemaker import delete, stored
from tailgate.targets.sagemaker.names import EXPIRY_TAG, OWNER_TAG, PREFIX, RUN_TAG, from_tag_list
from tailgate.targets.sagemaker.refusals import explained, is_absent
from tailgate.targets.sagemaker.waiting import Patience

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
            return datetime.strptime(self.tags.get(EXPIRY_TAG, ""), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Kind:
    """How things of one kind are dealt with. title: what people call one. Each function raises TargetError.

    delete: deletes one by name and waits until it is gone; what does not exist is gone. tags: of one by name, None where it does
    not exist. listed: all that may be ours in the region, whosever they are. by_hand: the command that deletes one, for people.
    """

    title: str
    delete: Callable[[Services, str, Patience], None]
    tags: Callable[[Services, str], Tags | None]
    listed: Callable[[Services], Iterator[Found]]
    by_hand: Callable[[str], str]


def is_ours(tags: Tags) -> bool:
    """Whether these are the tags of something that tailgate made."""
    return all(tags.get(tag) for tag in (RUN_TAG, OWNER_TAG, EXPIRY_TAG))


def kept_by_sagemaker(resource: delete.Resource) -> Kind:
    """The kind of what SageMaker keeps by name."""
    stem = "".join(word.capitalize() for word in resource.verb.split("_"))

    def remove(services: Services, name: str, patience: Patience) -> None:
        delete.delete(services("sagemaker"), resource, name, patience)

    def tags(services: Services, name: str) -> Tags | None:
        client = services("sagemaker")
        with explained(f"read the tags of the {resource.title} {name}"):
            try:
                return _tags(client, getattr(client, f"describe_{resource.verb}")(**{resource.key: name})[f"{stem}Arn"])
            except ClientError as error:
                if is_absent(error):
                    return None
                raise

    def listed(services: Services) -> Iterator[Found]:
        client = services("sagemaker")
        with explained(f"list each {resource.title}"):
            for page in client.get_paginator(f"list_{resource.verb}s").paginate(NameContains=PREFIX):
                for one in page[f"{stem}s"]:
                    if not one[resource.key].startswith(PREFIX):
                        continue
                    carried = tags(services, one[resource.key])
                    if carried is not None:
                        yield Found(resource.verb, one[resource.key], one["CreationTime"].astimezone(UTC), carried)

    return Kind(resource.title, remove, tags, listed, lambda name: delete.by_hand(resource, name))


def _tags(client: Any, arn: str) -> Tags:
    pages = client.get_paginator("list_tags").paginate(ResourceArn=arn)
    return from_tag_list([tag for page in pages for tag in page["Tags"]])


def kept_by_s3() -> Kind:
    """The kind of model data: objects named `BUCKET/KEY`, listed in the bucket that is taken where nobody names one."""

    def remove(services: Services, name: str, _patience: Patience) -> None:
        stored.delete_object(services("s3"), name)

    def listed(services: Services) -> Iterator[Found]:
        s3 = services("s3")
        with explained("ask AWS whose credentials these are"):
            account = services("sts").get_caller_identity()["Account"]
        for name, changed_at, tags in stored.listed(s3, stored.usual_bucket(s3.meta.region_name, account), account):
            yield Found(stored.KIND, name, changed_at.astimezone(UTC), tags)

    return Kind("model data", remove, lambda services, name: stored.tags_of(services("s3"), name), listed, stored.by_hand)


KINDS: Mapping[str, Kind] = {resource.verb: kept_by_sagemaker(resource) for resource in delete.ALL} | {stored.KIND: kept_by_s3()}
"""By the word that the ledger notes, in the order of deletion: what refers goes before what is referred to."""
