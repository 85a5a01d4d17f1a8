"""Surroundings: the client's side of a region's runtime, each fact found out once: where it is, by which name and way it asks."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from tailgate.aws.clients import invocation_url, open_client
from tailgate.aws.network.client_place import Place, place_of, read_subnets, route_or_why
from tailgate.aws.network.network_paths import Resolve, is_aws_name
from tailgate.aws.network.outlook import THIS_HOST, Outlook
from tailgate.aws.network.routes import Route
from tailgate.aws.refusals import explained

_DUAL_STACK = (".api.aws", ".api.amazonwebservices.com.cn")


class Surroundings:
    """As boto3 is configured here, and as the outlook's host sees it: this one, unless load comes from another.

    client_subnets: ids of that host's subnets, its own first, where somebody named them.
    """

    def __init__(self, region: str, client_subnets: tuple[str, ...], outlook: Outlook = THIS_HOST) -> None:
        self.region, self._client_subnets, self.outlook = region, client_subnets, outlook
        self._way: tuple[Route | None, str] | None = None

    @cached_property
    def ec2(self) -> Any:
        """A client for EC2."""
        return open_client("ec2", self.region)

    @cached_property
    def place(self) -> Place:
        """Where that host is. Raises TargetError where subnets were named and cannot be looked at."""
        return place_of(self.outlook.instance(), read_subnets(self.ec2, self._client_subnets) if self._client_subnets else [])

    @cached_property
    def url(self) -> str:
        """Of an invocation of some endpoint, by the runtime's public name. Raises TargetError."""
        with explained("find the runtime's address"):
            return invocation_url(self.region, "any")

    def url_of(self, endpoint: str) -> str:
        """Of an invocation of the endpoint; botocore is asked once, for it takes a tenth of a second. Raises TargetError."""
        head, _, tail = self.url.rpartition("/any/")
        return f"{head}/{endpoint}/{tail}"

    @property
    def host(self) -> str:
        """The runtime's public name, or what it was overridden with."""
        return urlsplit(self.url).hostname or ""

    @property
    def fips(self) -> bool:
        """Whether boto3 is told to ask FIPS endpoints, where these have names of their own: GovCloud's have none."""
        return is_aws_name(self.host) and "-fips." in self.host

    @property
    def dual_stack(self) -> bool:
        """Whether boto3 is told to ask dual-stack endpoints."""
        return self.host.endswith(_DUAL_STACK)

    def way_out(self, resolve: Resolve) -> tuple[Route | None, str]:
        """This host's way to the public name, and how the record puts it. Raises nothing but what `place` does."""
        if not is_aws_name(self.host):
            return None, "not known: nobody looked"
        if self._way is None:
            self._way = route_or_why(self.ec2, self.place, resolve(self.host))
        return self._way
