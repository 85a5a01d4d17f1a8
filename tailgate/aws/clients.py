"""Clients: how AWS is called. Only here is a client configured."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import BotoCoreError, InvalidConfigError

_TIMES: dict[str, Any] = {"connect_timeout": 5, "read_timeout": 30, "max_pool_connections": 32}
_QUOTED = "The Canonical String"  # texts of InvalidSignatureException and SignatureDoesNotMatch go on with it


@dataclass(frozen=True, slots=True)
class Clients:
    """boto3 clients for one region; safe to share between threads.

    creating: SageMaker without retries. A create whose answer was lost and that botocore repeats unseen comes back as
    "already existing": a lie about our own endpoint. sagemaker: SageMaker for questions and deletions, which may be
    repeated. ec2: with retries; creates carry a client token; None where nobody asks it.
    """

    region: str
    creating: Any
    sagemaker: Any
    ec2: Any = None

    def close(self) -> None:
        """Close their connections; they open again if they are used."""
        for client in (self.creating, self.sagemaker, self.ec2):
            if client is not None:
                client.close()


@contextmanager
def _settings_read() -> Iterator[None]:
    """Settings that are not of their form are BotoCoreErrors all of them: botocore tells of some by a bare ValueError."""
    try:
        yield
    except BotoCoreError:
        raise
    except ValueError as error:
        where = "check AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE>, AWS_MAX_ATTEMPTS and the profile"
        raise InvalidConfigError(error_msg=f"{error} ({where})") from error


@functools.cache
def _loader() -> Any:
    """Reads service models from botocore's files, each once in a process: SageMaker's and EC2's are megabytes."""
    return botocore.session.Session().get_component("data_loader")


def _session() -> boto3.Session:
    core = botocore.session.Session()
    core.register_component("data_loader", _loader())
    return boto3.Session(botocore_session=core)


def open_client(service: str, region: str, *, attempts: int = 3, timeout_s: float | None = None) -> Any:
    """A client as boto3 is configured here: profile, credentials, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE>, proxies, CA bundle.

    attempts: of each call, 1 for a create that must not be repeated unseen. timeout_s: of connecting, and of waiting for bytes,
    where that is to be short. Safe to share between threads. Raises what botocore raises where that cannot be read.
    """
    times = _TIMES if timeout_s is None else _TIMES | {"connect_timeout": timeout_s, "read_timeout": timeout_s}
    config = Config(**times, retries={"mode": "standard", "total_max_attempts": attempts})
    with _settings_read():
        client = _session().client(service, region_name=region, config=config)
    client.meta.events.register("after-call", _forget_what_was_signed)
    return client


def _forget_what_was_signed(parsed: dict[str, Any], **_: Any) -> None:
    """AWS quotes the request that a wrong signature was for, with the session's token in it: no text and no traceback may have that."""
    error = parsed.get("Error", {})
    if "Message" in error:
        error["Message"] = str(error["Message"]).partition(_QUOTED)[0].strip()


def open_reader(region: str) -> Any:
    """SageMaker for questions, as boto3 is configured here. Raises what botocore raises."""
    return open_client("sagemaker", region)


def clients_as_configured(region: str) -> Clients:
    """Clients for SageMaker as boto3 is configured here, and none for EC2. Raises what botocore raises."""
    return Clients(region, creating=open_client("sagemaker", region, attempts=1), sagemaker=open_client("sagemaker", region))


def invocation_url(region: str, endpoint: str) -> str:
    """Where an unmodified client would send an invocation. Nothing is sent: the request is caught when it is ready.

    So it holds for each setting that botocore honours: endpoint urls, FIPS, dual-stack. Raises what botocore raises.
    """
    caught: list[str] = []

    def catch(request: Any, **_: Any) -> AWSResponse:
        caught.append(str(request.url))
        return AWSResponse(request.url, 200, {}, io.BytesIO())

    with _settings_read():
        client = boto3.Session().client("sagemaker-runtime", region_name=region, config=Config(signature_version=UNSIGNED))
    client.meta.events.register("before-send.sagemaker-runtime.InvokeEndpoint", catch)
    client.invoke_endpoint(EndpointName=endpoint, Body=b"")
    client.close()
    return caught[0]


def region_in_profile() -> str | None:
    """The region of boto3's profile, where it names one. Raises what botocore raises."""
    region: str | None = boto3.Session().region_name
    return region


def authorities() -> str | None:
    """The file of authorities that boto3 trusts instead of its own, where AWS_CA_BUNDLE or the profile names one."""
    named: str | None = botocore.session.Session().get_config_variable("ca_bundle")
    return named


def open_clients(session: Any, region: str, *, endpoint_url: str | None = None, proxies: Mapping[str, str] | None = None) -> Clients:
    """Clients from a boto3 session. endpoint_url: instead of AWS's own. proxies: instead of the environment's ({} for none)."""
    repeating = Config(**_TIMES, proxies=proxies, retries={"mode": "standard", "total_max_attempts": 3})
    once = Config(**_TIMES, proxies=proxies, retries={"mode": "standard", "total_max_attempts": 1})

    def client(service: str, config: Config) -> Any:
        return session.client(service, region_name=region, endpoint_url=endpoint_url, config=config)

    return Clients(region, creating=client("sagemaker", once), sagemaker=client("sagemaker", repeating), ec2=client("ec2", repeating))
