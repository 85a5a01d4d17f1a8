"""Peers: Locust users as people write them today, to be measured beside tailgate.

Imported by __main__.py only, which has let gevent patch the standard library first.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

import botocore.session
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from locust import User, constant_throughput, task
from locust.contrib.fasthttp import FastHttpUser

from tailgate.generator.peers.order import PeerOrder

Started = Callable[[], None]


def user_class(order: PeerOrder, started: Started) -> type[User]:
    """The Locust user that asks as the order says. started: called by each user once it is ready to ask."""
    return _boto3_user(order, started) if order.peer == "locust-boto3" else _fast_user(order, started)


class _Runtime:
    """Clients of the runtime API: `boto3.client("sagemaker-runtime")` hands out these very clients of botocore's.

    Their configuration is the default one, retries included, but for proxies, which tailgate does not use either.
    """

    def __init__(self, order: PeerOrder) -> None:
        self._order, self._name, self._payloads = order, order.endpoint_name, itertools.cycle(order.payloads)
        self._session = botocore.session.Session()

    def client(self) -> Any:
        """A client of one user's own, with its own pool of connections."""
        address = self._order.address
        url = urlsplit(address.url)
        config = Config(proxies={}, **({} if address.sign else {"signature_version": UNSIGNED}))
        made: Any = self._session.create_client(
            "sagemaker-runtime",
            region_name=address.region,
            endpoint_url=f"{url.scheme}://{url.netloc}",
            verify=self._order.ca_file,
            config=config,
        )
        made.meta.events.register("before-sign.sagemaker-runtime.InvokeEndpoint", self._add_headers)
        return made

    def invoke(self, client: Any) -> int:
        """Invoke the endpoint; the length of its answer, bytes."""
        kind = self._order.address.content_type
        answer = client.invoke_endpoint(EndpointName=self._name, Body=next(self._payloads), ContentType=kind)
        return len(answer["Body"].read())

    def _add_headers(self, request: Any, **_: object) -> None:
        for name, value in self._order.address.headers.items():
            del request.headers[name]
            request.headers[name] = value


def _boto3_user(order: PeerOrder, started: Started) -> type[User]:
    runtime = _Runtime(order)

    class Boto3User(User):
        wait_time = constant_throughput(order.per_user_per_s)

        def on_start(self) -> None:
            self.runtime = runtime.client()
            started()

        @task
        def invoke(self) -> None:
            began_s, length, exception = time.perf_counter(), 0, None
            try:
                length = runtime.invoke(self.runtime)
            except Exception as error:  # Locust counts it as a failure, as it does for its own clients
                exception = error
            self.environment.events.request.fire(
                request_type="POST",
                name="invoke_endpoint",
                response_time=(time.perf_counter() - began_s) * 1e3,
                response_length=length,
                exception=exception,
                context={},
            )

    return Boto3User


def _fast_user(order: PeerOrder, started: Started) -> type[User]:
    """A FastHttpUser; where requests are to be signed, by botocore, one by one."""
    address, headers, payloads = order.address, _headers(order), itertools.cycle(order.payloads)

    class FastUser(FastHttpUser):
        host = address.url
        wait_time = constant_throughput(order.per_user_per_s)

        def on_start(self) -> None:
            started()

        @task
        def ask(self) -> None:
            client, payload = cast(Any, self.client), next(payloads)  # its hints know no bytes
            client.request(address.method, address.url, data=payload, headers=headers(payload), name="ask")

    return FastUser


def _headers(order: PeerOrder) -> Callable[[bytes], dict[str, str]]:
    """What makes the headers of a request with a body."""
    address = order.address
    plain = {"Content-Type": address.content_type} if "content-type" not in map(str.lower, address.headers) else {}
    plain |= address.headers
    if address.sign is None:
        return lambda _: plain
    signer = SigV4Auth(botocore.session.Session().get_credentials(), address.sign, address.region)

    def signed(payload: bytes) -> dict[str, str]:
        request = AWSRequest(address.method, address.url, headers=plain, data=payload)
        signer.add_auth(request)
        return dict(request.headers.items())

    return signed
