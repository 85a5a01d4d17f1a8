"""Instance metadata: what the EC2 instance that we run on says of where it is. Asked by IMDSv2 alone, for a second at most.

boto3's own settings hold: AWS_EC2_METADATA_DISABLED, AWS_EC2_METADATA_SERVICE_ENDPOINT, its _MODE, and the profile's.
"""

from __future__ import annotations

import contextlib
import http.client
import os
from dataclasses import dataclass
from urllib.parse import urlsplit

import botocore.session
from botocore.exceptions import BotoCoreError

_TIMEOUT_S = 1.0
_TOKEN_LASTS_S = 60
_BASE_BY_MODE = {"ipv4": "http://169.254.169.254", "ipv6": "http://[fd00:ec2::254]"}
_ROOT = "/latest/meta-data"


@dataclass(frozen=True, slots=True)
class Instance:
    """An EC2 instance's place, by its first network interface. cidrs: its VPC's IPv4 networks. Outside a VPC much is empty."""

    zone: str
    zone_id: str | None
    vpc_id: str | None
    subnet_id: str | None
    subnet_cidr: str | None
    cidrs: tuple[str, ...]


def read_instance() -> Instance | None:
    """This host's own; None where no metadata answers: no EC2 instance, a container beyond its hop limit, or turned off."""
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "false").lower() == "true":
        return None
    base = urlsplit(_base())
    if base.scheme != "http" or not base.hostname:
        return None
    connection = http.client.HTTPConnection(base.hostname, base.port or 80, timeout=_TIMEOUT_S)
    with contextlib.closing(connection):
        try:
            return _read(_Metadata(connection, base.path.rstrip("/")))
        except (OSError, http.client.HTTPException, UnicodeDecodeError):
            return None


def _base() -> str:
    try:
        session = botocore.session.Session()
        named: str | None = session.get_config_variable("ec2_metadata_service_endpoint")
        mode = str(session.get_config_variable("ec2_metadata_service_endpoint_mode") or "ipv4").lower()
    except BotoCoreError:  # a profile that does not exist: the first call of AWS's will say so
        return ""
    return named or _BASE_BY_MODE.get(mode, "")


class _Metadata:
    """One connection to the metadata service, and the token that it gave."""

    def __init__(self, connection: http.client.HTTPConnection, root: str) -> None:
        self._connection, self._root = connection, root
        wish = {"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_LASTS_S)}
        token = self._ask("PUT", "/latest/api/token", wish)
        if not token:
            raise http.client.HTTPException("no token")
        self._headers = {"X-aws-ec2-metadata-token": token}

    def get(self, path: str) -> str | None:
        """One fact; None where the service has none of that name."""
        return self._ask("GET", f"{_ROOT}/{path}", self._headers)

    def _ask(self, method: str, path: str, headers: dict[str, str]) -> str | None:
        self._connection.request(method, self._root + path, headers=headers)
        response = self._connection.getresponse()
        body = response.read()
        return body.decode("ascii").strip() if response.status == http.client.OK else None


def _read(metadata: _Metadata) -> Instance | None:
    zone, mac = metadata.get("placement/availability-zone"), metadata.get("mac")
    if zone is None:
        return None
    interface = f"network/interfaces/macs/{mac}"
    return Instance(
        zone,
        metadata.get("placement/availability-zone-id"),
        metadata.get(f"{interface}/vpc-id"),
        metadata.get(f"{interface}/subnet-id"),
        metadata.get(f"{interface}/subnet-ipv4-cidr-block"),
        tuple((metadata.get(f"{interface}/vpc-ipv4-cidr-blocks") or "").split()),
    )
