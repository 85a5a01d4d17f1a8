"""The emulated target: endpoints on this host, without credentials, network or Docker. No statement about AWS.

The control plane is moto, mended, in a process of its own; it gets the very boto3 calls that AWS gets. The data plane is
our own server in another. This module imports neither, so that a child process pays only for itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tailgate.targets.emulated.emulation import EmulatedTarget
    from tailgate.targets.registry import Settings


def emulated_target(settings: Settings) -> EmulatedTarget:
    """The emulated target for the registry; starts nothing."""
    from tailgate.targets.emulated.emulation import EmulatedTarget
    from tailgate.targets.emulated.keeping import HostSettings

    hosts = HostSettings() if settings.vantage.remote else None
    return EmulatedTarget(region=settings.region, run_id=settings.run_id, hosts=hosts)
