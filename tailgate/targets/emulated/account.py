"""The emulated account: throw-away credentials that live in memory only, and the ways to hand them on."""

from __future__ import annotations

import os
import secrets
import string
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES

from tailgate.aws.clients import Clients, open_clients
from tailgate.aws.refusals import explained

_EMPTY_CONFIG = str(Path(__file__).with_name("aws-config"))
_KEY_LETTERS = string.ascii_uppercase + "234567"
_SECRET_LETTERS = string.ascii_letters + string.digits + "+/"
_MAKING = Lock()  # a session makes one client at a time

# Whatever botocore reads before or beside the two keys. Blank is unset to it, but for a profile, which must exist.
_NEUTRAL = {
    "AWS_PROFILE": "default",
    "AWS_DEFAULT_PROFILE": "default",
    "AWS_CONFIG_FILE": _EMPTY_CONFIG,
    "AWS_SHARED_CREDENTIALS_FILE": _EMPTY_CONFIG,
    "AWS_SESSION_TOKEN": "",
    "AWS_SECURITY_TOKEN": "",
    "AWS_CREDENTIAL_EXPIRATION": "",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key pair in AWS's form, made up for one session; the data plane accepts no other."""

    access_key: str
    secret_key: str = field(repr=False)

    @classmethod
    def made_up(cls) -> Credentials:
        """A fresh pair from the system's randomness."""
        access_key = "AKIA" + "".join(secrets.choice(_KEY_LETTERS) for _ in range(16))
        return cls(access_key, "".join(secrets.choice(_SECRET_LETTERS) for _ in range(40)))

    def environment(self, region: str) -> dict[str, str]:
        """Laid over this process's environment, what makes botocore find this pair and nothing else.

        Every other variable of AWS's that is set here is blank, by which the generator removes it: botocore refuses to
        work at all for the sake of some.
        """
        others = dict.fromkeys((name for name in os.environ if name.startswith("AWS_")), "")
        own = {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}
        return others | own | {"AWS_REGION": region, "AWS_DEFAULT_REGION": region} | _NEUTRAL

    def session(self) -> Any:
        """A botocore session with this pair, deaf to anybody's AWS configuration: profile, files, and every variable.

        Its service models are loaded already: that takes its time, and can be done while the processes start.
        """
        session = botocore.session.Session(session_vars=_deaf())
        session.set_credentials(self.access_key, self.secret_key)
        for service in ("sagemaker", "ec2"):
            session.get_service_model(service)
        return session


def boto3_session(session: Any, region: str) -> boto3.Session:
    """boto3's for a botocore session, of which there may be only one: it leaves its marks there."""
    return boto3.Session(botocore_session=session, region_name=region)


def clients_for(session: boto3.Session, region: str, url: str) -> Clients:
    """Clients for the control plane at `url`, through no proxy. Raises TargetError."""
    with explained("make clients for the emulated control plane"):
        return open_clients(session, region, endpoint_url=url, proxies={})


def client_for(session: boto3.Session, url: str, service: str, attempts: int) -> Any:
    """A client of one service for the control plane at `url`, through no proxy."""
    config = Config(connect_timeout=5, read_timeout=30, proxies={}, retries={"mode": "standard", "total_max_attempts": attempts})
    with _MAKING:
        return session.client(service, endpoint_url=url, config=config)


def _deaf() -> dict[str, tuple[None, None, object, object]]:
    """Each thing that botocore would read from files or the environment, at its default: none of them is looked up."""
    variables = {name: (None, None, default, convert) for name, (_, _, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()}
    nowhere = (None, None, os.devnull, None)
    return variables | {"config_file": nowhere, "credentials_file": nowhere}
