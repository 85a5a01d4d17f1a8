"""EC2: hosts launched for a session, made ready by Systems Manager and S3 alone, and terminated at its end.

survey ──▶ launch ──▶ commands: bootstrap (the bundle from S3) ──▶ agent ──▶ … ──▶ custody: terminated, and seen to be
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tailgate.plan.vantage import VantageSpec
    from tailgate.targets import Target
    from tailgate.targets.registry import Settings
    from tailgate.vantage.launched import LaunchedVantage

_OF_SAGEMAKER = ("sagemaker", "existing")


def ec2_vantage(spec: VantageSpec, settings: Settings, _target: Callable[[], Target]) -> LaunchedVantage:
    """Hosts on AWS for the registry of vantages, as boto3 is configured here; asks nobody yet."""
    from tailgate.vantage.ec2.ground import Ground
    from tailgate.vantage.ec2.hosts import Ec2Hosts
    from tailgate.vantage.launched import LaunchedVantage

    of_sagemaker = settings.kind in _OF_SAGEMAKER
    return LaunchedVantage(spec, Ec2Hosts(spec, Ground(settings), lambda case: of_sagemaker and case.network_path == "public"))
