"""What a session was asked about endpoints that somebody else deployed (target existing). Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tailgate.errors import PlanError
from tailgate.guarding import check_rate
from tailgate.plan.case import Case
from tailgate.targets.attaching import Attaching, read_attaching

KIND = "existing"

_OPTIONS = {
    "--latency-endpoint": "latency_endpoint",
    "--latency-max-rate": "latency_max_rate",
    "--latency-abort-share": "latency_abort_share",
    "--latency-allow-data-capture": "latency_allow_data_capture",
}


def add_attaching_options(group: pytest.OptionGroup) -> None:
    """The options of target existing."""
    endpoint = "the endpoint in service to ask (target existing), or NAME=ENDPOINT for what cases call NAME; may be repeated"
    group.addoption("--latency-endpoint", action="append", default=[], metavar="NAME", help=endpoint)
    group.addoption(
        "--latency-max-rate", metavar="N", help="most requests per second that an endpoint in use may be asked; it must be said"
    )
    group.addoption("--latency-abort-share", metavar="SHARE", help="of the last 10 s' requests, how many it may push back (5%%)")
    group.addoption("--latency-allow-data-capture", action="store_true", help="ask an endpoint although it records its requests")
    group.addoption("--latency-vpc-endpoint", metavar="ID", help="the interface endpoint for private network paths, by id or DNS name")


def attaching_of(config: pytest.Config, kind: str | None) -> Attaching:
    """How to attach to endpoints. Raises PlanError, also for options that another kind of target has no use for."""
    given = [option for option, name in _OPTIONS.items() if getattr(config.option, name)]
    if given and kind != KIND:
        raise PlanError(f"{given[0]} is for target '{KIND}', and the target is '{kind or 'emulated'}'; add --latency-target {KIND}")
    check_on_aws("--latency-vpc-endpoint", config.option.latency_vpc_endpoint, kind)
    option = config.option
    return read_attaching(
        option.latency_endpoint,
        option.latency_max_rate,
        option.latency_abort_share,
        option.latency_vpc_endpoint,
        captured=option.latency_allow_data_capture,
    )


def check_on_aws(option: str, value: object, kind: str | None) -> None:
    """Refuse an option of the targets on AWS for another kind. Raises PlanError."""
    if value and kind not in (KIND, "sagemaker"):
        raise PlanError(f"{option} is for targets on AWS, and the target is '{kind or 'emulated'}'; leave it out")


def check_attaching(attaching: Attaching, cases: Iterable[Case]) -> None:
    """Refuse what may not be asked of endpoints in use, as far as it is known ahead. Raises PlanError."""
    asked = list(cases)
    attaching.check_names(case.spec.name for case in asked)
    for case in asked:
        check_rate(case, attaching.most_per_s)
