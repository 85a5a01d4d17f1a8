"""Coming up: waiting for endpoints to come into service, with our own patience.

botocore's waiters know neither OutOfService nor UpdateRollbackFailed, cannot be interrupted and tell nothing.
"""

from __future__ import annotations

from threading import Event
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tailgate.aws.refusals import explained, is_passing, lacks_capacity
from tailgate.aws.waiting import Patience, Progress
from tailgate.errors import CapacityError, TargetError

_ON_THE_WAY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})


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
