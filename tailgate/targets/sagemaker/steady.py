"""Steady: whether an endpoint that is measured stayed what it was; for any target whose endpoints others can change."""

from __future__ import annotations

from collections.abc import Callable

from tailgate.errors import TargetError
from tailgate.targets import Endpoint
from tailgate.targets.sagemaker import described
from tailgate.targets.sagemaker.described import Described


def changes_since(endpoint: Endpoint, look: Callable[[], Described], *, began: str) -> tuple[str, ...]:
    """What was changed at the endpoint since its provenance was noted; that it cannot be told, where it cannot. Raises nothing.

    look: describes it now. began: what happened then, such as `it was attached to`.
    """
    try:
        now = look().facts()
    except TargetError as error:
        return (f"whether endpoint {endpoint.name} stayed as it was cannot be told: {error}",)
    found = described.changed(endpoint.provenance, now)
    if not found:
        return ()
    return (f"endpoint {endpoint.name} was changed since {began}: {', '.join(found)}; measure it again once it is left alone",)
