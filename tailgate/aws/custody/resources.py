"""Resources: the kinds of thing that a session may create, one row each, in the order in which they are deleted.

Adding a kind: a function that makes its Kind, beside what creates one, and a row in KINDS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any

from botocore.exceptions import ClientError

from tailgate.aws import own_instances, stored, stored_prefix
from tailgate.aws.custody import delete
from tailgate.aws.custody.host_kinds import instance_kind, prefix_kind
from tailgate.aws.custody.kinds import Found, Kind, Services, Tags
from tailgate.aws.custody.own_link_kinds import interface_endpoint_kind, security_group_kind
from tailgate.aws.custody.schedules import SCHEDULE, schedule_kind
from tailgate.aws.names import PREFIX, from_tag_list
from tailgate.aws.network import own_link
from tailgate.aws.refusals import explained, is_absent
from tailgate.aws.waiting import Patience


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


KINDS: Mapping[str, Kind] = {
    **{resource.verb: kept_by_sagemaker(resource) for resource in delete.ALL},
    stored.KIND: kept_by_s3(),
    own_instances.INSTANCE: instance_kind(),
    stored_prefix.KIND: prefix_kind(),
    own_link.VPC_ENDPOINT: interface_endpoint_kind(),
    own_link.SECURITY_GROUP: security_group_kind(),
    SCHEDULE: schedule_kind(),
}
"""By the word that the ledger notes, in the order of deletion: what refers goes before what is referred to; the dead-man's schedules
last, for they guard the rest.
"""
