"""Credentials: found by botocore's own chain in the generator's environment, and renewed before they expire."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError

from tailgate.errors import GeneratorError
from tailgate.generator.signing import Keys

_ASK_EVERY_S = 10.0
_SOON_S = 30.0
"""Credentials that end sooner than this are asked for at each look: no other chance may come before their end."""


class Credentials:
    """Keys for signing. `keys` is read for each second of requests; `renew` is called each second, beside the load.

    Raises GeneratorError when the chain finds none. No text here quotes botocore's errors: they may hold secrets.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic, self._asked_s = monotonic, monotonic()
        self._failure: str | None = None
        try:
            found: Any = botocore.session.Session().get_credentials()
        except BotoCoreError as error:
            raise GeneratorError(f"the credentials cannot be used ({type(error).__name__}); check AWS_PROFILE and ~/.aws/config") from None
        if found is None:
            raise GeneratorError(
                "no AWS credentials were found, and the address wants signed requests; "
                "set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role provides them"
            )
        self._found = found
        self.keys = self._frozen()

    @property
    def expire(self) -> bool:
        """Whether they are temporary and say until when, so that `renew` has to be called now and then."""
        return hasattr(self._found, "refresh_needed")

    @property
    def faults(self) -> list[str]:
        """That they could not be renewed, where they could not when it was last tried."""
        return [] if self._failure is None else [self._failure]

    def check_outlast(self, load_s: float) -> None:
        """Refuse a load that they certainly do not outlast: those of the environment say when they end, and nobody renews them.

        Of a static session token nobody says when it ends; other temporary ones are renewed. Raises GeneratorError.
        """
        if self.expire and self._found.method == "env" and self._found.refresh_needed(load_s):
            raise GeneratorError(
                f"the credentials in the environment end at {os.environ.get('AWS_CREDENTIAL_EXPIRATION')}, before this load's "
                f"{load_s:.0f} s are over, and nothing renews them; take new ones, or let a profile or role provide them"
            )

    def renew(self) -> None:
        """Renew the keys if they are about to expire (botocore begins 15 min ahead); waits for the provider meanwhile.

        The provider is asked each ten seconds from then on, and each time where they end soon.
        """
        now_s = self._monotonic()
        if not self._found.refresh_needed() or (now_s - self._asked_s < _ASK_EVERY_S and not self._found.refresh_needed(_SOON_S)):
            return
        self._asked_s = now_s
        try:
            self.keys, self._failure = self._frozen(), None
        except GeneratorError as error:
            self._failure = str(error)

    def _frozen(self) -> Keys:
        try:
            frozen = self._found.get_frozen_credentials()
        except Exception as error:  # whatever a provider raises: botocore's, urllib3's, its own
            raise GeneratorError(
                f"the credentials could not be renewed ({type(error).__name__}); check the role or sign in again"
            ) from None
        return Keys(frozen.access_key, frozen.secret_key, frozen.token)
