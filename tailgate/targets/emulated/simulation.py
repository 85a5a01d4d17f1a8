"""Simulation: how the life of an emulated endpoint goes. Settings give the default, tags on an endpoint override it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tailgate.errors import PlanError, nearest

DEPLOY_TAG, DELETE_TAG, ENDS_TAG, REASON_TAG, QUOTA_TAG = (
    f"tailgate:sim-{key}" for key in ("deploy-s", "delete-s", "ends-as", "reason", "over-quota")
)

ENDINGS = ("InService", "Failed", "OutOfService", "UpdateRollbackFailed")
"""What an endpoint can become after Creating; the status's spelling is SageMaker's."""

NO_CAPACITY = (
    "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. "
    "Please retry using a different ML instance type or after some time."
)
"""The FailureReason of an endpoint for which AWS has no instances, as seen in public issue threads."""

# What TagValue allows: letters, digits, separators and these; 256 characters at most (botocore's service model).
_REASON = re.compile(r"[\w\s.:/=+\-@]{1,256}")


@dataclass(frozen=True, slots=True)
class Simulation:
    """How long Creating and Deleting last, in seconds, and what comes of it.

    ends_as: the status after Creating, one of ENDINGS. reason: the FailureReason of a failed one. over_quota:
    CreateEndpoint itself is refused with ResourceLimitExceeded. Raises PlanError when it cannot be meant.
    """

    deploy_s: float = 1.0
    delete_s: float = 0.0
    ends_as: str = "InService"
    reason: str = ""
    over_quota: bool = False

    def __post_init__(self) -> None:
        for key in ("deploy_s", "delete_s"):
            value = getattr(self, key)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
                raise PlanError(f"simulation: {key} is {value!r}; it is a number of seconds from 0 up")
        if self.ends_as not in ENDINGS:
            raise PlanError(f"simulation: ends_as is {self.ends_as!r}{nearest(str(self.ends_as), ENDINGS)}")
        if self.reason and not _REASON.fullmatch(self.reason):
            raise PlanError(f"simulation: reason is {self.reason!r}; a tag holds it: at most 256 letters, digits, spaces and . : / = + - @")

    @classmethod
    def failing(cls, reason: str, deploy_s: float = 1.0) -> Simulation:
        """An endpoint that ends as Failed, for the given reason; `NO_CAPACITY` is AWS's for missing instances."""
        return cls(deploy_s=deploy_s, ends_as="Failed", reason=reason)

    def tags(self) -> dict[str, str]:
        """The plain form, as tags of the endpoint."""
        tags = {DEPLOY_TAG: repr(float(self.deploy_s)), DELETE_TAG: repr(float(self.delete_s)), ENDS_TAG: self.ends_as}
        return tags | {QUOTA_TAG: "yes" if self.over_quota else "no"} | ({REASON_TAG: self.reason} if self.reason else {})

    @classmethod
    def of(cls, tags: Mapping[str, str], default: Simulation) -> Simulation:
        """The inverse of `tags`; what they leave open is the default's. Raises PlanError."""
        return cls(
            deploy_s=_seconds(tags, DEPLOY_TAG, default.deploy_s),
            delete_s=_seconds(tags, DELETE_TAG, default.delete_s),
            ends_as=tags.get(ENDS_TAG, default.ends_as),
            reason=tags.get(REASON_TAG, default.reason),
            over_quota=tags.get(QUOTA_TAG, "yes" if default.over_quota else "no") == "yes",
        )


def _seconds(tags: Mapping[str, str], key: str, default: float) -> float:
    try:
        return float(tags.get(key, default))
    except ValueError:
        raise PlanError(f"tag {key} is {tags[key]!r}; it is a number of seconds") from None


@dataclass(slots=True)
class Life:
    """One endpoint's way from Creating to gone. Pure: the clock is told, in seconds of any monotonic clock."""

    simulation: Simulation
    born_s: float
    deleted_s: float | None = None

    def status(self, now_s: float) -> str | None:
        """SageMaker's status at a time; None once it is gone."""
        if self.deleted_s is not None:
            return "Deleting" if now_s < self.deleted_s + self.simulation.delete_s else None
        return "Creating" if now_s < self.born_s + self.simulation.deploy_s else self.simulation.ends_as
