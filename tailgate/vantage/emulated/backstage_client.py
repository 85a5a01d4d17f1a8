"""Backstage's client: how keeper and hosts talk to moto's process (see `targets/emulated/backstage.py`)."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from tailgate.errors import TargetError

_TIMEOUT_S = 15.0  # a busy host; one whose process is gone refuses at once


class UnheardError(TargetError):
    """Moto has not answered; it may when it is asked again."""


class GoneError(UnheardError):
    """Nobody listens where moto did."""


def ask(control_plane: str, path: str, said: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """POST what is said, or GET. Raises UnheardError, TargetError where it is refused."""
    where = urlsplit(control_plane)
    connection = http.client.HTTPConnection(where.hostname or "", where.port or 80, timeout=_TIMEOUT_S)
    with closing(connection):
        try:
            body = None if said is None else json.dumps(said)
            connection.request("GET" if said is None else "POST", f"/tailgate/{path}", body=body)
            response = connection.getresponse()
            text = response.read()
        except ConnectionRefusedError as error:
            raise GoneError(f"{control_plane} (moto) refuses connections; likely its process has died") from error
        except (OSError, http.client.HTTPException) as error:
            raise UnheardError(f"{control_plane} (moto) does not answer: {error}") from error
    if response.status != http.client.OK:
        raise TargetError(f"{control_plane} (moto) answers {response.status} to {path}: {text[:200].decode(errors='replace')}")
    answer: dict[str, Any] = json.loads(text)
    return answer
