"""Registry: the kinds of vantage, one row each. Nothing of one is imported before it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from tailgate.plan.vantage import EC2, LOCAL, VantageSpec
from tailgate.targets import Target
from tailgate.targets.registry import Settings
from tailgate.vantage import Vantage

EMULATED = "emulated"
"""Hosts beside emulated endpoints, in the emulation's own account."""

VANTAGES = {
    LOCAL: "tailgate.vantage.local:local_vantage",
    EC2: "tailgate.vantage.ec2:ec2_vantage",
    EMULATED: "tailgate.vantage.emulated.launching:emulated_vantage",
}
"""Kind → `module:function`; the function takes what `make_vantage` does, and gives a Vantage that has started nothing."""


def make_vantage(spec: VantageSpec, settings: Settings, target: Callable[[], Target]) -> Vantage:
    """The vantage of a kind; starts nothing. target: gives the session's, in whose emulation hosts are emulated."""
    kind = EMULATED if spec.remote and settings.kind == "emulated" else spec.kind
    module, _, function = VANTAGES[kind].partition(":")
    vantage: Vantage = getattr(importlib.import_module(module), function)(spec, settings, target)
    return vantage
