"""The model `constant`: whatever it is asked, the answer is the same. What remains is the platform's own latency.

This folder imports nothing but the standard library, so that it can be packed into a container as it is. `inference.py` is the
model, and all that a framework container needs of it.
"""

from __future__ import annotations

from . import inference

CONTENT_TYPE = inference.CONTENT_TYPE
answer = inference.answer
