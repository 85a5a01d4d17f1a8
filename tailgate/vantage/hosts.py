"""Hosts: what is known of one that was launched, and what whoever launches them promises."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from tailgate.aws.names import HOSTS_ROOT as ROOT
from tailgate.plan.case import Case


@dataclass(frozen=True, slots=True)
class Host:
    """One host, up, with an agent (`python -m tailgate.vantage.agent`) started on it. zone_id: such as `use1-az6`."""

    instance_id: str
    private_ip: str
    zone_id: str
    instance_type: str
    image_id: str

    @property
    def name(self) -> str:
        """How people know it: `host i-0123456789abcdef0`."""
        return f"host {self.instance_id}"


@dataclass(frozen=True, slots=True)
class Meeting:
    """Where a session and its hosts leave letters for each other: below `ROOT/SESSION/` in a bucket."""

    bucket: str
    region: str
    session: str

    @property
    def prefix(self) -> str:
        """Of everything of the session's: `tailgate/hosts/SESSION/`."""
        return f"{ROOT}/{self.session}/"

    def prefix_of(self, instance_id: str) -> str:
        """Of one host's letters: `tailgate/hosts/SESSION/INSTANCE/`."""
        return f"{self.prefix}{instance_id}/"

    def url_of(self, instance_id: str) -> str:
        """What the host's agent is told: `s3://BUCKET/tailgate/hosts/SESSION/INSTANCE/`."""
        return f"s3://{self.bucket}/{self.prefix_of(instance_id)}"


class Launching(Protocol):
    """What launches a session's hosts. emulated: whether they are EC2's, or namespaces on this host. status: what `launched` is about."""

    emulated: bool

    @property
    def status(self) -> str: ...  # noqa: D102  # told above

    def examine(self, cases: Sequence[Case]) -> None:
        """Refuse what cannot come about before anything is launched. Raises PlanError, TargetError."""
        ...

    def launched(self) -> AbstractContextManager[tuple[Meeting, Sequence[Host]]]:
        """All hosts, each with its agent at work at the meeting's `url_of` it; on leaving they are gone, and what lay in the bucket.

        Raises TargetError, CapacityError naming the host, the step, and the last lines of its log; StoppedError.
        """
        ...

    def open_s3(self) -> Any:
        """A client for letters: one attempt a call, with time-outs of a few seconds, safe to share between threads."""
        ...

    def interrupt(self) -> None:
        """Give up launching, for good: a `launched` under way ends what it began and raises StoppedError."""
        ...
