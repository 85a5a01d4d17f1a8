"""Gate deployments on tail latency: the names that a user's test needs, and nothing heavy."""

from tailgate.plan.budget import Budget, Limit
from tailgate.plan.case import Case, EndpointSpec
from tailgate.plan.expect import Expect
from tailgate.plan.load import ConstantRate, Load, Poisson

__all__ = ["Budget", "Case", "ConstantRate", "EndpointSpec", "Expect", "Limit", "Load", "Poisson"]
__version__ = "0.1.0"
