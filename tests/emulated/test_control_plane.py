"""The control plane as an unmodified boto3 client meets it: a real process, botocore's own waiters and models."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, WaiterError
from botocore.validate import ParamValidator

from tailgate.aws.names import as_tag_list
from tailgate.child import Child
from tailgate.targets.emulated.simulation import NO_CAPACITY, Simulation

REGION = "ap-northeast-1"
MODULE = "tailgate.targets.emulated.control_plane"
AT_ONCE = Simulation(deploy_s=0.0)
FOR_AGES = Simulation(deploy_s=3600.0)
EAGER = {"Delay": 0.05, "MaxAttempts": 200}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    child = Child("control plane", MODULE)
    child.tell({"simulation": {"deploy_s": 0.3}})
    yield child.ready(60.0)["url"]
    child.end(5.0)


@pytest.fixture(scope="module")
def client(url: str) -> Callable[[str], Any]:
    def make(service: str) -> Any:
        return boto3.client(service, region_name=REGION, endpoint_url=url, aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="any")

    return make


@pytest.fixture(scope="module")
def sagemaker(client: Callable[[str], Any]) -> Any:
    return client("sagemaker")


@pytest.fixture(scope="module")
def ec2(client: Callable[[str], Any]) -> Any:
    return client("ec2")


@pytest.fixture
def name() -> str:
    return f"x{uuid.uuid4().hex[:12]}"


def make_config(sagemaker: Any, name: str, instance_type: str = "ml.t2.xlarge", **variant: Any) -> None:
    sagemaker.create_model(ModelName=name, PrimaryContainer={"Image": "any"}, ExecutionRoleArn="arn:aws:iam::123456789012:role/any")
    variants = [{"VariantName": "AllTraffic", "ModelName": name, "InstanceType": instance_type, "InitialInstanceCount": 2, **variant}]
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)


def make_endpoint(sagemaker: Any, name: str, simulation: Simulation | None = None) -> None:
    make_config(sagemaker, name)
    tags = as_tag_list(simulation.tags()) if simulation else []
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags)


def status(sagemaker: Any, name: str) -> str:
    return str(sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"])


def refusal(call: Callable[[], object]) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as refused:
        call()
    error, answer = refused.value.response["Error"], refused.value.response["ResponseMetadata"]
    return error["Code"], error["Message"], answer["HTTPStatusCode"]


def test_an_endpoint_is_creating_before_it_is_in_service(sagemaker: Any, name: str) -> None:
    """As on AWS an endpoint is Creating for the simulated time; moto alone has it InService at once."""
    make_endpoint(sagemaker, name, FOR_AGES)
    assert status(sagemaker, name) == "Creating"
    assert name in {each["EndpointName"] for each in sagemaker.list_endpoints(StatusEquals="Creating", MaxResults=100)["Endpoints"]}


def test_botocores_waiter_sees_an_endpoint_come_into_service(sagemaker: Any, name: str) -> None:
    """The waiter `endpoint_in_service` ends when the settings' default time is over."""
    make_endpoint(sagemaker, name)
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=EAGER)
    described = sagemaker.describe_endpoint(EndpointName=name)
    assert described["EndpointStatus"] == "InService"
    assert described["LastModifiedTime"] > described["CreationTime"]
    assert "FailureReason" not in described


def test_a_failed_endpoint_says_why(sagemaker: Any, name: str) -> None:
    """Missing capacity is a Failed endpoint with AWS's FailureReason; botocore's waiter gives up on it."""
    make_endpoint(sagemaker, name, Simulation.failing(NO_CAPACITY, deploy_s=0.1))
    with pytest.raises(WaiterError):
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=EAGER)
    described = sagemaker.describe_endpoint(EndpointName=name)
    assert (described["EndpointStatus"], described["FailureReason"]) == ("Failed", NO_CAPACITY)


@pytest.mark.parametrize("ending", ["OutOfService", "UpdateRollbackFailed"])
def test_an_endpoint_can_end_as_what_botocores_waiters_do_not_know(sagemaker: Any, name: str, ending: str) -> None:
    """The statuses for which a waiter would wait in vain can be simulated."""
    make_endpoint(sagemaker, name, Simulation(deploy_s=0.0, ends_as=ending))
    assert status(sagemaker, name) == ending


def test_a_used_up_quota_refuses_the_create(sagemaker: Any, name: str) -> None:
    """ResourceLimitExceeded comes from CreateEndpoint itself, names the instance type, and creates nothing."""
    make_config(sagemaker, name)
    tags = as_tag_list(Simulation(over_quota=True).tags())
    code, message, http = refusal(lambda: sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags))
    assert (code, http) == ("ResourceLimitExceeded", 400)
    assert "'ml.t2.xlarge for endpoint usage' is 0 Instances" in message
    assert "request delta of 2 Instances" in message
    assert refusal(lambda: status(sagemaker, name))[0] == "ValidationException"


def test_a_taken_name_is_refused_in_sagemakers_words(sagemaker: Any, name: str) -> None:
    """A second model, configuration or endpoint of a name is a ValidationException, and the first is untouched."""
    make_endpoint(sagemaker, name, AT_ONCE)
    arn = f"arn:aws:sagemaker:{REGION}:123456789012"
    container = {"Image": "another"}
    assert refusal(lambda: sagemaker.create_model(ModelName=name, PrimaryContainer=container)) == (
        "ValidationException",
        f'Cannot create already existing model "{arn}:model/{name}".',
        400,
    )
    variants = sagemaker.describe_endpoint_config(EndpointConfigName=name)["ProductionVariants"]
    assert refusal(lambda: sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)) == (
        "ValidationException",
        f'Cannot create already existing endpoint configuration "{arn}:endpoint-config/{name}".',
        400,
    )
    assert refusal(lambda: sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)) == (
        "ValidationException",
        f'Cannot create already existing endpoint "{arn}:endpoint/{name}".',
        400,
    )
    assert status(sagemaker, name) == "InService"
    assert sagemaker.describe_model(ModelName=name)["PrimaryContainer"]["Image"] == "any"


def test_deletion_takes_effect(sagemaker: Any, name: str) -> None:
    """What is deleted is gone for describe, list and botocore's waiter, and its name is free again."""
    make_endpoint(sagemaker, name, AT_ONCE)
    sagemaker.delete_endpoint(EndpointName=name)
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=EAGER)
    assert refusal(lambda: status(sagemaker, name))[1].startswith("Could not find endpoint")
    assert refusal(lambda: sagemaker.delete_endpoint(EndpointName=name))[1].startswith("Could not find endpoint")
    assert name not in {each["EndpointName"] for each in sagemaker.list_endpoints(MaxResults=100)["Endpoints"]}
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)


def test_deleting_is_visible_while_it_lasts(sagemaker: Any, name: str) -> None:
    """With a time for deletion the endpoint is Deleting, still owns its name, and refuses a second deletion."""
    make_endpoint(sagemaker, name, Simulation(deploy_s=0.0, delete_s=3600.0))
    sagemaker.delete_endpoint(EndpointName=name)
    assert status(sagemaker, name) == "Deleting"
    assert "already existing" in refusal(lambda: sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name))[1]
    assert "in-progress" in refusal(lambda: sagemaker.delete_endpoint(EndpointName=name))[1]


def test_an_endpoint_in_creation_cannot_be_deleted(sagemaker: Any, name: str) -> None:
    """SageMaker refuses with "Cannot update in-progress endpoint": whoever is interrupted has to wait."""
    make_endpoint(sagemaker, name, FOR_AGES)
    code, message, http = refusal(lambda: sagemaker.delete_endpoint(EndpointName=name))
    assert (code, http) == ("ValidationException", 400)
    assert re.fullmatch(rf'Cannot update in-progress endpoint "arn:aws:sagemaker:{REGION}:\d+:endpoint/{name}"\.', message)
    assert status(sagemaker, name) == "Creating"


def test_a_tag_that_cannot_be_meant_is_refused(sagemaker: Any, name: str) -> None:
    """A simulation that nobody can mean is not silently the default."""
    make_config(sagemaker, name)
    tags = [{"Key": "tailgate:sim-deploy-s", "Value": "soon"}]
    code, message, _ = refusal(lambda: sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags))
    assert code == "ValidationException"
    assert "tailgate:sim-deploy-s" in message
    assert "soon" in message


@pytest.mark.parametrize("strategy", ["RANDOM", "LEAST_OUTSTANDING_REQUESTS"])
def test_the_routing_is_kept(sagemaker: Any, name: str, strategy: str) -> None:
    """DescribeEndpointConfig gives RoutingConfig back: the data plane routes by it."""
    make_config(sagemaker, name, RoutingConfig={"RoutingStrategy": strategy})
    variant = sagemaker.describe_endpoint_config(EndpointConfigName=name)["ProductionVariants"][0]
    assert variant["RoutingConfig"] == {"RoutingStrategy": strategy}


def test_tags_are_kept(sagemaker: Any, name: str) -> None:
    """ListTags gives an endpoint's tags back: a sweep recognises what is ours by them."""
    make_endpoint(sagemaker, name, AT_ONCE)
    arn = sagemaker.describe_endpoint(EndpointName=name)["EndpointArn"]
    assert {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]} == AT_ONCE.tags()


def test_instance_types_are_those_of_the_service_model(sagemaker: Any, name: str) -> None:
    """A type newer than moto's list is taken, one that does not exist is refused as AWS does."""
    make_config(sagemaker, name, instance_type="ml.c7i.xlarge")
    _, message, http = refusal(lambda: make_config(sagemaker, name + "2", instance_type="ml.t9.nano"))
    assert http == 400
    assert "Value 'ml.t9.nano' at 'productionVariants.1.member.instanceType' failed to satisfy constraint" in message


def test_descriptions_are_what_botocores_model_allows(sagemaker: Any, name: str) -> None:
    """Parsed descriptions hold every required member and nothing of a wrong type, in each status."""
    make_endpoint(sagemaker, name, Simulation.failing("Some reason.", deploy_s=0.0))
    make_endpoint(sagemaker, name + "-2", FOR_AGES)
    answers = {
        "DescribeEndpoint": [sagemaker.describe_endpoint(EndpointName=each) for each in (name, name + "-2")],
        "DescribeEndpointConfig": [sagemaker.describe_endpoint_config(EndpointConfigName=name)],
        "ListEndpoints": [sagemaker.list_endpoints(MaxResults=100)],
    }
    for operation, parsed in answers.items():
        shape = sagemaker.meta.service_model.operation_model(operation).output_shape
        for each in parsed:
            each.pop("ResponseMetadata")
            assert ParamValidator().validate(each, shape).generate_report() == "", operation


@pytest.fixture
def vpc(ec2: Any) -> tuple[str, list[str]]:
    vpc_id = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    zones = [f"{REGION}a", f"{REGION}c"]
    made = [ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.1.{i}.0/24", AvailabilityZone=zone) for i, zone in enumerate(zones)]
    return vpc_id, [each["Subnet"]["SubnetId"] for each in made]


def make_vpc_endpoint(ec2: Any, vpc: tuple[str, list[str]], **more: Any) -> dict[str, Any]:
    vpc_id, subnet_ids = vpc
    service = f"com.amazonaws.{REGION}.sagemaker.runtime"
    made = ec2.create_vpc_endpoint(VpcEndpointType="Interface", VpcId=vpc_id, ServiceName=service, SubnetIds=subnet_ids, **more)
    described: dict[str, Any] = ec2.describe_vpc_endpoints(VpcEndpointIds=[made["VpcEndpoint"]["VpcEndpointId"]])["VpcEndpoints"][0]
    return described


def test_an_interface_endpoint_has_regional_and_zonal_names(ec2: Any, vpc: tuple[str, list[str]]) -> None:
    """DnsEntries list the regional name first, then one per subnet's zone, all in one hosted zone, as AWS does."""
    described = make_vpc_endpoint(ec2, vpc, PrivateDnsEnabled=False)
    assert (described["State"], described["PrivateDnsEnabled"]) == ("available", False)
    names = [entry["DnsName"] for entry in described["DnsEntries"]]
    host, _, domain = names[0].partition(".")
    assert re.fullmatch(rf"{described['VpcEndpointId']}-[a-z0-9]{{8}}", host)
    assert domain == f"runtime.sagemaker.{REGION}.vpce.amazonaws.com"
    assert names[1:] == [f"{host}-{REGION}a.{domain}", f"{host}-{REGION}c.{domain}"]
    assert len({entry["HostedZoneId"] for entry in described["DnsEntries"]}) == 1


def test_private_dns_adds_the_public_name(ec2: Any, vpc: tuple[str, list[str]]) -> None:
    """With PrivateDnsEnabled the service's public name is listed too, in a hosted zone of its own."""
    described = make_vpc_endpoint(ec2, vpc, PrivateDnsEnabled=True)
    assert described["PrivateDnsEnabled"] is True
    *own, private = described["DnsEntries"]
    assert private["DnsName"] == f"runtime.sagemaker.{REGION}.amazonaws.com"
    assert len(own) == 3
    assert private["HostedZoneId"] != own[0]["HostedZoneId"]


def test_a_gateway_endpoint_is_left_as_moto_makes_it(ec2: Any, vpc: tuple[str, list[str]]) -> None:
    """Only interface endpoints have names."""
    made = ec2.create_vpc_endpoint(VpcEndpointType="Gateway", VpcId=vpc[0], ServiceName=f"com.amazonaws.{REGION}.s3")["VpcEndpoint"]
    assert not made.get("DnsEntries")
