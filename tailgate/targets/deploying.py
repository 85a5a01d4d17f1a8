"""Deploying: what a session says of endpoints that it deploys itself, and pays for. Imports nothing heavy."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from tailgate.errors import PlanError
from tailgate.plan.models import Model
from tailgate.units import seconds

PATIENCE_S = 1800.0
"""How long an endpoint may take to come into service: 3 to 10 minutes are usual, large images and models take longer."""

WARMS_WITHIN_S = 120.0
"""How long a fresh endpoint may be asked gently until it answers evenly: instances warm up one by one."""

LASTS_S = 4 * 3600.0
"""How long what was created lasts at least, where nobody said it."""

_SHORTEST_S, _LONGEST_S = 60.0, 7 * 24 * 3600.0
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):role/[\w+=,.@/-]{1,512}", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{12}")
_OWNER = re.compile(r"[\w .:/=+@-]{1,256}", re.ASCII)  # what a tag's value may hold
_VARIABLE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,1023}", re.ASCII)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_MOST_SUBNETS, _MOST_GROUPS = 16, 5
_LONGEST_VALUE = 1024


@dataclass(frozen=True, slots=True)
class Deploying:
    """How endpoints are deployed. role_arn: what SageMaker runs the model as; None where nobody said it, which refuses all.

    image, model_data: the container and what it loads, None for the model that ships with tailgate. environment: of the container;
    never recorded, never shown. models: what the plan says of other models, by the name that cases use. bucket: where tailgate puts
    model data of its own. model_subnets, model_security_groups: the VPC that the container is in, both or neither. owner: whose the
    resources are called, None for the caller's own name. account: the only one in which anything may be done. most_usd: what the
    session may cost at most, None where nobody said it. patience_s: how long an endpoint may take to come into service, and then to
    go. lasts_s: after which everything has expired, None for what the plan takes. dead_man_role_arn: as whom AWS itself deletes
    what has expired. client_subnets: where this host is, for an interface endpoint beside it.
    """

    role_arn: str | None = None
    image: str | None = None
    model_data: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    models: Mapping[str, Model] = field(default_factory=dict)
    bucket: str | None = None
    model_subnets: tuple[str, ...] = ()
    model_security_groups: tuple[str, ...] = ()
    owner: str | None = None
    account: str | None = None
    most_usd: Decimal | None = None
    patience_s: float = PATIENCE_S
    lasts_s: float | None = None
    dead_man_role_arn: str | None = None
    client_subnets: tuple[str, ...] = ()


def read_deploying(
    *,
    role: str | None = None,
    image: str | None = None,
    model_data: str | None = None,
    environment: Sequence[str] = (),
    bucket: str | None = None,
    model_subnets: Sequence[str] = (),
    model_security_groups: Sequence[str] = (),
    owner: str | None = None,
    account: str | None = None,
    max_usd: str | None = None,
    timeout: str | None = None,
    expiry: str | None = None,
    dead_man_role: str | None = None,
    client_subnets: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
) -> Deploying:
    """From the options' texts. environ: where a variable given without a value has it. Raises PlanError naming the option."""
    if bool(model_subnets) != bool(model_security_groups):
        raise PlanError("--latency-model-subnet and --latency-model-security-group: a container is in a VPC by both; name both or neither")
    return Deploying(
        role_arn=_match(_ROLE, role, "--latency-role", "a role's ARN, such as arn:aws:iam::123456789012:role/sagemaker-execution"),
        image=_word(image, "--latency-image", "an image's URI, such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/ranker:7"),
        model_data=_word(model_data, "--latency-model-data", "an S3 URI or a file, such as s3://bucket/model.tar.gz"),
        environment=_environment(environment, os.environ if environ is None else environ),
        bucket=_match(_BUCKET, bucket, "--latency-bucket", "a bucket's name, without s3://"),
        model_subnets=_ids(model_subnets, "subnet", "--latency-model-subnet", _MOST_SUBNETS),
        model_security_groups=_ids(model_security_groups, "sg", "--latency-model-security-group", _MOST_GROUPS),
        owner=_match(_OWNER, owner, "--latency-owner", "up to 256 letters, digits, spaces and _ . : / = + - @"),
        account=_match(_ACCOUNT, account, "--latency-allow-account", "an account's 12 digits"),
        most_usd=None if max_usd is None else _usd(max_usd),
        patience_s=PATIENCE_S if timeout is None else _time(timeout, "--latency-deploy-timeout", "20min"),
        lasts_s=None if expiry is None else _time(expiry, "--latency-expiry", "4h"),
        dead_man_role_arn=_match(_ROLE, dead_man_role, "--latency-dead-man-role", "a role's ARN"),
        client_subnets=_ids(client_subnets, "subnet", "--latency-client-subnet", _MOST_SUBNETS),
    )


def lasts_s(deploying: Deploying, planned_s: float) -> float:
    """After which what is created has expired: as said, else what the session may take twice over, and no less than LASTS_S."""
    return deploying.lasts_s or max(LASTS_S, 2 * planned_s)


def check_expiry(deploying: Deploying, planned_s: float) -> None:
    """Refuse to let things expire while they are in use. Raises PlanError."""
    if lasts_s(deploying, planned_s) < planned_s:
        raise PlanError(
            f"--latency-expiry is {lasts_s(deploying, planned_s) / 60:.0f} min, and the session may take {planned_s / 60:.0f} min: its "
            "endpoints would be deleted while they are measured; say a longer one, or none"
        )


def unattended(deploying: Deploying) -> str | None:
    """What whoever pays should know where no dead-man's switch is armed, in a sentence; None where a role for it is named."""
    if deploying.dead_man_role_arn is not None:
        return None
    return (
        "no dead-man: if this host loses power, endpoints bill until `tailgate sweep --delete` is run; --latency-dead-man-role names the "
        "role as which AWS itself deletes them at their expiry"
    )


def account_of(role_arn: str) -> str:
    """The account that a role is of."""
    return role_arn.split(":")[4]


def _match(pattern: re.Pattern[str], text: str | None, option: str, description: str) -> str | None:
    if text is not None and not pattern.fullmatch(text):
        raise PlanError(f"{option} is '{text}'; it is {description}")
    return text


def _word(text: str | None, option: str, description: str) -> str | None:
    if text is not None and (not text or not text.isprintable() or " " in text):
        raise PlanError(f"{option} is '{text}'; it is {description}")
    return text


def _environment(pairs: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """NAME=VALUE, or NAME for the value that this process has: so that no secret stands in a list of processes. No text shows a value."""
    variables: dict[str, str] = {}
    for pair in pairs:
        name, given, value = pair.partition("=")
        if not _VARIABLE.fullmatch(name):
            raise PlanError(f"--latency-model-env '{name}…': a variable's name is letters, digits and _; write NAME=VALUE, or NAME alone")
        if name in variables:
            raise PlanError(f"--latency-model-env names {name} twice; keep one")
        if not given and name not in environ:
            raise PlanError(f"--latency-model-env {name}: it has no value here; write {name}=VALUE, or set it in pytest's environment")
        variables[name] = value if given else environ[name]
        if len(variables[name]) > _LONGEST_VALUE:
            raise PlanError(f"--latency-model-env {name}: its value is {len(variables[name])} long; SageMaker takes {_LONGEST_VALUE}")
    return variables


def _ids(ids: Sequence[str], kind: str, option: str, most: int) -> tuple[str, ...]:
    for each in ids:
        if not re.fullmatch(rf"{kind}-[0-9a-f]{{8,17}}", each):
            raise PlanError(f"{option} is '{each}'; it is written {kind}-0123456789abcdef0, and the option repeated for several")
    if len(set(ids)) < len(ids) or len(ids) > most:
        raise PlanError(f"{option} is given {len(ids)} times; name each once, at most {most}")
    return tuple(ids)


def _usd(text: str) -> Decimal:
    try:
        most = Decimal(text.strip().lower().removesuffix("usd").strip())
    except InvalidOperation:
        most = Decimal(-1)
    if not (most.is_finite() and 0 < most < 1_000_000):
        raise PlanError(f"--latency-max-usd is '{text}'; it is what the session may cost at most, in US dollars, such as 2.50")
    return most


def _time(text: str, option: str, example: str) -> float:
    try:
        lasts_s = seconds(text)
    except PlanError as error:
        raise PlanError(f"{option}: {error}") from None
    if not _SHORTEST_S <= lasts_s <= _LONGEST_S:
        raise PlanError(f"{option} is {text}; it is a time between 1min and 168h, such as {example}")
    return lasts_s
