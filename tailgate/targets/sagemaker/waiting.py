"""Waiting: for endpoints to come into service, with our own patience.

botocore's waiters know neither OutOfService nor UpdateRollbackFailed, cannot be interrupted and tell nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tailgate.errors import CapacityError, TargetError
from tailgate.targets.sagemaker.refusals import explained, is_passing, lacks_capacity

Progress = Callable[[str, float], None]
"""Called with a status, as the service spells it, and the seconds since waiting began."""

_ON_THE_WAY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})


class StoppedError(TargetError):
    """Waiting was given up because somebody asked for it, not because anything failed."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often to ask, and how long to go on asking, in seconds.

    share: with it, the pause is this share of what was waited already, between half a second and the interval: what is
    soon there is soon seen, and asking an hour long costs few calls. silence_s: for how long questions may go unanswered, because
    AWS is busy or the network is gone, before the wait is given up; 0 where an error is one at once.
    """

    interval_s: float
    timeout_s: float
    share: float | None = None
    silence_s: float = 0.0

    def rounds(self, stop: Event | None = None) -> Iterator[float]:
        """Seconds waited so far, once per round, until the time is up; sleeps in between.

        The last round begins when the time is up, never before. Raises StoppedError as soon as `stop` is set.
        """
        stop = stop or Event()
        began_s = time.monotonic()
        pause_s = 0.0
        while not stop.wait(pause_s):
            waited_s = time.monotonic() - began_s
            yield waited_s
            if waited_s >= self.timeout_s:
                return
            pause_s = min(self._pause_s(waited_s), self.timeout_s - waited_s)
        raise StoppedError(f"stopped after {time.monotonic() - began_s:.0f} s of waiting, as asked")

    def _pause_s(self, waited_s: float) -> float:
        return self.interval_s if self.share is None else min(self.interval_s, max(0.5, waited_s * self.share))


def wait_in_service(
    client: Any, name: str, patience: Patience, on_progress: Progress | None = None, stop: Event | None = None
) -> dict[str, Any]:
    """Wait until the endpoint answers requests; returns its description.

    A question that was not answered is asked again, as long as patience bears silence. Raises CapacityError when it failed for want of
    capacity; TargetError when it failed otherwise, ended in another status, vanished, or is not in service when patience ends;
    StoppedError when `stop` is set.
    """
    status, waited_s, answered_s = "unknown", 0.0, 0.0
    for waited_s in patience.rounds(stop):
        with explained(f"describe the endpoint {name}"):
            try:
                described: dict[str, Any] = client.describe_endpoint(EndpointName=name)
            except (ClientError, BotoCoreError) as error:
                if not is_passing(error) or waited_s - answered_s >= patience.silence_s:
                    raise
                continue
        answered_s = waited_s
        status = described["EndpointStatus"]
        if on_progress is not None:
            on_progress(status, waited_s)
        if status == "InService":
            return described
        if status not in _ON_THE_WAY:
            raise _ended(name, status, described.get("FailureReason", ""), waited_s)
    cause = "a container that does not answer its health check on /ping, or slow capacity"
    raise TargetError(f"endpoint {name} is still {status} after {waited_s:.0f} s; likely {cause}: look at its log, or wait longer")


def _ended(name: str, status: str, reason: str, waited_s: float) -> TargetError:
    seen = f"endpoint {name} ended as {status} after {waited_s:.0f} s"
    if status == "Failed" and lacks_capacity(reason):
        return CapacityError(f"{seen}: {reason}")
    if status == "Failed":
        return TargetError(f"{seen}: {reason or 'SageMaker gave no reason'}")
    return TargetError(f"{seen}: it will not come into service by itself; look at its events, or delete it and deploy anew")
