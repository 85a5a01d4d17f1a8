"""Connecting: to which region and account boto3's own settings lead, found out before anything is done there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError
from botocore.utils import get_environ_proxies

from tailgate.aws.clients import authorities, open_client, region_in_profile
from tailgate.aws.refusals import explained
from tailgate.errors import PlanError, TargetError

_NAMING = re.compile(r"[^\w .:/=+@-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose credentials these are. account: its number, for comparison and not for any record."""

    account: str
    arn: str

    @property
    def name(self) -> str:
        """The user's or role's own name, as a tag may hold it: `arn:aws:iam::…:user/ann` is `ann`, a role with its session."""
        kind, _, path = self.arn.rpartition(":")[2].partition("/")
        return _NAMING.sub("_", path or kind)[:256]


def profile_region() -> str:
    """The region of boto3's profile. Raises PlanError where it names none."""
    try:
        region = region_in_profile()
    except BotoCoreError as error:
        raise PlanError(f"boto3's configuration cannot be read: {error}; check AWS_PROFILE and ~/.aws/config") from None
    if region is None:
        raise PlanError("no region says where endpoints are; name it: --latency-region, AWS_REGION, `region` in the plan, or the profile's")
    return region


def authorities_pem() -> str | None:
    """The authorities that boto3 trusts instead of its own, as PEM text; None where none are named. Raises TargetError."""
    path = authorities()
    if path is None:
        return None
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(f"the authorities in {path} cannot be read ({error}); check AWS_CA_BUNDLE, or ca_bundle in the profile") from None


def proxy_notes(url: str) -> tuple[str, ...]:
    """What a verdict has to say where boto3 would ask this url through a proxy, and the generator does not; the proxy is not named."""
    if not get_environ_proxies(url):
        return ()
    return ("load goes straight to the endpoint, not through the proxy that the environment names: a proxy would be measured with it",)


def find_caller(region: str) -> Caller:
    """Whom AWS takes us for, by sts:GetCallerIdentity, which needs no permission. Raises TargetError, also without credentials."""
    with explained("ask AWS whose credentials these are"):
        client = open_client("sts", region)
        try:
            answer = client.get_caller_identity()
        finally:
            client.close()
    return Caller(answer["Account"], answer["Arn"])


def check_account(caller: Caller, allowed: str | None) -> None:
    """Refuse any account but the one that was allowed; where none was said, all are. Raises PlanError."""
    if allowed is not None and caller.account != allowed:
        raise PlanError(
            f"these credentials are of account {caller.account}, and --latency-allow-account allows {allowed} alone; nothing was done: "
            "choose other credentials (AWS_PROFILE), or allow that account"
        )
