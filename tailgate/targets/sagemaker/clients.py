"""Clients: how AWS is called. Only here is a client configured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.config import Config

_TIMES: dict[str, Any] = {"connect_timeout": 5, "read_timeout": 30, "max_pool_connections": 32}


@dataclass(frozen=True, slots=True)
class Clients:
    """boto3 clients for one region; safe to share between threads.

    creating: SageMaker without retries. A create whose answer was lost and that botocore repeats unseen comes back as
    "already existing": a lie about our own endpoint. sagemaker: SageMaker for questions and deletions, which may be
    repeated. ec2: with retries; creates carry a client token.
    """

    region: str
    creating: Any
    sagemaker: Any
    ec2: Any


def open_clients(session: Any, region: str, *, endpoint_url: str | None = None, proxies: Mapping[str, str] | None = None) -> Clients:
    """Clients from a boto3 session. endpoint_url: instead of AWS's own. proxies: instead of the environment's ({} for none)."""
    repeating = Config(**_TIMES, proxies=proxies, retries={"mode": "standard", "total_max_attempts": 3})
    once = Config(**_TIMES, proxies=proxies, retries={"mode": "standard", "total_max_attempts": 1})

    def client(service: str, config: Config) -> Any:
        return session.client(service, region_name=region, endpoint_url=endpoint_url, config=config)

    return Clients(region, creating=client("sagemaker", once), sagemaker=client("sagemaker", repeating), ec2=client("ec2", repeating))
