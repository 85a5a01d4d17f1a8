"""The model itself, and how a framework container calls it: model_fn, input_fn, predict_fn, output_fn.

This file alone is packed into model.tar.gz, as `code/inference.py`: it imports nothing but the standard library, and runs on
the Python of such containers, 3.8 and later. Source of the contract: "Deploy a Scikit-learn Model", SageMaker Python SDK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Model = Callable[[bytes], bytes]

CONTENT_TYPE = "application/json"

_ANSWER = b'{"prediction": 1}'


def answer(body: bytes) -> bytes:  # noqa: ARG001  # the contract of a model: it is given the request's body
    """The answer to any request body: JSON, of type `CONTENT_TYPE`, always the same bytes."""
    return _ANSWER


def model_fn(model_dir: str) -> Model:  # noqa: ARG001  # nothing was trained, so nothing lies there
    """The model, once per worker process."""
    return answer


def input_fn(body: str | bytes, content_type: str) -> bytes:  # noqa: ARG001  # any type is answered alike
    """The request's body as bytes; the container decodes what it takes for text."""
    return body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body


def predict_fn(body: bytes, model: Model) -> bytes:
    """The model's answer."""
    return model(body)


def output_fn(prediction: bytes, accept: str) -> tuple[bytes, str]:  # noqa: ARG001  # whatever is accepted, this is what there is
    """The answer's bytes and their content type."""
    return prediction, CONTENT_TYPE
