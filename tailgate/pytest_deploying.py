"""What a session was asked about endpoints that it deploys itself (target sagemaker). Imports nothing heavy."""

from __future__ import annotations

import pytest

from tailgate.errors import PlanError
from tailgate.plan.models import located
from tailgate.pytest_attaching import check_on_aws
from tailgate.targets.deploying import Deploying, read_deploying

KIND = "sagemaker"

_OPTIONS = {
    "--latency-role": "latency_role",
    "--latency-image": "latency_image",
    "--latency-model-data": "latency_model_data",
    "--latency-model-env": "latency_model_env",
    "--latency-bucket": "latency_bucket",
    "--latency-model-subnet": "latency_model_subnet",
    "--latency-model-security-group": "latency_model_security_group",
    "--latency-owner": "latency_owner",
    "--latency-max-usd": "latency_max_usd",
    "--latency-deploy-timeout": "latency_deploy_timeout",
    "--latency-expiry": "latency_expiry",
    "--latency-dead-man-role": "latency_dead_man_role",
}
_SEVERAL = ("--latency-model-env", "--latency-model-subnet", "--latency-model-security-group", "--latency-client-subnet")
_TEXTS = {
    "--latency-role": ("ARN", "the role that SageMaker runs models as (target sagemaker)"),
    "--latency-image": ("URI", "the container to deploy, instead of the constant model's"),
    "--latency-model-data": ("URI", "what the container loads: s3://… or a model.tar.gz here"),
    "--latency-model-env": ("NAME[=VALUE]", "of the container; without a value, this process's own; may be repeated"),
    "--latency-bucket": ("NAME", "where tailgate puts model data of its own (default: sagemaker-REGION-ACCOUNT)"),
    "--latency-model-subnet": ("ID", "a subnet that the container is in; may be repeated"),
    "--latency-model-security-group": ("ID", "a security group of the container; may be repeated"),
    "--latency-owner": ("NAME", "whose the resources are called (default: the caller's own name)"),
    "--latency-max-usd": ("USD", "the most that the session may cost; it must be said for target sagemaker"),
    "--latency-deploy-timeout": ("TIME", "how long an endpoint may take to come into service (30min)"),
    "--latency-expiry": ("TIME", "after which whatever was created has expired (default: by the plan's length)"),
    "--latency-dead-man-role": ("ARN", "the role by which AWS itself deletes endpoints that have expired"),
    "--latency-client-subnet": ("ID", "a subnet that this host is in, for an interface endpoint (default: this instance's)"),
}


def add_deploying_options(group: pytest.OptionGroup) -> None:
    """The options of target sagemaker."""
    for option, (metavar, text) in _TEXTS.items():
        if option in _SEVERAL:
            group.addoption(option, action="append", default=[], metavar=metavar, help=text)
        else:
            group.addoption(option, metavar=metavar, help=text)
    group.addoption("--latency-allow-account", metavar="ID", help="the only AWS account to do anything in (targets sagemaker, existing)")


_OF_HOSTS = ("--latency-max-usd", "--latency-owner", "--latency-expiry")
"""Which hosts of the session's have a use for as well, whatever the target."""


def deploying_of(config: pytest.Config, kind: str | None, *, hosts: bool = False) -> Deploying:
    """How endpoints are deployed. hosts: whether load comes from hosts that are launched.

    Raises PlanError, also for options that another kind of target has no use for.
    """
    option = config.option
    of_hosts = _OF_HOSTS if hosts and kind not in (None, "emulated") else ()
    given = [name for name, attribute in _OPTIONS.items() if getattr(option, attribute) and name not in of_hosts]
    if given and kind != KIND:
        raise PlanError(f"{given[0]} is for target '{KIND}', and the target is '{kind or 'emulated'}'; add --latency-target {KIND}")
    check_on_aws("--latency-allow-account", option.latency_allow_account, kind)
    check_on_aws("--latency-client-subnet", option.latency_client_subnet, kind)
    return read_deploying(
        role=option.latency_role,
        image=option.latency_image,
        model_data=located(option.latency_model_data, config.invocation_params.dir) if option.latency_model_data else None,
        environment=option.latency_model_env,
        bucket=option.latency_bucket,
        model_subnets=option.latency_model_subnet,
        model_security_groups=option.latency_model_security_group,
        owner=option.latency_owner,
        account=option.latency_allow_account,
        max_usd=option.latency_max_usd,
        timeout=option.latency_deploy_timeout,
        expiry=option.latency_expiry,
        dead_man_role=option.latency_dead_man_role,
        client_subnets=option.latency_client_subnet,
    )


def check_deploying(deploying: Deploying) -> None:
    """Refuse to deploy without what no default can say. Raises PlanError."""
    if deploying.role_arn is None:
        raise PlanError(
            "target 'sagemaker' deploys models that run as a role of yours; name it: --latency-role arn:aws:iam::ACCOUNT:role/NAME "
            "(it has to trust sagemaker.amazonaws.com)"
        )
    if deploying.most_usd is None:
        raise PlanError("target 'sagemaker' costs money, and nobody said how much it may be; say it: --latency-max-usd 5")


def check_paid(deploying: Deploying) -> None:
    """Refuse hosts at AWS where nobody said what they may cost. Raises PlanError."""
    if deploying.most_usd is None:
        raise PlanError("hosts that load comes from cost money, and nobody said how much it may be; say it: --latency-max-usd 2")
