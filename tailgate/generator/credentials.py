"""Credentials: found by botocore's own chain in the generator's environment, and renewed before they expire."""

from __future__ import annotations

from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError

from tailgate.errors import GeneratorError
from tailgate.generator.signing import Keys


class Credentials:
    """Keys for signing. `keys` is read for each second of requests; `renew` is called beside the load.

    Raises GeneratorError when the chain finds none. No text here quotes botocore's errors: they may hold secrets.
    """

    def __init__(self) -> None:
        self.faults: list[str] = []
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
        """Whether they are temporary, so that `renew` has to be called now and then."""
        return hasattr(self._found, "refresh_needed")

    def renew(self) -> None:
        """Renew the keys if they are about to expire (botocore begins 15 min ahead); waits for the provider meanwhile."""
        try:
            self.keys = self._frozen()
        except GeneratorError as error:
            if str(error) not in self.faults:
                self.faults.append(str(error))

    def _frozen(self) -> Keys:
        try:
            frozen = self._found.get_frozen_credentials()
        except Exception as error:  # whatever a provider raises: botocore's, urllib3's, its own
            raise GeneratorError(
                f"the credentials could not be renewed ({type(error).__name__}); check the role or sign in again"
            ) from None
        return Keys(frozen.access_key, frozen.secret_key, frozen.token)
