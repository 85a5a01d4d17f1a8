"""What the selected tests ask to be measured, as far as it is known ahead, checked before anything is deployed."""

from __future__ import annotations

from typing import Any

import pytest

from tailgate.errors import PlanError
from tailgate.plan.case import Case, EndpointSpec
from tailgate.plan.pair import Pair
from tailgate.pytest_attaching import KIND as EXISTING
from tailgate.pytest_attaching import check_attaching
from tailgate.pytest_deploying import KIND as SAGEMAKER
from tailgate.pytest_deploying import check_deploying, check_paid
from tailgate.pytest_options import BASELINES, settings_of
from tailgate.targets.registry import Settings


def checked(cases: list[Case], region: str, settings: Settings | None = None) -> list[Case]:
    """The cases, their payloads having been read and their prices found: what is missing is said before anything is deployed."""
    try:
        for case in cases:
            case.bodies()
            case.check_price_in(region)
        if settings is not None and settings.kind == EXISTING:
            check_attaching(settings.attaching, cases)
        if settings is not None and settings.kind == SAGEMAKER:
            check_deploying(settings.deploying)
        if settings is not None and settings.kind != "emulated" and settings.vantage.remote:
            check_paid(settings.deploying)
    except PlanError as error:
        raise pytest.UsageError(str(error)) from None
    return cases


def check_baselines(config: pytest.Config, asked: list[Case | Pair]) -> None:
    """Before anything is deployed, refuse a baseline that has none of the tests' own cases. Raises PlanError.

    One that lacks some is no error yet: a case may be there for `measure.paired`, whose arms are other questions.
    """
    baselines = config.stash[BASELINES]
    settings = settings_of(config)
    known_later = settings.kind == EXISTING or settings.vantage.remote  # the number of instances, or the zone: they show there
    if baselines is not None and not known_later:
        baselines.check([one for one in asked if isinstance(one, Case)], settings.kind)


def asked_of(items: list[pytest.Item]) -> list[Case | Pair]:
    """The cases and pairs in the tests' parameters and markers, in their order."""
    asked: list[Any] = []
    for item in items:
        for marker in item.iter_markers("latency"):
            asked.extend(marker.args)
        callspec = getattr(item, "callspec", None)
        asked.extend(callspec.params.values() if callspec else ())
    return [one for one in asked if isinstance(one, Case | Pair)]


def cases_of(asked: list[Case | Pair]) -> list[Case]:
    """Those cases, with both of each pair."""
    return [case for one in asked for case in (one.cases if isinstance(one, Pair) else (one,))]


def needs_of(items: list[pytest.Item]) -> list[tuple[str, list[EndpointSpec] | None]]:
    """For each test the endpoints that it is planned to ask; None for one of which nothing is planned, that makes its cases itself."""
    planned = [(item.nodeid, [case.spec for case in cases_of(asked_of([item]))]) for item in items]
    return [(test, specs or None) for test, specs in planned]
