"""The URL target: whatever answers there already. Nothing is started, nothing signed, nothing ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tailgate.plan.case import EndpointSpec
from tailgate.targets import Address, Endpoint
from tailgate.targets.commands import check_url

if TYPE_CHECKING:
    from tailgate.targets.registry import Settings

_NOTE = "answered by a URL: instance type, count and model are what the case calls them, nobody looked"


def url_target(settings: Settings) -> UrlTarget:
    """The URL target for the registry. Raises PlanError where no URL, or a wrong one, was given."""
    return UrlTarget(check_url(settings.url, "settings"), region=settings.region)


class UrlTarget:
    """Every endpoint is the one URL, by POST and unsigned. https is verified against the system's authorities."""

    kind = "url"

    def __init__(self, url: str, *, region: str = "us-east-1") -> None:
        self._url, self._region = url, region

    @contextmanager
    def open(self, spec: EndpointSpec) -> Iterator[Endpoint]:
        """The URL as an endpoint; whether anybody answers there shows when it is asked."""
        address = Address(url=self._url, region=self._region, network_path="public", variant=spec.variant, sign=None)
        yield Endpoint(spec.name, {"public": address}, deployed_by_us=False, provenance={"note": _NOTE})
