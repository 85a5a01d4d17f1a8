"""A deployed endpoint as a context: created and in service inside, gone and seen to be gone outside."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tailgate.aws.clients import Clients
from tailgate.aws.custody import delete
from tailgate.aws.custody.ledger import Blank, Book
from tailgate.aws.refusals import NameTakenError, is_passing, is_throttled
from tailgate.aws.waiting import Patience, Progress, StoppedError
from tailgate.errors import TargetError
from tailgate.targets.sagemaker.coming_up import wait_in_service
from tailgate.targets.sagemaker.create import Deployment, create_endpoint, create_endpoint_config, create_model

_STEPS = ((delete.MODEL, create_model), (delete.ENDPOINT_CONFIG, create_endpoint_config), (delete.ENDPOINT, create_endpoint))
_BLANK = Blank()


@dataclass(frozen=True, slots=True)
class Conduct:
    """How to go about it: patience with deploying and with deleting, whom to tell, and what interrupts the wait.

    settle_s: how long after a create whose answer was lost it may still come about; until then nothing is deleted.
    """

    deploying: Patience
    deleting: Patience
    on_progress: Progress | None = None
    stop: Event | None = None
    settle_s: float = 0.0


@contextmanager
def deployed(clients: Clients, deployment: Deployment, conduct: Conduct, ledger: Book = _BLANK) -> Iterator[dict[str, Any]]:
    """The description of the endpoint in service; on leaving, whatever was created for it is deleted by name.

    ledger: where each thing is noted before it is created, and once it is gone. A create that failed may still have been
    carried out, so it is deleted too; only what was there before us is left alone. Raises TargetError and its kinds. When
    deletion fails after an error inside, that error is raised and the failed deletion is a note on it.
    """
    begun: list[delete.Resource] = []
    name = deployment.name

    def delete_begun() -> None:
        delete.delete_all(clients.sagemaker, name, conduct.deleting, begun[::-1], lambda resource: ledger.gone(resource.verb, name))

    try:
        _create_all(clients, deployment, conduct, ledger, begun)
        yield wait_in_service(clients.sagemaker, name, conduct.deploying, conduct.on_progress, conduct.stop)
    except BaseException as error:
        if _unanswered(error):
            time.sleep(conduct.settle_s)  # what comes about once it was seen to be absent would be forgotten
        try:
            delete_begun()
        except TargetError as left_behind:
            error.add_note(str(left_behind))
        raise
    delete_begun()


def _unanswered(error: BaseException) -> bool:
    """Whether AWS may have done something that it did not tell of."""
    cause = error.__cause__
    if isinstance(cause, ClientError):
        return is_passing(cause) and not is_throttled(cause)
    return isinstance(cause, BotoCoreError) and is_passing(cause)


def _create_all(clients: Clients, deployment: Deployment, conduct: Conduct, ledger: Book, begun: list[delete.Resource]) -> None:
    """Create step by step; `begun` tells what may exist because of us, whatever happens."""
    for resource, create in _STEPS:
        ledger.about_to_create(resource.verb, deployment.name)
        begun.append(resource)
        try:
            create(clients.creating, deployment, conduct.stop)
        except (NameTakenError, StoppedError):  # it is another's, or certainly was not carried out
            ledger.gone(begun.pop().verb, deployment.name)
            raise
