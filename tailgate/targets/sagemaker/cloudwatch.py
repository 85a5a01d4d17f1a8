"""CloudWatch: what SageMaker itself counted and timed of an endpoint, asked for by GetMetricData. Changes nothing.

Latencies come in microseconds; they are converted here, and nowhere else. Permission: cloudwatch:GetMetricData.
Sources: "Amazon SageMaker metrics in Amazon CloudWatch" (names, dimensions, units); GetMetricData's reference (its limits).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from tailgate.aws.clients import open_client
from tailgate.aws.refusals import code_of, is_denied
from tailgate.aws.waiting import Patience
from tailgate.errors import TargetError
from tailgate.minutes import MINUTE_S, Minute, Stream, Told

NAMESPACE = "AWS/SageMaker"
_MICROSECOND_S = 1e-6
_MOST_QUERIES = 500
_ASK_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class _Asked:
    """One column of a Minute: which metric and statistic it is, in which unit, and how much of ours one of that unit is."""

    metric: str
    statistic: str
    unit: str | None = None
    factor: float = 1.0


_COLUMNS: Mapping[str, _Asked] = {
    "invocations": _Asked("Invocations", "Sum"),
    "errors_4xx": _Asked("Invocation4XXErrors", "Sum"),
    "errors_5xx": _Asked("Invocation5XXErrors", "Sum"),
    "model_s": _Asked("ModelLatency", "Sum", "Microseconds", _MICROSECOND_S),
    "model_count": _Asked("ModelLatency", "SampleCount", "Microseconds"),
    "overhead_s": _Asked("OverheadLatency", "Sum", "Microseconds", _MICROSECOND_S),
    "overhead_count": _Asked("OverheadLatency", "SampleCount", "Microseconds"),
}
"""A latency in another unit than these is not taken for one: CloudWatch leaves out what was not published in the unit asked for."""


def open_cloudwatch(region: str) -> Any:
    """A client, as boto3 is configured here; it gives up soon, for nothing is lost with it. Raises TargetError."""
    try:
        return open_client("cloudwatch", region, attempts=2)
    except BotoCoreError as error:
        raise TargetError(f"CloudWatch cannot be asked ({type(error).__name__}); check AWS_PROFILE and ~/.aws/config") from None


def awaited(
    client: Any, minutes: Mapping[Stream, Sequence[int]], wait_s: float, enough: Callable[[Told], bool], on_wait: Callable[[float], None]
) -> Told:
    """What is told of each stream's minutes as soon as it is enough, else what there is after wait_s: it comes late.

    on_wait: told the seconds waited. Ctrl-C ends the wait. Raises TargetError, without AWS's text, which names the account.
    """
    told: Told = {}
    with suppress(KeyboardInterrupt):
        for waited_s in Patience(_ASK_EVERY_S, wait_s).rounds():
            on_wait(waited_s)
            told = read_minutes(client, minutes)
            if enough(told):
                break
    return told


def read_minutes(client: Any, minutes: Mapping[Stream, Sequence[int]]) -> Told:
    """What is told of each stream's minutes by now, asked in as few calls as 500 queries each allow. Raises TargetError."""
    wanted = [(stream, name) for stream in minutes for name in _COLUMNS]
    first_s = min((min(each) for each in minutes.values() if each), default=0)
    last_s = max((max(each) for each in minutes.values() if each), default=0)
    columns: dict[Stream, dict[int, dict[str, float]]] = {stream: defaultdict(dict) for stream in minutes}
    for begin in range(0, len(wanted), _MOST_QUERIES):
        some = wanted[begin : begin + _MOST_QUERIES]
        queries = [_query(number, stream, _COLUMNS[name]) for number, (stream, name) in enumerate(some)]
        for number, at_s, value in _values(client, queries, first_s, last_s + MINUTE_S):
            stream, name = some[number]
            if at_s in minutes[stream]:
                columns[stream][at_s][name] = value * _COLUMNS[name].factor
    return {stream: {at_s: Minute(**told) for at_s, told in sorted(each.items())} for stream, each in columns.items()}


def _query(number: int, stream: Stream, asked: _Asked) -> dict[str, Any]:
    dimensions = [{"Name": "EndpointName", "Value": stream.endpoint}, {"Name": "VariantName", "Value": stream.variant}]
    metric = {"Namespace": NAMESPACE, "MetricName": asked.metric, "Dimensions": dimensions}
    unit = {} if asked.unit is None else {"Unit": asked.unit}
    return {"Id": f"q{number}", "MetricStat": {"Metric": metric, "Period": MINUTE_S, "Stat": asked.statistic, **unit}}


def _values(client: Any, queries: list[dict[str, Any]], from_s: int, until_s: int) -> Iterator[tuple[int, int, float]]:
    """Which query, of which minute, which value; page by page. Raises TargetError."""
    asked: dict[str, Any] = {
        "MetricDataQueries": queries,
        "StartTime": datetime.fromtimestamp(from_s, UTC),
        "EndTime": datetime.fromtimestamp(until_s, UTC),
        "ScanBy": "TimestampAscending",
    }
    while True:
        answer = _answer(client, asked)
        for one in answer.get("MetricDataResults", ()):
            if one.get("StatusCode") == "Forbidden":
                raise TargetError(_DENIED)
            yield from _points(int(one["Id"][1:]), one.get("Timestamps", ()), one.get("Values", ()))
        if not answer.get("NextToken"):
            return
        asked["NextToken"] = answer["NextToken"]


def _points(number: int, timestamps: Iterable[datetime], values: Iterable[float]) -> Iterator[tuple[int, int, float]]:
    for at, value in zip(timestamps, values, strict=True):
        yield number, int(at.timestamp()) // MINUTE_S * MINUTE_S, float(value)


_DENIED = (
    "CloudWatch's figures are not for these credentials: cloudwatch:GetMetricData is denied; "
    "permit it, or leave them out with --latency-cloudwatch-wait 0"
)


def _answer(client: Any, asked: Mapping[str, Any]) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = client.get_metric_data(**asked)
    except ClientError as error:
        if is_denied(error):
            raise TargetError(_DENIED) from None
        raise TargetError(f"CloudWatch's figures could not be read ({code_of(error)}); they can be looked up in its console") from None
    except (BotoCoreError, ResponseParserError) as error:
        why = f"{type(error).__name__}: check this host's network, and AWS_ENDPOINT_URL if it is set"
        raise TargetError(f"CloudWatch's figures could not be read ({why})") from None
    return answer
