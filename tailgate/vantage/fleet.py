"""Fleet: several hosts as one post. The first runs Locust's master beside workers of its own, the others' workers join it.

The master drives nothing: it merges what workers report, for about a tenth of the processor time that they take, so that its host has
cores left to drive as much as each other does. The token that workers have to know is made for each load, and goes in letters alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from tailgate.aws.instance_metadata import Instance
from tailgate.errors import GeneratorError
from tailgate.generator.followed import Generator
from tailgate.generator.order import Order
from tailgate.generator.workers.admission import TOKEN, Entrance, new_token
from tailgate.targets import Address, Endpoint
from tailgate.vantage.fleet_generator import FleetGenerator
from tailgate.vantage.remote_post import RemotePost

MASTER_PORT = 5557
"""Where the master listens, at its host's private address alone; Locust's own."""


class FleetPost:
    """posts: of each host, which are closed by whoever made them. master_ip: the first host's, by which the others reach it.

    What is asked of one host alone is asked of the first: all are in one subnet.
    """

    def __init__(self, posts: Sequence[RemotePost], master_ip: str) -> None:
        self._first, *self._others = posts
        self._master_ip = master_ip
        self._of_first: tuple[Address, ...] = ()

    @property
    def name(self) -> str:
        """What makes runs comparable: `2 × ec2 m5.2xlarge apne1-az1`."""
        return self._first.name

    @property
    def facts(self) -> Mapping[str, object]:
        """What is known of the first, and how many there are."""
        return self._first.facts

    @property
    def on_this_host(self) -> bool:
        """Whether they are emulated here."""
        return self._first.on_this_host

    def start(self, order: Order, environment: Mapping[str, str]) -> Generator:
        """A generator of all hosts, with as many workers on each as the order has. Raises GeneratorError where a host is lost."""
        if order.address in self._of_first:
            return self._first.start(order, environment)
        lost = [trouble for post in (self._first, *self._others) if (trouble := post.trouble) is not None]
        if lost:
            raise GeneratorError("; ".join(lost))
        token, at = new_token(), f"{self._master_ip}:{MASTER_PORT}"
        led = replace(order, joining=order.workers * len(self._others), master_bind=at)
        entrance = Entrance(self._master_ip, MASTER_PORT, token)
        workers = [post.join(replace(entrance, called=post.host), order.workers, environment) for post in self._others]
        return FleetGenerator(self._first.start(led, {**environment, TOKEN: token}), workers, at)

    def addresses_of(self, host: str) -> Sequence[str]:
        """What a name resolves to there. Raises TargetError."""
        return self._first.addresses_of(host)

    def instance(self) -> Instance | None:
        """The first."""
        return self._first.instance()

    @contextmanager
    def null(self, *, region: str, tls: bool, signed: bool) -> Iterator[Endpoint]:
        """A responder on the first host, which is asked by that host alone. Raises TargetError."""
        with self._first.null(region=region, tls=tls, signed=signed) as endpoint:
            self._of_first = tuple(endpoint.addresses.values())
            try:
                yield endpoint
            finally:
                self._of_first = ()
