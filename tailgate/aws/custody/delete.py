"""Deleting endpoints, endpoint configurations and models, each on its own and by name, and seeing that they are gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tailgate.aws.refusals import explained, is_absent, is_in_progress, is_passing
from tailgate.aws.waiting import Patience
from tailgate.errors import TargetError


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of thing that SageMaker keeps by name: how people call it, its API's verb ending and name parameter."""

    title: str
    verb: str
    key: str


ENDPOINT = Resource("endpoint", "endpoint", "EndpointName")
ENDPOINT_CONFIG = Resource("endpoint configuration", "endpoint_config", "EndpointConfigName")
MODEL = Resource("model", "model", "ModelName")
ALL = (ENDPOINT, ENDPOINT_CONFIG, MODEL)
"""In the order of deletion: what refers goes before what is referred to."""


def delete(client: Any, resource: Resource, name: str, patience: Patience) -> None:
    """Delete one thing by name and wait until it is gone; what does not exist is gone.

    An endpoint that is being created or changed cannot be deleted: SageMaker refuses until that has ended, so the wish is
    repeated; and so it is where AWS was busy or unreachable, as long as patience bears silence. Raises TargetError when it is
    refused otherwise or still there when patience ends.
    """
    accepted, answered_s = False, 0.0
    for waited_s in patience.rounds():
        with explained(f"delete the {resource.title} {name}"):
            try:
                if not accepted:
                    getattr(client, f"delete_{resource.verb}")(**{resource.key: name})
                    accepted = True
                getattr(client, f"describe_{resource.verb}")(**{resource.key: name})
            except (ClientError, BotoCoreError) as error:
                if isinstance(error, ClientError) and is_absent(error):
                    return
                if not (isinstance(error, ClientError) and is_in_progress(error)):
                    silent_s = waited_s - answered_s
                    if not is_passing(error) or silent_s >= patience.silence_s or waited_s >= patience.timeout_s:
                        raise
                    continue
        answered_s = waited_s
    wish = "deletion was accepted" if accepted else "deletion is refused while it is being created or changed"
    still = f"the {resource.title} {name} is still there after {patience.timeout_s:.0f} s ({wish})"
    raise TargetError(f"{still}; delete it by hand: {by_hand(resource, name)}")


def by_hand(resource: Resource, name: str) -> str:
    """The command that deletes one."""
    verb = resource.verb.replace("_", "-")
    return f"aws sagemaker delete-{verb} --{verb}-name {name}"


def delete_all(
    client: Any, name: str, patience: Patience, resources: Sequence[Resource] = ALL, on_gone: Callable[[Resource], None] | None = None
) -> None:
    """Delete endpoint, configuration and model of one name; one that cannot be deleted does not spare the others.

    on_gone: told of each that is seen to be gone. Raises TargetError naming everything that is left.
    """
    errors: list[TargetError] = []
    for resource in resources:
        try:
            delete(client, resource, name, patience)
        except TargetError as error:
            errors.append(error)
        else:
            if on_gone is not None:
                on_gone(resource)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise TargetError("; ".join(str(error) for error in errors)) from ExceptionGroup("deletion", errors)
