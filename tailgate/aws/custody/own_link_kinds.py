"""Our own interface endpoint and its security group as kinds of resource: deleted by name, and listed with their tags."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from tailgate.aws.custody.kinds import Found, Kind, Services, Tags
from tailgate.aws.names import from_tag_list
from tailgate.aws.network import own_link
from tailgate.aws.waiting import Patience


def interface_endpoint_kind() -> Kind:
    """The kind of our interface endpoints, by their tag `Name`."""

    def remove(services: Services, name: str, patience: Patience) -> None:
        own_link.delete_vpc_endpoint(services("ec2"), name, patience)

    def tags(services: Services, name: str) -> Tags | None:
        found = own_link.own_links(services("ec2"), name)
        return from_tag_list(found[0]["Tags"]) if found else None

    def listed(services: Services) -> Iterator[Found]:
        for each in own_link.listed_links(services("ec2")):
            tags = from_tag_list(each["Tags"])
            yield Found(own_link.VPC_ENDPOINT, tags.get("Name") or each["VpcEndpointId"], each["CreationTimestamp"].astimezone(UTC), tags)

    return Kind("VPC endpoint", remove, tags, listed, own_link.by_hand_link)


def security_group_kind() -> Kind:
    """The kind of the groups that our interface endpoints are in, by name. AWS does not say since when one exists: our tag does."""

    def remove(services: Services, name: str, patience: Patience) -> None:
        own_link.delete_security_group(services("ec2"), name, patience)

    def tags(services: Services, name: str) -> Tags | None:
        found = own_link.own_groups(services("ec2"), name)
        return from_tag_list(found[0]["Tags"]) if found else None

    def listed(services: Services) -> Iterator[Found]:
        for each in own_link.listed_groups(services("ec2")):
            tags = from_tag_list(each["Tags"])
            yield Found(own_link.SECURITY_GROUP, each["GroupName"], own_link.created_at(tags), tags)

    return Kind("security group", remove, tags, listed, own_link.by_hand_group)
