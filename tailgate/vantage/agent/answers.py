"""Answers: what only this host can say, to whoever measures from it: what names lead to, where it is, what the harness takes here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from threading import Thread
from typing import Any

from tailgate.aws.instance_metadata import read_instance
from tailgate.aws.network.outlook import addresses_of
from tailgate.errors import TailgateError
from tailgate.host_facts import host, versions
from tailgate.plan.case import EndpointSpec
from tailgate.targets.null import NullTarget


def facts() -> dict[str, Any]:
    """Of this host, for the record: what it is, and its versions; its place, for whoever asks for it."""
    instance = read_instance()
    return {"host": dict(host()), "versions": dict(versions()), "instance": None if instance is None else asdict(instance)}


class Answers:
    """To the questions of one session. To be closed: a null responder that was asked for lives until then."""

    def __init__(self) -> None:
        self._held = ExitStack()

    def to(self, question: str, fields: Mapping[str, Any], tell: Callable[[dict[str, Any]], object]) -> None:
        """Tell the answer's fields; `error` where there is none. Raises nothing of ours.

        A resolver may take half a minute, for which no load is kept waiting: it is asked in a thread. What is started here is started
        by the thread that asks, with which it ends.
        """

        def answer() -> None:
            tell(self._found(question, fields))

        if question == "addresses":
            Thread(target=answer, name="tailgate looks up a name", daemon=True).start()
        else:
            answer()

    def close(self) -> None:
        """End what was started to answer."""
        self._held.close()

    def _found(self, question: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        try:
            match question:
                case "addresses":
                    return {"addresses": addresses_of(str(fields["host"]))}
                case "open null":
                    return self._null(fields)
                case "close null":
                    self.close()
                    return {}
        except (TailgateError, OSError) as error:
            return {"error": str(error)}
        return {"error": f"'{question}' is no question that this host knows; it runs another version of tailgate"}

    def _null(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        self.close()
        target = NullTarget(region=fields["region"], tls=fields["tls"], sign="sagemaker" if fields["signed"] else None)
        endpoint = self._held.enter_context(target.open(EndpointSpec("floor")))
        addresses = {path: asdict(address) for path, address in endpoint.addresses.items()}
        return {"addresses": addresses, "environment": dict(endpoint.environment), "provenance": dict(endpoint.provenance)}
