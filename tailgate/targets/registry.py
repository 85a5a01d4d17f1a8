"""Registry: the kinds of target, one row each. Nothing of a target is imported before it is asked for."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tailgate.errors import PlanError, nearest
from tailgate.plan.purse import Purse
from tailgate.plan.vantage import HERE, VantageSpec
from tailgate.targets import Target
from tailgate.targets.attaching import Attaching
from tailgate.targets.deploying import Deploying

if TYPE_CHECKING:
    from tailgate.aws.network.outlook import Outlook

TARGETS = {
    "emulated": "tailgate.targets.emulated:emulated_target",
    "existing": "tailgate.targets.existing:existing_target",
    "null": "tailgate.targets.null:null_target",
    "process": "tailgate.targets.process:process_target",
    "sagemaker": "tailgate.targets.sagemaker.target:sagemaker_target",
    "url": "tailgate.targets.url:url_target",
}
"""Kind → `module:function`; the function takes Settings and gives a Target that has started nothing."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a target is made with. region: an AWS region. run_id: names this session's resources.

    process: the command of target `process`. url: what target `url` asks. attaching: how target `existing` attaches.
    deploying: how target `sagemaker` deploys. reports: the folder in which it writes down what it creates. purse: what that may cost.
    vantage: where load is to come from. outlook: the network as seen from there, None for this host.
    """

    kind: str
    region: str
    run_id: str
    process: str | None = None
    url: str | None = None
    attaching: Attaching = field(default_factory=Attaching)
    deploying: Deploying = field(default_factory=Deploying)
    reports: Path | None = None
    purse: Purse | None = None
    vantage: VantageSpec = HERE
    outlook: Outlook | None = None


def check_kind(kind: str, where: str) -> None:
    """Refuse a kind of target that does not exist. Raises PlanError naming where it was asked for."""
    if kind not in TARGETS:
        raise PlanError(f"{where}: target '{kind}' is not known{nearest(kind, TARGETS)}")


def make_target(settings: Settings) -> Target:
    """The target of a kind; starts nothing. Raises PlanError for an unknown kind."""
    check_kind(settings.kind, "settings")
    module, _, function = TARGETS[settings.kind].partition(":")
    target: Target = getattr(importlib.import_module(module), function)(settings)
    return target
