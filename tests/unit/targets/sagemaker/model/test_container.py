"""What is deployed for a case's model: the request that SageMaker gets, and what is refused before there is one."""

from __future__ import annotations

import functools
import io
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from tailgate.errors import PlanError, TargetError
from tailgate.plan.case import EndpointSpec
from tailgate.plan.models import Model
from tailgate.targets.deploying import Deploying
from tailgate.targets.sagemaker.create import Deployment, create_model
from tailgate.targets.sagemaker.model.container import check_models, examine_models, facts_of, model_of, without_values
from tailgate.targets.sagemaker.model.packaging import constant_archive

ACCOUNT = "123456789012"
IMAGE = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/ranker:7"
SHIPPED, RANKER = EndpointSpec("dummy"), EndpointSpec("ranker", model="ranker-7")
API = ServiceModel(Loader().load_service_model("sagemaker", "service-2"))


@functools.cache
def aws() -> boto3.Session:
    """One for all clients: it reads the service's model once."""
    return boto3.Session("AKIAEXAMPLE", "any")


@dataclass
class Uploads:
    """Model data as it would be put into S3; what was looked at."""

    archives: list[bytes | Path] = field(default_factory=list)
    looked_at: list[str] = field(default_factory=list)

    def put(self, archive: bytes | Path) -> str:
        """Its URI would be this."""
        self.archives.append(archive)
        return f"s3://sagemaker-eu-west-1-{ACCOUNT}/tailgate/run-1/0123/model.tar.gz"

    def check(self, uri: str) -> None:
        """It is there."""
        self.looked_at.append(uri)

    def check_bucket(self) -> None:
        """It is there."""
        self.looked_at.append("the bucket")

    def close(self) -> None:
        """Nothing was put."""


def check_patterns(shape: Shape, value: Any) -> None:
    """As the service does, and botocore does not: that texts are of their pattern, among their choices, of their length."""
    match shape.type_name:
        case "structure":
            for name, each in value.items():
                check_patterns(shape.members[name], each)
        case "map":
            assert len(value) <= shape.metadata["max"]
            for name, each in value.items():
                check_patterns(shape.key, name)
                check_patterns(shape.value, each)
        case "string":
            assert len(value) <= shape.metadata.get("max", 10**9)
            assert value in shape.metadata.get("enum", [value])
            assert re.fullmatch(shape.metadata.get("pattern", ".*"), value)


def sent(container: dict[str, Any], region: str) -> str:
    """The host that an unmodified boto3 sends CreateModel to, having found it valid; nothing is sent."""
    hosts: list[str] = []

    def catch(request: Any, **_: Any) -> AWSResponse:
        hosts.append(str(urlsplit(request.url).hostname))
        answer = AWSResponse(request.url, 200, {"Content-Type": "application/x-amz-json-1.1"}, io.BytesIO())
        answer._content = b'{"ModelArn": "arn:aws:sagemaker:eu-west-1:123456789012:model/m"}'
        return answer

    client = aws().client("sagemaker", region_name=region)
    client.meta.events.register("before-send.sagemaker.CreateModel", catch)
    create_model(client, Deployment("m", SHIPPED, container, f"arn:aws:iam::{ACCOUNT}:role/r", {"tailgate:run": "r"}))
    client.close()
    return hosts[0]


@pytest.mark.parametrize(
    ("region", "domain"),
    [
        ("us-east-1", "amazonaws.com"),
        ("ap-northeast-1", "amazonaws.com"),
        ("eu-central-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn"),
        ("us-gov-west-1", "amazonaws.com"),
    ],
)
@pytest.mark.parametrize("described", [None, Model(IMAGE, "s3://models/ranker/", {"A": "b"}), Model(IMAGE, "s3://models/r.tar.gz")])
def test_every_request_is_valid_by_the_services_own_model_in_five_regions(region: str, domain: str, described: Model | None) -> None:
    """The shipped model, files below a prefix, an archive; botocore's check and the model's patterns; image and host of the partition."""
    spec = SHIPPED if described is None else RANKER
    deploying = Deploying(models={} if described is None else {RANKER.model: described})
    container = model_of(spec, deploying, region, Uploads())
    check_patterns(API.shape_for("ContainerDefinition"), container)
    host = sent(container, region)
    assert host.endswith(f".{region}.{domain}")
    if described is None:
        assert f".dkr.ecr.{region}.{domain}/" in container["Image"]


def test_the_shipped_model_is_uploaded_for_its_container() -> None:
    """Its archive, the program in it, and what else was asked to stand in the container's environment."""
    uploads = Uploads()
    container = model_of(SHIPPED, Deploying(environment={"SAGEMAKER_MODEL_SERVER_WORKERS": "2"}), "eu-west-1", uploads)
    assert uploads.archives == [constant_archive()]
    assert container["ModelDataUrl"].endswith("/model.tar.gz")
    assert container["Environment"] == {
        "SAGEMAKER_MODEL_SERVER_WORKERS": "2",
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
        "SAGEMAKER_REGION": "eu-west-1",
    }


@pytest.mark.parametrize(
    ("data", "source"),
    [
        (None, {}),
        ("s3://models/r.tar.gz", {"ModelDataUrl": "s3://models/r.tar.gz"}),
        ("s3://models/r.tgz", {"S3Uri": "s3://models/r.tgz", "S3DataType": "S3Object", "CompressionType": "Gzip"}),
        ("s3://models/r/", {"S3Uri": "s3://models/r/", "S3DataType": "S3Prefix", "CompressionType": "None"}),
        ("s3://models/r.gguf", {"S3Uri": "s3://models/r.gguf", "S3DataType": "S3Object", "CompressionType": "None"}),
    ],
)
def test_model_data_in_s3_is_an_archive_an_object_or_all_below_a_prefix(data: str | None, source: dict[str, str]) -> None:
    """As the API's ModelDataUrl where it can be, else as its ModelDataSource; it is looked at, and nothing is uploaded."""
    uploads = Uploads()
    container = model_of(RANKER, Deploying(image=IMAGE, model_data=data), "eu-west-1", uploads)
    wanted = {"ModelDataSource": {"S3DataSource": source}} if "S3Uri" in source else source
    assert container == {"Image": IMAGE, **wanted}
    assert uploads == Uploads([], [data] if data else [])


def test_a_models_archive_on_this_host_is_uploaded(tmp_path: Path) -> None:
    """One that is not there is refused before anything is asked of anybody."""
    path = tmp_path / "model.tar.gz"
    deploying = Deploying(models={"ranker-7": Model(IMAGE, str(path))})
    with pytest.raises(PlanError, match=f"model 'ranker-7': there is no file {path}"):
        check_models(["ranker-7"], deploying)
    path.write_bytes(b"x")
    uploads = Uploads()
    assert model_of(RANKER, deploying, "eu-west-1", uploads)["ModelDataUrl"].startswith("s3://")
    assert uploads.archives == [path]


def test_what_the_plan_describes_stands_beside_the_shipped_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several models in one plan, each by its name; variables passed on are pytest's own."""
    monkeypatch.setenv("TOKEN", "hush")
    described = {"ranker-7": Model(IMAGE, environment={"A": "1"}, environment_from=("TOKEN",)), "other": Model("other:1")}
    deploying = Deploying(models=described)
    check_models(["constant", "ranker-7", "other"], deploying)
    assert model_of(RANKER, deploying, "eu-west-1", Uploads()) == {"Image": IMAGE, "Environment": {"A": "1", "TOKEN": "hush"}}
    assert "scikit-learn" in model_of(SHIPPED, deploying, "eu-west-1", Uploads())["Image"]
    monkeypatch.delenv("TOKEN")
    with pytest.raises(PlanError, match="model 'ranker-7': environment_from names TOKEN"):
        check_models(["ranker-7"], deploying)


def test_an_image_given_as_an_option_is_the_one_model_that_the_plan_does_not_describe() -> None:
    """Also where cases leave the model's name at `constant`; of two names, nobody could tell which is meant."""
    deploying = Deploying(image=IMAGE, models={"other": Model("other:1")})
    assert model_of(SHIPPED, deploying, "eu-west-1", Uploads()) == {"Image": IMAGE}
    check_models(["other", "ranker-7"], deploying)
    with pytest.raises(PlanError, match=r"the cases name 2 models .*: constant, ranker-7; describe each in the plan: \[models.NAME\]"):
        check_models(["other", "ranker-7", "constant"], deploying)


@pytest.mark.parametrize(
    ("deploying", "said"),
    [
        (Deploying(), r"nobody says what model 'ranker-7' is; .*--latency-image URI .*\[models.\"ranker-7\"\] with image and model_data"),
        (Deploying(image=IMAGE, model_data="model.pkl"), r"--latency-model-data.*: model_data is 'model.pkl'; it is s3://BUCKET"),
        (Deploying(image="https://hub/x"), "--latency-image, .*image is 'https://hub/x'"),
    ],
)
def test_a_model_that_nobody_described_is_refused_with_what_to_write(deploying: Deploying, said: str) -> None:
    """Before anything is created, or anybody asked."""
    uploads = Uploads()
    with pytest.raises(PlanError, match=said):
        examine_models([RANKER], deploying, "eu-west-1", uploads)
    assert uploads == Uploads()


@pytest.mark.parametrize(
    ("deploying", "said"),
    [
        (Deploying(model_data="s3://models/r.tar.gz"), "--latency-model-data is what an image loads; name that image"),
        (
            Deploying(environment={"SAGEMAKER_PROGRAM": "x.py"}),
            "--latency-model-env SAGEMAKER_PROGRAM: the shipped model's container needs",
        ),
    ],
)
def test_options_that_the_shipped_model_has_no_use_for_are_refused(deploying: Deploying, said: str) -> None:
    """Rather than be passed over: what would be measured is not what was meant."""
    with pytest.raises(PlanError, match=said):
        check_models(["constant"], deploying)


def test_all_is_looked_at_before_anything_is_created(tmp_path: Path) -> None:
    """The region's image, the user's model data, and the bucket only where something will be put there."""
    (tmp_path / "m.tar.gz").write_bytes(b"x")
    described = {"in-s3": Model(IMAGE, "s3://models/r/"), "here": Model(IMAGE, str(tmp_path / "m.tar.gz")), "bare": Model(IMAGE)}
    for name, looked_at in {"in-s3": ["s3://models/r/"], "here": ["the bucket"], "bare": [], "constant": ["the bucket"]}.items():
        uploads = Uploads()
        examine_models([replace(SHIPPED, model=name)], Deploying(models=described), "eu-west-1", uploads)
        assert uploads == Uploads([], looked_at)
    with pytest.raises(TargetError, match="no public source says where"):
        examine_models([SHIPPED], Deploying(), "mx-central-1", Uploads())


@given(value=st.text(min_size=1).map(lambda text: "secret" + text), account=st.from_regex("[0-9]{12}", fullmatch=True))
def test_a_record_names_no_account_and_shows_no_value(value: str, account: str) -> None:
    """Of the environment the names; of image and model data what tells two of them apart."""
    environment = {"TOKEN": value[:1024], "A": "1"}
    deploying = Deploying(
        image=f"{account}.dkr.ecr.eu-west-1.amazonaws.com/team/ranker:7", model_data=f"s3://m-{account}/r/", environment=environment
    )
    facts = facts_of(model_of(RANKER, deploying, "eu-west-1", Uploads()))
    assert facts == {"image": "team/ranker:7", "model_data": "s3://m-ACCOUNT/r/", "model_environment": "A, TOKEN"}
    assert value not in repr(deploying)
    assert facts_of({"Image": "team/ranker:7"}) == {"image": "team/ranker:7"}


@given(value=st.text(min_size=4, max_size=1024), short=st.text(max_size=3))
def test_an_error_of_awss_shows_no_value_either(value: str, short: str) -> None:
    """AWS quotes what it does not take; the rest of its text, and its code, stay."""
    container = {"Image": IMAGE, "Environment": {"TOKEN": f"<{value}>", "N": short}}
    answer = {"Error": {"Code": "ValidationException", "Message": f"Value '<{value}>' at 'primaryContainer.environment' is odd"}}
    shown = without_values(ClientError(answer, "CreateModel"), container)
    assert f"<{value}>" not in str(shown)
    assert shown.response["Error"] == {"Code": "ValidationException", "Message": "Value '…' at 'primaryContainer.environment' is odd"}
    other = ClientError({"Error": {"Code": "Other", "Message": "no"}}, "CreateModel")
    assert without_values(other, container) is other


def test_a_refused_model_is_told_without_the_values_of_its_environment() -> None:
    """Neither in the sentence nor in what it came of, nor where a traceback would print the deployment."""
    deployment = Deployment("m", SHIPPED, {"Image": IMAGE, "Environment": {"TOKEN": "hush-hush"}}, f"arn:aws:iam::{ACCOUNT}:role/r", {})
    client = aws().client("sagemaker", region_name="eu-west-1")
    with Stubber(client) as stubber:
        stubber.add_client_error("create_model", "ValidationException", "Value '{TOKEN=hush-hush}' at 'environment' is odd")
        with pytest.raises(
            TargetError, match=r"create the model m: ValidationException: Value '{TOKEN=…}' at 'environment' is odd"
        ) as raised:
            create_model(client, deployment)
    client.close()
    assert "hush" not in f"{raised.value} {raised.value.__cause__} {deployment!r}"
