"""Hosts that load is sent from as kinds of resource: instances, and the prefix in S3 below which a session and its hosts leave letters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from tailgate.aws import own_instances, stored, stored_prefix
from tailgate.aws.custody.kinds import Found, Kind, Services, Tags
from tailgate.aws.names import from_tag_list
from tailgate.aws.refusals import explained
from tailgate.aws.waiting import Patience


def instance_kind() -> Kind:
    """The kind of our instances, by their tag `Name`: what was launched at once has one."""

    def remove(services: Services, name: str, patience: Patience) -> None:
        own_instances.terminate_instances(services("ec2"), name, patience)

    def tags(services: Services, name: str) -> Tags | None:
        found = own_instances.own_instances(services("ec2"), name)
        return from_tag_list(found[0]["Tags"]) if found else None

    def listed(services: Services) -> Iterator[Found]:
        oldest: dict[str, Found] = {}
        for each in own_instances.listed_instances(services("ec2")):
            name, launched_at = own_instances.name_of(each), each["LaunchTime"].astimezone(UTC)
            if name not in oldest or launched_at < oldest[name].created_at:
                oldest[name] = Found(own_instances.INSTANCE, name, launched_at, from_tag_list(each["Tags"]))
        yield from oldest.values()

    return Kind("instance", remove, tags, listed, own_instances.by_hand)


def prefix_kind() -> Kind:
    """The kind of prefixes, named `BUCKET/PREFIX/`, listed in the bucket that is taken where nobody names one.

    They go when their session's hosts are gone, which write there as long as they live.
    """

    def remove(services: Services, name: str, _patience: Patience) -> None:
        stored_prefix.delete_prefix(services("s3"), name)

    def tags(services: Services, name: str) -> Tags | None:
        return stored_prefix.tags_of_prefix(services("s3"), name)

    def listed(services: Services) -> Iterator[Found]:
        with explained("ask AWS whose credentials these are"):
            account = services("sts").get_caller_identity()["Account"]
        s3 = services("s3")
        yield from prefixes_in(services, stored.usual_bucket(s3.meta.region_name, account), account)

    return Kind("S3 prefix", remove, tags, listed, stored_prefix.by_hand, after=frozenset({own_instances.INSTANCE}))


def prefixes_in(services: Services, bucket: str, account: str) -> Iterator[Found]:
    """Those of a bucket."""
    for name, began_at, tags in stored_prefix.listed_prefixes(services("s3"), bucket, account):
        yield Found(stored_prefix.KIND, name, began_at.astimezone(UTC), tags)
