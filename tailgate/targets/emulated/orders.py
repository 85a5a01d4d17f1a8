"""Orders: what the data plane is told at its start, as one line of JSON on standard input.

{"control_plane": "http://127.0.0.1:PORT", "region": "ap-northeast-1", "seed": 1,
 "credentials": {"access_key": "…", "secret_key": "…", "session_token": "… (optional)", "temporary": false, "lent": false},
 "listen": {"public": {"ip": "127.0.0.2", "names": ["runtime.sagemaker.ap-northeast-1.amazonaws.com"],
                       "beside": "198.18.0.2 (optional)"}, …}, "namespace": "/proc/7/fd/3 (optional; of all `beside`)",
 "profiles": "/a/profiles.toml (optional)"}
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tailgate.errors import PlanError, TargetError
from tailgate.targets.emulated.sigv4 import Credentials

_KEYS = frozenset({"control_plane", "region", "seed", "credentials", "listen", "namespace", "profiles"})


@dataclass(frozen=True, slots=True)
class Listener:
    """A network path's own address, and the DNS names that its certificate is for.

    ip: of the loopback range. beside: another, by the same port, for hosts of the emulation; None for none.
    """

    ip: str
    names: tuple[str, ...]
    beside: str | None = None

    def __post_init__(self) -> None:
        check_loopback(self.ip)


@dataclass(frozen=True, slots=True)
class Orders:
    """All that the data plane is told. listen: by network path. namespace: where the addresses beside are, None for here."""

    control_plane: str
    region: str
    credentials: Credentials
    seed: int
    listen: Mapping[str, Listener]
    profiles: Path | None
    namespace: str | None = None

    def __post_init__(self) -> None:
        for listener in self.listen.values():
            if self.namespace is None and listener.beside is not None:
                check_loopback(listener.beside)

    @classmethod
    def from_json(cls, line: str) -> Orders:
        """Read the line. Raises PlanError where it is not what this module describes, without quoting it: it holds a secret."""
        try:
            told: dict[str, Any] = json.loads(line)
            if unknown := sorted(set(told) - _KEYS):
                raise PlanError(f"the data plane's orders have unknown keys: {', '.join(unknown)}")
            return cls(
                told["control_plane"],
                told["region"],
                Credentials(**told["credentials"]),
                int(told["seed"]),
                {
                    path: Listener(listener["ip"], tuple(listener["names"]), listener.get("beside"))
                    for path, listener in told["listen"].items()
                },
                Path(told["profiles"]) if told.get("profiles") else None,
                told.get("namespace"),
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise PlanError(f"the data plane's orders are not the line of JSON that they should be ({type(error).__name__})") from None


def check_loopback(ip: str) -> None:
    """Refuse an address by which others could reach this host. Raises TargetError."""
    try:
        loopback = ipaddress.ip_address(ip).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise TargetError(f"the data plane is to listen on {ip!r}; it listens on loopback addresses only, such as 127.0.0.2")
