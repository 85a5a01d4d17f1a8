"""Our own interface endpoint and its security group are gone at the end, whatever becomes of a call; nobody else's is touched."""

from __future__ import annotations

import pytest

from tailgate.aws.custody.removal import connect
from tailgate.aws.custody.resources import KINDS
from tailgate.aws.network import own_link
from tailgate.aws.network.paths_of_session import Maker
from tailgate.aws.network.private_link import create_private_link
from tailgate.aws.waiting import Patience
from tailgate.errors import TargetError
from tests.emulated.vpc import NAME, PATIENCE, PRIVATE, REGION, URL, Vpc, left_in, network_of
from tests.faults.aws_proxy import ALL, AwsProxy, answer_lost, refused


@pytest.mark.parametrize("operation", ["ec2.CreateSecurityGroup", "ec2.AuthorizeSecurityGroupIngress", "ec2.CreateVpcEndpoint"])
def test_a_create_whose_answer_is_lost_leaves_nothing(vpc: Vpc, ec2_calls: AwsProxy, maker: Maker, operation: str) -> None:
    """botocore asks again, and what was made by the first is found by its name; at the end all of it goes."""
    fault = ec2_calls.harm(operation, answer_lost)
    client = network_of(vpc)
    client.examine(["privatelink"])
    client.begin(maker)
    assert "privatelink" in client.paths(URL).urls
    assert fault.fired
    client.close()
    assert (vpc.links(), vpc.groups(), left_in(maker)) == ([], [], [])


def test_what_cannot_be_deleted_is_told_and_stays_in_the_ledger(vpc: Vpc, ec2_calls: AwsProxy, maker: Maker) -> None:
    """With the reason; called again it goes on, and the table of kinds deletes it by name too, with nothing of another's."""
    theirs = vpc.ec2.create_security_group(GroupName=f"{NAME}-not", Description="d", VpcId=vpc.id)["GroupId"]
    client = network_of(vpc)
    client.examine(["privatelink"])
    client.begin(maker)
    client.paths(URL)
    fault = ec2_calls.harm("ec2.DeleteVpcEndpoints", refused(403, "UnauthorizedOperation", "no"), ALL)
    with pytest.raises(TargetError, match="do not permit ec2:DeleteVpcEndpoints"):
        client.close(Patience(0.05, 0.2))
    assert left_in(maker) == [("security_group", NAME), ("vpc_endpoint", NAME)]
    ec2_calls.faults.remove(fault)
    services = connect(REGION)
    for kind in ("vpc_endpoint", "security_group"):
        assert [(one.name, one.is_ours) for one in KINDS[kind].listed(services)] == [(NAME, True)]
        assert (KINDS[kind].tags(services, NAME) or {})["tailgate:run"] == "run-1"
        KINDS[kind].delete(services, NAME, PATIENCE)
        assert KINDS[kind].tags(services, NAME) is None
    assert (vpc.links(), [group["GroupId"] for group in vpc.groups()]) == ([], [theirs])


def test_what_has_our_name_and_not_our_tags_is_left_alone(vpc: Vpc, maker: Maker) -> None:
    """A name proves nothing; a group of our name that is another's ends our own wish."""
    vpc.ec2.create_security_group(GroupName=NAME, Description="theirs", VpcId=vpc.id)
    theirs = create_private_link(vpc.ec2, REGION, vpc.id, vpc.subnets[:1], tags={"Name": NAME})["VpcEndpointId"]
    own_link.delete_vpc_endpoint(vpc.ec2, NAME, PATIENCE)
    own_link.delete_security_group(vpc.ec2, NAME, PATIENCE)
    assert [each["VpcEndpointId"] for each in vpc.links()] == [theirs]
    wish = own_link.Wish(NAME, REGION, vpc.id, vpc.subnets, ["10.0.0.0/24"], maker.tags)
    with pytest.raises(TargetError, match="that this session did not make; it was left untouched"):
        own_link.make_link(vpc.ec2, wish, maker.ledger)
    assert left_in(maker) == []
    assert len(vpc.groups()) == 1


def test_one_that_is_named_by_its_id_is_looked_up(vpc: Vpc, ec2_calls: AwsProxy) -> None:
    """For an endpoint in service, too: with its zones, and never deleted."""
    theirs = create_private_link(vpc.ec2, REGION, vpc.id, vpc.subnets)["VpcEndpointId"]
    vpc.route_out()
    client = network_of(vpc, named=theirs, makes=False)
    assert set(client.paths(URL).urls) == {"public", *PRIVATE}
    client.close()
    assert len(vpc.links()) == 1
    with pytest.raises(TargetError, match=f"there is no VPC endpoint vpce-0123456789abcdef0 in {REGION}"):
        network_of(vpc, named="vpce-0123456789abcdef0", makes=False).paths(URL)
    assert not [name for name in ec2_calls.names if "Create" in name or "Delete" in name]
