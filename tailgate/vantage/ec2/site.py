"""Site: where and of what a session's hosts are to be, as it was found out before anything is launched. Pure data."""

from __future__ import annotations

from dataclasses import dataclass

from tailgate.aws.network.client_place import Subnet


@dataclass(frozen=True, slots=True)
class Image:
    """What a host boots. root: the device name of its disk. least_gb: how large that has to be."""

    id: str
    root: str
    least_gb: int


@dataclass(frozen=True, slots=True)
class Profile:
    """An instance profile and its role."""

    arn: str
    role_arn: str


@dataclass(frozen=True, slots=True)
class Site:
    """All of it. architecture: x86_64 or arm64. public: whether hosts need a public address, to leave by an internet gateway.

    vcpus: of one host. bucket: through which letters go. notes: what could not be looked at, in sentences.
    """

    instance_type: str
    architecture: str
    vcpus: int
    count: int
    image: Image
    subnet: Subnet
    public: bool
    profile: Profile
    bucket: str
    account: str
    security_group: str | None = None
    notes: tuple[str, ...] = ()
