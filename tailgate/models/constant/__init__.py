"""The model `constant`: whatever it is asked, the answer is the same. What remains is the platform's own latency.

This folder imports nothing but the standard library, so that it can be packed into a container as it is.
"""

from __future__ import annotations

CONTENT_TYPE = "application/json"

_ANSWER = b'{"prediction": 1}'


def answer(body: bytes) -> bytes:  # noqa: ARG001  # the contract of a model: it is given the request's body
    """The answer to any request body: JSON, of type `CONTENT_TYPE`, always the same bytes."""
    return _ANSWER
