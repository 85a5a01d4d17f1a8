"""Gate deployments on tail latency: the names that a user's test needs, and nothing heavy."""

from tailgate.plan.arrivals import ConstantRate, Poisson, Ramp, Steps
from tailgate.plan.budget import Budget, Limit
from tailgate.plan.case import Case, EndpointSpec
from tailgate.plan.closed_loop import ClosedLoop
from tailgate.plan.connections import FRESH, KEPT_ALIVE, ConnectionProfile
from tailgate.plan.expect import Expect
from tailgate.plan.gaps import Gaps
from tailgate.plan.load import Load
from tailgate.plan.payload import Payloads
from tailgate.plan.replay import Replay

__all__ = [
    "FRESH",
    "KEPT_ALIVE",
    "Budget",
    "Case",
    "ClosedLoop",
    "ConnectionProfile",
    "ConstantRate",
    "EndpointSpec",
    "Expect",
    "Gaps",
    "Limit",
    "Load",
    "Payloads",
    "Poisson",
    "Ramp",
    "Replay",
    "Steps",
]
__version__ = "0.1.0"
