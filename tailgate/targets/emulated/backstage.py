"""Backstage: what keeper and hosts of the emulation tell moto's process, and ask it, beside AWS's own API.

GET  /tailgate/instances?known=DIGEST     every instance, once it is no longer as in DIGEST, or after a while
POST /tailgate/instances/ID               the keeper: its host is up, or gone
POST /tailgate/agent/ID                   the host's Systems Manager agent: asks for work
POST /tailgate/agent/ID/COMMAND           the same: it has a command, or what became of it

Bodies are JSON. Nobody but moto's own clients reaches that port, and moto asks nobody for credentials either.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from tailgate.targets.emulated.shim_instances import every_instance, report, told
from tailgate.targets.emulated.shim_ssm import ssm_of

_ROOT = "/tailgate/"
_WAIT_S = 2.0
_LOOK_S = 0.03

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def with_backstage(application: Wsgi) -> Wsgi:
    """The application, and these routes before it."""

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not path.startswith(_ROOT):
            return application(environ, start_response)
        try:
            answer = _answer(path.removeprefix(_ROOT).split("/"), environ)
            status = "200 OK"
        except (KeyError, ValueError, StopIteration) as error:
            answer, status = {"error": repr(error)}, "404 Not Found"
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

    return serve


def _answer(path: list[str], environ: dict[str, Any]) -> dict[str, Any]:
    if path == ["instances"]:
        return _instances(parse_qs(environ.get("QUERY_STRING", "")).get("known", [""])[0])
    said = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or b"{}")
    account, region = said["account"], said["region"]
    kind, instance_id, *command = path
    if kind == "instances":
        report(instance_id, account, region, said)
        if said["state"] != "running":
            ssm_of(account, region).forget(instance_id)
        return {}
    if kind != "agent":
        raise KeyError(kind)
    if command:
        if said.get("began"):
            ssm_of(account, region).began(instance_id, command[0])
        else:
            ssm_of(account, region).ended(instance_id, command[0], said)
        return {}
    return ssm_of(account, region).work(instance_id, said["facts"], _WAIT_S)


def _instances(known: str) -> dict[str, Any]:
    until_s = time.monotonic() + _WAIT_S
    while True:
        states = [(each.id, each.state) for each in every_instance()]
        digest = hashlib.sha256(json.dumps(states).encode()).hexdigest()
        if digest != known or time.monotonic() > until_s:
            return {"digest": digest, "instances": [told(each) for each in every_instance()]}
        time.sleep(_LOOK_S)
