"""Shim: moto 5.2.5's EC2 instances, mended so that each is a host of the emulation's, made and removed by its keeper.

moto's instances run at once, at addresses that do not exist. Here they are pending until the keeper says that the host is up,
at the address that it really has, and shutting down until it says that nothing is left of it. Without a keeper they are moto's own.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2 import models
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import StateReason
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

STATES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}


_NO_TOKEN = "ABCDE"  # noqa: S105  # what moto takes where nobody gives one


class IdempotentParameterMismatch(EC2ClientError):  # noqa: N818  # as AWS calls it
    """A token that another launch had."""

    def __init__(self, message: str) -> None:
        super().__init__("IdempotentParameterMismatch", message)


class Kept:
    """What the emulation knows of an instance beside moto. profile: name or ARN. pid: of its host's first process."""

    def __init__(self, profile: str | None) -> None:
        self.profile = profile
        self.pid: int | None = None


class Instances(models.EC2Backend):
    """moto's backend for EC2, whose instances are hosts. kept: whether there is a keeper."""

    __module__ = models.__name__  # moto finds a service's routes beside the module of its backend

    kept = False

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.kept_hosts: dict[str, Kept] = {}
        self._launches: dict[str, tuple[str, Any]] = {}
        self._launching = Lock()

    def run_instances(self, *args: Any, **kwargs: Any) -> Any:
        """Launch instances, once for each token, as on AWS; each is pending until the keeper has made its host."""
        token, asked = kwargs.get("client_token"), repr((args, sorted(kwargs.items())))
        with self._launching:
            if token in (None, _NO_TOKEN):
                return self._launch(args, kwargs)
            if token not in self._launches:
                self._launches[token] = asked, self._launch(args, kwargs)
            before, reservation = self._launches[token]
        if asked != before:
            raise IdempotentParameterMismatch("The client token has been used before, with other parameters.")
        self.iam_instance_profile_associations.pop(reservation.instances[0].id, None)  # moto associates it once more
        return reservation

    def _launch(self, args: Any, kwargs: Any) -> Any:
        reservation = super().run_instances(*args, **kwargs)
        for instance in reservation.instances if self.kept else ():
            # moto associates the profile in a step of its own, when the host may be up already
            self.kept_hosts[instance.id] = Kept(kwargs.get("iam_instance_profile_name") or kwargs.get("iam_instance_profile_arn"))
            _set(instance, "pending")
        return reservation

    def start_instances(self, *args: Any, **kwargs: Any) -> Any:
        """Start instances that were stopped: hosts anew."""
        return self._underway("pending", super().start_instances(*args, **kwargs))

    def stop_instances(self, *args: Any, **kwargs: Any) -> Any:
        """Stop instances."""
        return self._underway("stopping", super().stop_instances(*args, **kwargs))

    def terminate_instances(self, *args: Any, **kwargs: Any) -> Any:
        """Terminate instances; each is shutting down until nothing is left of its host. Terminated ones stay so."""
        return self._underway("shutting-down", super().terminate_instances(*args, **kwargs))

    def _underway(self, state: str, changed: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        for instance, before in changed if self.kept else ():
            _set(instance, "terminated" if before.name == "terminated" else state)
        return changed


def every_instance() -> Iterator[Any]:
    """The instances of all accounts and regions."""
    for of_account in list(models.ec2_backends.values()):
        for backend in list(of_account.values()):
            yield from list(backend.all_instances())


def told(instance: Any) -> dict[str, Any]:
    """An instance as its keeper needs to know it: plain data."""
    nic = instance.nics.get(0)
    subnet = nic.subnet if nic is not None else None
    backend = instance.ec2_backend
    host = backend.kept_hosts.get(instance.id) or Kept(None)
    return {
        "instance_id": instance.id,
        "state": instance.state,
        "account": instance.owner_id,
        "region": instance.region_name,
        "instance_type": instance.instance_type,
        "image_id": instance.image_id,
        "architecture": instance.architecture,
        "zone": instance.availability_zone,
        "zone_id": subnet.availability_zone_id if subnet is not None else None,
        "subnet_id": subnet.id if subnet is not None else None,
        "subnet_cidr": subnet.cidr_block if subnet is not None else None,
        "vpc_id": subnet.vpc_id if subnet is not None else None,
        "vpc_cidr": _cidr(backend, subnet),
        "mac": nic.mac_address if nic is not None else None,
        "role": _role(instance, host.profile),
        "user_data": _text(instance.user_data),
        "tokens_required": instance.metadata_options.http_tokens == "required",
        "metadata": instance.metadata_options.http_endpoint == "enabled",
        "on_shutdown": instance.instance_initiated_shutdown_behavior,
        "private_ip": instance.private_ip_address if nic is not None else None,
        "pid": host.pid,
    }


def report(instance_id: str, account: str, region: str, said: Mapping[str, Any]) -> None:
    """What the keeper says of an instance: state, private_ip where it is up, reason where it is down. Raises KeyError."""
    backend: Instances = models.ec2_backends[account][region]  # type: ignore[assignment]  # mend_ec2 has put it there
    instance = next(each for each in backend.all_instances() if each.id == instance_id)
    state = said["state"]
    if state == "running":
        if instance.state != "pending":
            return  # somebody has terminated it meanwhile
        backend.kept_hosts[instance_id].pid = said["pid"]
        nic = instance.nics[0]
        nic.private_ip_address = said["private_ip"]
        for each in nic.private_ip_addresses:
            each["PrivateIpAddress"] = said["private_ip"]
    elif state == "terminated" and instance.state not in ("shutting-down", "terminated"):
        with contextlib.suppress(ServiceException):  # protected from termination by somebody's call, not from its own shutdown
            backend.terminate_instances([instance_id])
        instance.state_reason = StateReason(said["reason"], said["reason"].partition(":")[0])
    _set(instance, state)


def _set(instance: Any, state: str) -> None:
    instance._state.name, instance._state.code = state, STATES[state]


def _role(instance: Any, profile: str | None) -> str | None:
    """The role of its instance profile: by the name or the ARN that it was launched with."""
    if profile is None:
        return None
    for each in iam_backends[instance.owner_id][get_partition(instance.region_name)].instance_profiles.values():
        if profile in (each.name, each.arn) and each.roles:
            return str(each.roles[0].name)
    return None


def _cidr(backend: Any, subnet: Any) -> str | None:
    return str(backend.get_vpc(subnet.vpc_id).cidr_block) if subnet is not None else None


def _text(user_data: Any) -> str:
    return base64.b64decode(str(user_data or "")).decode(errors="replace")
