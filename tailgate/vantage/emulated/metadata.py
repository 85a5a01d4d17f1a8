"""Metadata: EC2's instance metadata service, as far as boto3, this project and bootstraps ask it; by version 2 tokens."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tailgate.targets.emulated.sigv4 import Credentials

_LASTS_S = 6 * 3600
_TOKEN_PATH, _ROOT = "/latest/api/token", "/latest/"
_LONGEST_TTL_S = 21_600


class Metadata(ThreadingHTTPServer):
    """The service of one host. instance: as `shim_instances.told` has it. credentials: of which its role's are lent, None for no role."""

    daemon_threads = True

    def __init__(self, where: tuple[str, int], instance: Mapping[str, Any], ip: str, credentials: Credentials | None) -> None:
        super().__init__(where, _Handler)
        self.tokens: dict[str, float] = {}
        self.tokens_required = bool(instance["tokens_required"])
        role = instance["role"] if credentials is not None else None
        self.documents: dict[str, Callable[[], str | None]] = {}
        for name, value in facts(instance, ip).items():
            self.documents[f"meta-data/{name}"] = partial(str, value)
        self.documents["user-data"] = lambda: instance["user_data"] or None
        self.documents["dynamic/instance-identity/document"] = lambda: json.dumps(_identity(instance, ip))
        if role is not None and credentials is not None:
            self.documents["meta-data/iam/security-credentials/"] = lambda: role
            self.documents[f"meta-data/iam/security-credentials/{role}"] = lambda: json.dumps(_lent(credentials))

    def get_request(self) -> Any:
        """A connection that says nothing must not keep a thread for ever."""
        connection, address = super().get_request()
        connection.settimeout(30.0)
        return connection, address

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"


def facts(instance: Mapping[str, Any], ip: str) -> dict[str, str]:
    """By path below meta-data/; what the instance does not have is left out."""
    interface = f"network/interfaces/macs/{instance['mac']}"
    known = {
        "ami-id": instance["image_id"],
        "instance-id": instance["instance_id"],
        "instance-type": instance["instance_type"],
        "instance-life-cycle": "on-demand",
        "local-ipv4": ip,
        "local-hostname": hostname(ip),
        "hostname": hostname(ip),
        "mac": instance["mac"],
        "placement/region": instance["region"],
        "placement/availability-zone": instance["zone"],
        "placement/availability-zone-id": instance["zone_id"],
        "services/domain": "amazonaws.com",
        "services/partition": "aws",
        f"{interface}/local-ipv4s": ip,
        f"{interface}/vpc-id": instance["vpc_id"],
        f"{interface}/subnet-id": instance["subnet_id"],
        f"{interface}/subnet-ipv4-cidr-block": instance["subnet_cidr"],
        f"{interface}/vpc-ipv4-cidr-blocks": instance["vpc_cidr"],
    }
    return {name: value for name, value in known.items() if value}


def hostname(ip: str) -> str:
    """As EC2 names hosts by their address: `ip-198-18-7-64.ec2.internal`."""
    return f"ip-{ip.replace('.', '-')}.ec2.internal"


def _identity(instance: Mapping[str, Any], ip: str) -> dict[str, Any]:
    return {
        "accountId": instance["account"],
        "architecture": instance["architecture"],
        "availabilityZone": instance["zone"],
        "imageId": instance["image_id"],
        "instanceId": instance["instance_id"],
        "instanceType": instance["instance_type"],
        "privateIp": ip,
        "region": instance["region"],
        "version": "2017-09-30",
    }


def _lent(credentials: Credentials) -> dict[str, str]:
    until_s = int(time.time()) + _LASTS_S
    return {
        "Code": "Success",
        "LastUpdated": _iso(time.time()),
        "Type": "AWS-HMAC",
        "AccessKeyId": credentials.access_key,
        "SecretAccessKey": credentials.secret_key,
        "Token": credentials.token_until(until_s),
        "Expiration": _iso(until_s),
    }


def _iso(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Handler(BaseHTTPRequestHandler):
    server: Metadata
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:  # the base class' names
        lasts = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        if self.path != _TOKEN_PATH or not lasts.isdecimal() or not 1 <= int(lasts) <= _LONGEST_TTL_S:
            self._answer(400, "")
            return
        token = secrets.token_urlsafe(24)
        self.server.tokens[token] = time.monotonic() + int(lasts)
        self._answer(200, token, {"X-aws-ec2-metadata-token-ttl-seconds": lasts})

    def do_GET(self) -> None:  # the same
        token = self.headers.get("X-aws-ec2-metadata-token")
        if (token or self.server.tokens_required) and self.server.tokens.get(token or "", 0.0) < time.monotonic():
            self._answer(401, "")
            return
        name = self.path.removeprefix(_ROOT)
        document = self.server.documents.get(name) or self.server.documents.get(f"{name}/")
        text = document() if document is not None and self.path.startswith(_ROOT) else None
        self._answer(404 if text is None else 200, text or "")

    def _answer(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:  # the same
        pass
