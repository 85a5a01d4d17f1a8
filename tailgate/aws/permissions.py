"""Permissions: an error that comes of a missing one names the action to add."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError

from tailgate.aws.refusals import code_of, explained, is_denied
from tailgate.errors import TargetError


@contextmanager
def permitted(action: str, doing: str) -> Iterator[None]:
    """As `explained`, but that a denial names the action, such as `ec2:CreateVpcEndpoint`. Raises TargetError."""
    try:
        with explained(doing):
            yield
    except TargetError as error:
        denied = error.__cause__
        if not isinstance(denied, ClientError) or not is_denied(denied):
            raise
        seen = f"could not {doing}: {code_of(denied)}"
        raise TargetError(f"{seen}: the credentials do not permit {action}; add it to their policy") from denied


def was_denied(error: TargetError) -> bool:
    """Whether it comes of a missing permission."""
    return isinstance(error.__cause__, ClientError) and is_denied(error.__cause__)
