"""Local: load from this host, where tailgate itself runs. The post that is always there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from tailgate.generator.drive import local_child
from tailgate.generator.followed import Generator
from tailgate.generator.order import Order
from tailgate.plan.case import Case, EndpointSpec
from tailgate.plan.vantage import LOCAL, VantageSpec
from tailgate.targets import Endpoint
from tailgate.targets.null import NullTarget

if TYPE_CHECKING:
    from tailgate.aws.instance_metadata import Instance


class LocalPost:
    """This host. Nothing has to be started for it, and nothing is left of it."""

    name = LOCAL
    facts: Mapping[str, object] = {}
    on_this_host = True

    def start(self, order: Order, environment: Mapping[str, str]) -> Generator:
        """A child process of this one."""
        return local_child(order, environment)

    def addresses_of(self, host: str) -> Sequence[str]:
        """As this host's resolver knows it."""
        from tailgate.aws.network.outlook import addresses_of  # not before it is needed: the room imports botocore

        return addresses_of(host)

    def instance(self) -> Instance | None:
        """What this host's metadata service says, for those who run on EC2."""
        from tailgate.aws.instance_metadata import read_instance  # not before it is needed: it imports botocore

        return read_instance()

    def null(self, *, region: str, tls: bool, signed: bool) -> AbstractContextManager[Endpoint]:
        """The null target's responder, a child process of this one."""
        return NullTarget(region=region, tls=tls, sign="sagemaker" if signed else None).open(EndpointSpec("floor"))


class LocalVantage:
    """This host as a vantage: there is nothing to launch."""

    kind = LOCAL
    status = "at this host"

    def examine(self, cases: Sequence[Case]) -> None:
        """Nothing can be wrong with it."""

    @contextmanager
    def open(self) -> Iterator[LocalPost]:
        """This host."""
        yield HERE

    def interrupt(self) -> None:
        """There is nothing to give up."""


HERE = LocalPost()


def local_vantage(_spec: VantageSpec, _settings: object, _target: object) -> LocalVantage:
    """For the registry."""
    return LocalVantage()
