"""Where load is sent from: a vantage opens a post, from which generators are started and the network is seen.

What only the host of a generator can say is asked of its post: what names resolve to there, in which zone it is, what the
harness itself takes there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # what runs on an emulated host imports this package, and none of these
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from tailgate.aws.instance_metadata import Instance
    from tailgate.generator.followed import Generator
    from tailgate.generator.order import Order
    from tailgate.plan.case import Case
    from tailgate.targets import Endpoint


class Post(Protocol):
    """Where generators run. Thread-safe but for `start`: one at a time.

    name: what makes runs comparable, such as `local` or `ec2 m5.2xlarge apne1-az1`. facts: for the record; no account, no address.
    on_this_host: whether its load is this host's load, so that it has to wait for other measurements here.
    """

    @property
    def name(self) -> str: ...  # noqa: D102  # told above

    @property
    def facts(self) -> Mapping[str, object]: ...  # noqa: D102

    @property
    def on_this_host(self) -> bool: ...  # noqa: D102

    def start(self, order: Order, environment: Mapping[str, str]) -> Generator:
        """A generator with the order. environment: set for it beside the host's own. Raises GeneratorError."""
        ...

    def addresses_of(self, host: str) -> Sequence[str]:
        """What a name resolves to there; nothing where it does not. Raises TargetError where the post cannot be asked."""
        ...

    def instance(self) -> Instance | None:
        """The EC2 instance that it is; None where it is none, or its metadata is turned off. Raises TargetError."""
        ...

    def null(self, *, region: str, tls: bool, signed: bool) -> AbstractContextManager[Endpoint]:
        """A responder there that answers at once; gone on leaving. Raises TargetError."""
        ...


class Vantage(Protocol):
    """Somewhere posts come from: this host, or hosts that are launched. status: what `open` is about, for whoever waits for it."""

    kind: str

    @property
    def status(self) -> str: ...  # noqa: D102

    def examine(self, cases: Sequence[Case]) -> None:
        """Refuse what cannot come about before anything is launched. Asks for reading alone. Raises PlanError, TargetError."""
        ...

    def open(self) -> AbstractContextManager[Post]:
        """A post, ready to start generators; on leaving it, its hosts are gone. Raises TargetError, CapacityError."""
        ...

    def interrupt(self) -> None:
        """Give up what is being launched, for good: an `open` under way ends what it began and raises StoppedError."""
        ...
