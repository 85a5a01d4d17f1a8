"""CloudWatch as moto keeps it, in a process of its own, asked by an unmodified boto3 as SageMaker would have filled it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tailgate.afterwards import Wanted, add_afterwards
from tailgate.analysis.platform import Asked
from tailgate.errors import TargetError
from tailgate.minutes import Minute, Stream
from tailgate.reporting.platform import time_line
from tailgate.reporting.run_file import read_run, write_run
from tailgate.targets.sagemaker import cloudwatch
from tests.emulated.conftest import ACCESS_KEY, REGION, SECRET_KEY
from tests.unit.reporting.synthetic import case_of, run_from, samples_of, write_samples

RUN_S = 1795340172  # when the synthetic runs begin
MINUTE = RUN_S // 60 * 60


@pytest.fixture
def aws(moto: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """boto3's own settings lead to moto; a CloudWatch client."""
    settings = {
        "AWS_ENDPOINT_URL": moto.url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": REGION,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return cloudwatch.open_cloudwatch(REGION)


def publish(client: Any, stream: Stream, at_s: int, metric: str, values: list[float], unit: str = "None") -> None:
    """As SageMaker does for each invocation."""
    dimensions = [{"Name": "EndpointName", "Value": stream.endpoint}, {"Name": "VariantName", "Value": stream.variant}]
    for begin in range(0, len(values), 500):
        datum = {
            "MetricName": metric,
            "Dimensions": dimensions,
            "Timestamp": datetime.fromtimestamp(at_s, UTC),
            "Unit": unit,
            "Values": values[begin : begin + 500],
        }
        client.put_metric_data(Namespace=cloudwatch.NAMESPACE, MetricData=[datum])


def invoked(client: Any, stream: Stream, at_s: int, times: int, model_us: float = 8000, overhead_us: float = 2900) -> None:
    """So many invocations in a minute."""
    publish(client, stream, at_s, "Invocations", [1.0] * times)
    publish(client, stream, at_s, "ModelLatency", [model_us] * times, "Microseconds")
    publish(client, stream, at_s, "OverheadLatency", [overhead_us] * times, "Microseconds")


def test_minutes_come_in_seconds_and_by_stream(aws: Any) -> None:
    """Of the right endpoint and variant, minute by minute; microseconds are gone."""
    blue, green = Stream("colours", "blue"), Stream("colours", "green")
    invoked(aws, blue, MINUTE, 2, model_us=8000)
    invoked(aws, blue, MINUTE + 61, 3, model_us=1000)
    invoked(aws, green, MINUTE, 4, model_us=5)
    publish(aws, green, MINUTE, "Invocation5XXErrors", [1.0])
    publish(aws, green, MINUTE, "Invocation4XXErrors", [1.0, 1.0])
    told = cloudwatch.read_minutes(aws, {blue: [MINUTE, MINUTE + 60], green: [MINUTE]})
    assert told[blue].keys() == {MINUTE, MINUTE + 60}
    assert told[blue][MINUTE] == Minute(2, 0, 0, pytest.approx(0.016), 2, pytest.approx(0.0058), 2)
    assert told[blue][MINUTE + 60].mean_model_s == pytest.approx(0.001)
    assert told[green][MINUTE].errors_4xx == 2
    assert told[green][MINUTE].errors_5xx == 1


def test_a_latency_in_another_unit_is_not_taken_for_microseconds(aws: Any) -> None:
    """CloudWatch converts nothing; what was not published in the unit asked for is left out."""
    stream = Stream("milliseconds", "AllTraffic")
    publish(aws, stream, MINUTE, "ModelLatency", [8.0], "Milliseconds")
    assert cloudwatch.read_minutes(aws, {stream: [MINUTE]}) == {stream: {}}


def test_more_streams_than_one_call_takes_are_asked_in_several(aws: Any) -> None:
    """Seven queries each, 500 a call: 143 streams take three calls, and none gets another's minutes."""
    streams = [Stream(f"one-of-many-{number}", "AllTraffic") for number in range(143)]
    for number in (0, 71, 72, 142):
        publish(aws, streams[number], MINUTE, "Invocations", [float(number + 1)])
    calls: list[int] = []
    aws.meta.events.register("before-parameter-build.cloudwatch.*", lambda params, **_: calls.append(len(params["MetricDataQueries"])))
    told = cloudwatch.read_minutes(aws, {stream: [MINUTE] for stream in streams})
    assert calls == [500, 500, 1]
    assert {number: told[streams[number]][MINUTE].invocations for number in (0, 71, 72, 142)} == {0: 1, 71: 72, 72: 73, 142: 143}
    assert sum(map(len, told.values())) == 4


def test_pages_are_read_to_the_end() -> None:
    """A client of its own, stubbed by botocore, which holds answers against the service's model."""
    client = _client()
    stream, at = Stream("paged", "AllTraffic"), datetime.fromtimestamp(MINUTE, UTC)
    with Stubber(client) as stub:
        first = {"Id": "q0", "Timestamps": [at], "Values": [3.0], "StatusCode": "PartialData"}
        stub.add_response("get_metric_data", {"MetricDataResults": [first], "NextToken": "more"})
        second = {"Id": "q3", "Timestamps": [at], "Values": [9000.0], "StatusCode": "Complete"}
        stub.add_response("get_metric_data", {"MetricDataResults": [second]})
        told = cloudwatch.read_minutes(client, {stream: [MINUTE]})
        stub.assert_no_pending_responses()
    assert told == {stream: {MINUTE: Minute(invocations=3.0, model_s=pytest.approx(0.009))}}


@pytest.mark.parametrize(
    ("code", "said"),
    [("AccessDenied", "cloudwatch:GetMetricData is denied.*--latency-cloudwatch-wait 0"), ("InternalServiceFault", "InternalServiceFault")],
)
def test_a_refusal_is_one_sentence_that_names_no_account(code: str, said: str) -> None:
    """AWS's own text holds the caller's ARN."""
    client = _client()
    with Stubber(client) as stub:
        stub.add_client_error("get_metric_data", code, "User: arn:aws:sts::123456789012:assumed-role/ci is not authorized", 403)
        with pytest.raises(TargetError, match=said) as caught:
            cloudwatch.read_minutes(client, {Stream("a", "b"): [MINUTE]})
    assert "123456789012" not in str(caught.value)


def _client() -> Any:
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
    return boto3.Session().client("cloudwatch", region_name=REGION, **keys)


@pytest.fixture
def session(tmp_path: Path) -> Callable[[str], Path]:
    """Records a run of target existing that asked an endpoint 2 200 times in 22 s, from the 12th second of a minute on."""

    def record(endpoint: str) -> Path:
        folder = tmp_path / "runs" / "20261122T093612Z-000001"
        folder.mkdir(parents=True)
        case = case_of()
        samples = samples_of(case, median_s=0.0121)
        run = run_from(case, samples, target="existing")
        run.provenance["endpoint"] = {"endpoint": endpoint, "variant": "AllTraffic"}
        write_samples(samples, folder / run.samples)
        write_run(run, folder / "ranker.json")
        return folder

    return record


def test_a_recorded_run_gets_what_cloudwatch_tells(aws: Any, session: Callable[[str], Path]) -> None:
    """All that was measured stays as it was; the parts add up to the mean service time over the same requests."""
    folder = session("told")
    before = json.loads((folder / "ranker.json").read_text())
    invoked(aws, Stream("told", "AllTraffic"), MINUTE, 2203)
    assert add_afterwards(folder, Wanted("sagemaker", REGION, 10.0, {"told": {"usd": "0.11", "usd_per_hour": 0.23}}), _silent) == []
    after = json.loads((folder / "ranker.json").read_text())
    platform = after.pop("platform")
    assert after == {key: value for key, value in before.items() if key != "platform"}
    time = platform["time"]
    assert math.isclose(time["service_s"], time["network_s"] + 0.0029 + 0.008, rel_tol=1e-9)
    assert platform["notes"] == [
        "CloudWatch counts 2 203 invocations, we sent 2 200, 2 200 of which were answered: "
        "somebody else asks this endpoint, or requests were sent again on their way"
    ]
    assert platform["cost"] == {"usd": "0.11", "usd_per_hour": 0.23}
    line = next(time_line(read_run(folder / "ranker.json")))
    assert line.endswith("+ overhead 2.9 + model 8.0 (CloudWatch, 1 min)")


def test_warming_a_fresh_endpoint_up_is_counted_as_ours(aws: Any, session: Callable[[str], Path]) -> None:
    """Each run at the endpoint records it; it is one load all the same, beside the run in its minute."""
    folder = session("warmed")
    run = read_run(folder / "ranker.json")
    warm_up = Asked(Stream("warmed", "AllTraffic"), MINUTE + 1.0, MINUTE + 9.0, MINUTE + 8.9, 80, 80, None, None, {}, 0.0)
    run.provenance["warm_up"] = [{"endpoint": "warmed", **warm_up.fields()}] * 2  # type: ignore[dict-item]  # plain values, widely typed
    write_run(run, folder / "ranker.json")
    invoked(aws, Stream("warmed", "AllTraffic"), MINUTE, 2280)
    add_afterwards(folder, Wanted("sagemaker", REGION, 10.0, {}), _silent)
    platform = read_run(folder / "ranker.json").platform
    assert platform["notes"] == []
    assert platform["minutes"]["shared_by_loads"] == 2  # type: ignore[index,call-overload]  # plain


def test_figures_that_come_late_are_waited_for(aws: Any, session: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """They are asked for again until all that was answered is counted; then there is nothing to wait for."""
    folder, waited = session("late"), []
    monkeypatch.setattr(cloudwatch, "_ASK_EVERY_S", 0.05)

    def wait(waited_s: float) -> None:
        waited.append(waited_s)
        if len(waited) in (2, 4):
            invoked(aws, Stream("late", "AllTraffic"), MINUTE, 1100)

    add_afterwards(folder, Wanted("existing", REGION, 60.0, {}), wait)
    assert len(waited) == 4
    assert read_run(folder / "ranker.json").platform["invocations"]["counted"] == 2200  # type: ignore[index,call-overload]  # plain


def test_what_does_not_come_is_said_and_loses_nothing(aws: Any, session: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """No figures in time; or nobody to ask."""
    assert aws
    folder = session("silent")
    assert add_afterwards(folder, Wanted("existing", REGION, 0.1, {}), _silent) == []
    assert "has nothing of these minutes yet" in str(read_run(folder / "ranker.json").platform["notes"])
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert add_afterwards(folder, Wanted("existing", REGION, 0.1, {}), _silent) == []
    run = read_run(folder / "ranker.json")
    assert "could not be read (EndpointConnectionError" in str(run.platform["notes"])
    assert run.verdict["outcome"]


def test_a_wait_of_nothing_asks_nobody(session: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is a run of another kind of target asked about; the files stay as they are."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    folder = session("unasked")
    before = (folder / "ranker.json").read_bytes()
    for wanted in (Wanted("existing", REGION, 0.0, {}), Wanted("emulated", REGION, 60.0, {})):
        assert add_afterwards(folder, wanted, _silent) == []
        assert (folder / "ranker.json").read_bytes() == before


def test_a_run_that_cannot_be_rewritten_stays_and_is_complained_of(session: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the disk is full by now."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    folder = session("full")
    before = (folder / "ranker.json").read_bytes()
    monkeypatch.setattr("tailgate.reporting.durable.os.fsync", full)
    complaints = add_afterwards(folder, Wanted("sagemaker", REGION, 0.0, {"full": {"usd": 1.0}}), _silent)
    assert "No space left" in complaints[0]
    assert (folder / "ranker.json").read_bytes() == before
    assert {path.name for path in folder.iterdir()} == {"ranker.json", "ranker.samples"}


def _silent(_: float) -> None:
    pass
