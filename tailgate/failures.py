"""Failures: the kinds of what may go wrong with a request, as samples and records name them."""

from __future__ import annotations

import enum


class Error(enum.IntEnum):
    """What went wrong with a request; everything but NONE is an exceedance of every percentile limit.

    DENIED, EXPIRED_CREDENTIALS, CLOCK_SKEW: AWS said so, and did not pass the request on. NOT_READY: the model is still loaded.
    """

    NONE = 0
    THROTTLED = 1
    MODEL_ERROR = 2
    CLIENT_ERROR = 3
    SERVER_ERROR = 4
    WRONG_ANSWER = 5
    REDIRECT = 6
    BAD_RESPONSE = 7
    CONNECT_FAILED = 8
    CONNECTION_LOST = 9
    TIMEOUT = 10
    CENSORED = 11
    UNSENT = 12
    NOT_READY = 13
    DENIED = 14
    EXPIRED_CREDENTIALS = 15
    CLOCK_SKEW = 16

    @property
    def label(self) -> str:
        """How people read it: `connection lost`."""
        return self.name.lower().replace("_", " ")
