"""Target existing against a control plane and a data plane that run as processes of their own, by an unmodified boto3.

The endpoints are deployed by the tests, as somebody else, and have to be there and the same afterwards.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tailgate import Budget, Case, EndpointSpec, Poisson
from tailgate.analysis.outcome import Outcome
from tailgate.errors import PlanError, TargetError
from tailgate.measure import measure
from tailgate.paired_run import paired
from tailgate.plan.pair import Pair
from tailgate.reporting.record import Record
from tailgate.targets import Endpoint
from tailgate.targets.attaching import Attaching
from tailgate.targets.existing import ExistingTarget
from tests.emulated.conftest import REGION, lead_boto3
from tests.suites import RANKER

SPEC = EndpointSpec("ranker", instance_type="ml.m5.large")
CASE = Case(
    SPEC, payload=b"[1]", load=Poisson(per_s=60, for_s=2, warmup_s=0.5, seed=7), budget=Budget.of("p90 <= 500ms", "error_rate <= 30%")
)
CAREFUL = Attaching(most_per_s=100)


@pytest.fixture
def aws(moto: Any, data_plane: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """boto3's own settings lead to the two processes, here and in the generator. The control plane's client."""
    lead_boto3(moto.url, data_plane, monkeypatch, control_plane="AWS_ENDPOINT_URL_SAGEMAKER")
    return moto.sagemaker


@pytest.fixture
def deploy(moto: Any, aws: Any) -> Iterator[Callable[..., str]]:
    """Deploys endpoints of a test's own, which go when it ends."""
    names: list[str] = []

    def deployed(name: str, *variants: dict[str, Any]) -> str:
        names.append(moto.deploy(name, *variants))
        return name

    yield deployed
    for name in names:
        with contextlib.suppress(ClientError):
            aws.delete_endpoint(EndpointName=name)
        aws.delete_endpoint_config(EndpointConfigName=f"{name}-config")


def target(attaching: Attaching = CAREFUL) -> ExistingTarget:
    """The target as the registry makes it."""
    return ExistingTarget(attaching, region=REGION)


def record_in(tmp_path: Path) -> Record:
    """A session's folder."""
    folder = tmp_path / "runs" / "one"
    folder.mkdir(parents=True)
    return Record(folder)


def test_a_suite_measures_an_endpoint_in_service_and_leaves_it_as_it_was(
    deploy: Callable[..., str], aws: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kind on record is `existing`, no outcome is called emulated, the facts are the endpoint's own, no account is named.

    The option's region is the one that counts; the data plane takes no signature for another.
    """
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    name = deploy("ranker-production", {"InitialInstanceCount": 2})
    before = {key: value for key, value in aws.describe_endpoint(EndpointName=name).items() if key != "ResponseMetadata"}
    pytester.makepyfile(test_ranker=RANKER)
    outcome = pytester.runpytest_subprocess(
        *("-p", "no:cacheprovider", "-m", "latency", "--latency-no-floor", "--latency-target", "existing"),
        *("--latency-endpoint", name, "--latency-max-rate", "60", "--latency-region", REGION, "--latency-cloudwatch-wait", "0"),
        timeout=300,
    )
    outcome.assert_outcomes(passed=1)
    run = json.loads(next(pytester.path.glob("reports/runs/*/ranker-*.json")).read_text())
    assert run["provenance"]["target"] == "existing"
    facts = run["provenance"]["endpoint"]
    assert (facts["endpoint"], facts["instance_type"], facts["instance_count"]) == (name, "ml.m5.large", "2")
    assert (run["case"]["name"], run["case"]["instance_count"]) == ("ranker", 2)
    assert f"endpoint {name} has 2 instances (the case says 1)" in run["verdict"]["explanation"]
    assert "emulated" not in outcome.stdout.str()
    assert "123456789012" not in json.dumps(run)
    after = {key: value for key, value in aws.describe_endpoint(EndpointName=name).items() if key != "ResponseMetadata"}
    assert after == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--latency-target", "existing"], "--latency-max-rate 60"),
        (["--latency-target", "existing", "--latency-max-rate", "50"], "*comes to 60/s, --latency-max-rate allows 50/s*"),
        (["--latency-max-rate", "50"], "*--latency-max-rate is for target 'existing'*"),
    ],
)
def test_a_load_faster_than_was_said_ends_the_session_before_anything_is_asked(
    aws: Any, pytester: pytest.Pytester, options: list[str], said: str
) -> None:
    """Exit code 4, with what to say."""
    assert aws
    pytester.makepyfile(test_ranker=RANKER)
    outcome = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-m", "latency", *options, timeout=300)
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines([f"*{said}*"])


def test_two_variants_of_one_endpoint_are_two_arms(deploy: Callable[..., str], data_plane: Any, tmp_path: Path) -> None:
    """Each request names its variant; both runs say what their variant really has."""
    name = deploy("shared", {"VariantName": "blue"}, {"VariantName": "green", "InitialInstanceCount": 3})
    pair = Pair(CASE.at(name, variant="blue"), CASE.at(name, variant="green"))
    run = paired(pair, target(), record_in(tmp_path), turn=nullcontext())
    assert [arm.case.spec.instance_count for arm in run.arms] == [1, 3]
    assert [arm.record.provenance["endpoint"]["variant"] for arm in run.arms] == ["blue", "green"]  # type: ignore[index]  # plain facts
    assert "3 instances (the case says 1)" in run.explain()
    assert set(data_plane.truth(name)["status"]) == {200}


def test_production_and_candidate_are_two_arms(deploy: Callable[..., str], data_plane: Any, tmp_path: Path) -> None:
    """Two endpoints by their own names, as in a user's test, each with about half of the requests."""
    names = [deploy("ranker-old"), deploy("ranker-new")]
    run = paired(Pair(*map(CASE.at, names)), target(), record_in(tmp_path), turn=nullcontext())
    assert [arm.record.provenance["endpoint"]["endpoint"] for arm in run.arms] == names  # type: ignore[index]  # plain facts
    assert all(len(data_plane.truth(name)) > 20 for name in names)


def test_an_interface_endpoint_that_was_named_is_the_other_arm(deploy: Callable[..., str], data_plane: Any, tmp_path: Path) -> None:
    """Both paths of one endpoint in one run, each asked at its own address; the record of each arm says which it was."""
    name, (ip, port) = deploy("ranker-linked"), data_plane.address("privatelink")
    attached = target(replace(CAREFUL, private_link=f"https://{ip}:{port}"))
    run = paired(Pair(CASE.at(name), CASE.at(name).via("privatelink")), attached, record_in(tmp_path), turn=nullcontext())
    assert [arm.record.provenance["network_path"] for arm in run.arms] == ["public", "privatelink"]
    assert {arm.record.provenance["endpoint"]["interface_endpoint"] for arm in run.arms} == {"as named"}  # type: ignore[index]  # plain facts
    paths = [path.decode() for path in data_plane.truth(name)["network_path"]]
    assert min(paths.count("public"), paths.count("privatelink")) > 20


class Throttled(ExistingTarget):
    """Its requests ask to be throttled, which the data plane grants."""

    @contextlib.contextmanager
    def open(self, spec: EndpointSpec) -> Iterator[Endpoint]:
        """As it is, but for the header."""
        fault = {"X-Amzn-SageMaker-Custom-Attributes": "tailgate-fault=ThrottlingException"}
        with super().open(spec) as endpoint:
            addresses = {path: replace(address, headers={**address.headers, **fault}) for path, address in endpoint.addresses.items()}
            yield replace(endpoint, addresses=addresses)


def test_a_load_that_the_endpoint_throttles_ends_at_once_and_decides_nothing(
    deploy: Callable[..., str], data_plane: Any, tmp_path: Path
) -> None:
    """A minute's load ends after a few seconds, INCONCLUSIVE and on record; a FAIL would have it measured again."""
    name = deploy("weak")
    slow = CASE.at(name).under(Poisson(per_s=60, for_s=60, seed=7))
    run = measure(slow, Throttled(CAREFUL, region=REGION), record_in(tmp_path), turn=nullcontext())
    assert run.verdict.outcome is Outcome.INCONCLUSIVE
    assert "to spare the endpoint's other callers" in run.verdict.reasons[0]
    assert not run.disturbed
    assert len(data_plane.truth(name)) < 0.3 * 60 * 60
    assert run.record.path is not None


def test_an_endpoint_that_is_changed_while_it_is_measured_makes_the_run_inconclusive(
    deploy: Callable[..., str], aws: Any, tmp_path: Path
) -> None:
    """Its owner scales it amid the load; the reason names the counts before and after."""
    name = deploy("restless")
    scaled: list[float] = []

    def scale(tick: Any) -> None:
        if not scaled:
            scaled.append(tick.t_s)
            wish = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 4}]
            aws.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=wish)

    run = measure(CASE.at(name), target(), record_in(tmp_path), turn=nullcontext(), on_tick=scale)
    assert run.verdict.outcome is Outcome.INCONCLUSIVE
    assert len(run.verdict.reasons) == 1
    assert "was changed since it was attached to" in run.verdict.reasons[0]
    assert "1 instance" in run.verdict.reasons[0]
    assert "4" in run.verdict.reasons[0]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (EndpointSpec("nobodys", instance_type="ml.m5.large"), "there is no endpoint 'nobodys' in ap-northeast-1.*--latency-region"),
        (EndpointSpec("plain", instance_type="ml.c5.large"), "the case says ml.c5.large, endpoint plain has ml.m5.large.*case.on"),
        (EndpointSpec("plain", instance_type="ml.m5.large", variant="blue"), "has no variant 'blue'"),
    ],
)
def test_what_is_not_as_the_case_says_is_refused(deploy: Callable[..., str], spec: EndpointSpec, said: str) -> None:
    """Absent, of another instance type, without the variant: in a sentence, before anything is asked."""
    deploy("plain")
    with pytest.raises(TargetError, match=said), target().open(spec):
        pass


def test_an_endpoint_that_captures_data_is_asked_only_if_that_was_said(moto: Any, deploy: Callable[..., str], aws: Any) -> None:
    """Synthetic requests would be among those that monitoring compares."""
    deploy("plain")
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://b/p",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    variants = moto.sagemaker.describe_endpoint_config(EndpointConfigName="plain-config")["ProductionVariants"]
    aws.create_endpoint_config(EndpointConfigName="captured-config", ProductionVariants=variants, DataCaptureConfig=capture)
    aws.create_endpoint(EndpointName="captured", EndpointConfigName="captured-config")
    spec = replace(SPEC, name="captured")
    try:
        with pytest.raises(TargetError, match="--latency-allow-data-capture"), target().open(spec):
            pass
        with target(replace(CAREFUL, captured=True)).open(spec) as endpoint:
            assert endpoint.found == spec
    finally:
        aws.delete_endpoint(EndpointName="captured")
        aws.delete_endpoint_config(EndpointConfigName="captured-config")


def test_one_endpoint_named_for_all_is_not_asked_for_another_name(deploy: Callable[..., str]) -> None:
    """Else a candidate would be compared with itself."""
    deploy("plain")
    attached = target(replace(CAREFUL, only="plain"))
    with attached.open(SPEC) as endpoint:
        assert endpoint.name == "plain"
    with (
        pytest.raises(PlanError, match="--latency-endpoint candidate=plain --latency-endpoint ranker=ENDPOINT"),
        attached.open(replace(SPEC, name="candidate")),
    ):
        pass


def test_without_credentials_it_says_where_they_may_come_from(
    deploy: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And nothing of botocore's reaches the reader."""
    deploy("plain")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(TargetError, match="no AWS credentials were found; set AWS_PROFILE"), target().open(replace(SPEC, name="plain")):
        pass


def test_a_control_plane_that_cannot_be_reached_is_named(monkeypatch: pytest.MonkeyPatch, aws: Any) -> None:
    """With what may be wrong."""
    assert aws
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", "http://127.0.0.1:9")
    with pytest.raises(TargetError, match=r"127\.0\.0\.1:9.*AWS_ENDPOINT_URL"), target().open(SPEC):
        pass
