"""Admin: what the data plane tells those who run it, over plain HTTP on loopback.

`GET /truth?endpoint=NAME[&since=SECONDS]`: a NumPy .npy file of `truth.ROW`s, oldest first, of the requests that were
complete at SECONDS on CLOCK_MONOTONIC or later. Requests that no serving endpoint took in are not among them.
"""

from __future__ import annotations

from urllib.parse import parse_qs

from tailgate.targets.emulated.exchange import Connection
from tailgate.targets.emulated.messages import Answer, Request, respond
from tailgate.targets.emulated.truth import Truth, pack

_TRUTH = "/truth"


class Admin:
    """Serves the admin port."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth

    def serve(self, request: Request, connection: Connection) -> None:
        """Answer one request, at once."""
        connection.answer(self._answer(request))

    def _answer(self, request: Request) -> Answer:
        path, _, query = request.target.partition("?")
        if path != _TRUTH or request.method != "GET":
            return _text(request, 404, f"there is only GET {_TRUTH}?endpoint=NAME&since=SECONDS")
        fields = {key: values[-1] for key, values in parse_qs(query).items()}
        if "endpoint" not in fields:
            return _text(request, 400, "say whose truth: endpoint=NAME")
        try:
            since_s = float(fields.get("since", "0"))
        except ValueError:
            return _text(request, 400, f"since is '{fields['since']}'; it is a number of seconds on the monotonic clock")
        packed = pack(self._truth.of(fields["endpoint"], since_s))
        return respond(200, {"Content-Type": "application/octet-stream"}, packed, keep_alive=request.keep_alive)


def _text(request: Request, status: int, text: str) -> Answer:
    return respond(status, {"Content-Type": "text/plain"}, f"{text}\n".encode(), keep_alive=request.keep_alive)
