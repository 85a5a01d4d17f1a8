"""The role that SageMaker runs models as: whether it can be passed, and the policy statement that is missing where it cannot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from tailgate.aws.clients import open_client
from tailgate.aws.connecting import Caller
from tailgate.aws.refusals import code_of, explained
from tailgate.errors import PlanError, TargetError
from tailgate.targets.deploying import account_of

SERVICE = "sagemaker.amazonaws.com"


def check_role(role_arn: str | None, caller: Caller, region: str) -> None:
    """Refuse a role that cannot be meant, as far as this caller may look: none, another account's, absent, not for SageMaker.

    A caller who may not read roles learns of the last two from SageMaker. Raises PlanError.
    """
    if role_arn is None:
        raise PlanError("no role says whom SageMaker runs the model as; name it: --latency-role ARN")
    if account_of(role_arn) != caller.account:
        raise PlanError(
            f"--latency-role is a role of account {account_of(role_arn)}, these credentials are of {caller.account}; "
            "SageMaker takes roles of its own account: name one, or choose other credentials (AWS_PROFILE)"
        )
    role = _look(role_arn, region)
    if role is not None and not _trusts_sagemaker(role.get("AssumeRolePolicyDocument", {})):
        raise PlanError(
            f"--latency-role {role_arn} does not let SageMaker assume it; its trust policy lacks {json.dumps(trust_statement())}"
        )


def pass_statement(role_arn: str) -> dict[str, Any]:
    """What the caller's policy needs to hand the role to SageMaker."""
    condition = {"StringEquals": {"iam:PassedToService": SERVICE}}
    return {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role_arn, "Condition": condition}


def trust_statement() -> dict[str, Any]:
    """What the role's trust policy needs."""
    return {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole"}


def refused_role(error: ClientError, role_arn: str) -> TargetError | None:
    """What CreateModel's refusal means where it is about the role: the statement that is missing, and where. None where it is not."""
    text = str(error.response.get("Error", {}).get("Message", ""))
    seen = f"{code_of(error)}: {text}"
    if "iam:PassRole" in text:
        return TargetError(
            f"could not create the model: {seen} — whoever deploys has to be allowed to hand the role to SageMaker; add to their policy: "
            f"{json.dumps(pass_statement(role_arn))}"
        )
    if "Could not assume role" in text or "allows principal" in text:
        return TargetError(
            f"could not create the model: {seen} — the role does not exist, or does not trust SageMaker; its trust policy needs "
            f"{json.dumps(trust_statement())}"
        )
    return None


def _look(role_arn: str, region: str) -> Mapping[str, Any] | None:
    """The role's description; None where the caller may not see it. Raises PlanError where there is none, TargetError."""
    name = role_arn.rpartition("/")[2]
    with explained(f"look at the role {name}"):
        client = open_client("iam", region)
        try:
            found: Mapping[str, Any] = client.get_role(RoleName=name)["Role"]
        except ClientError as error:
            if code_of(error) == "NoSuchEntity":
                raise PlanError(f"--latency-role {role_arn}: there is no such role; check its name and the account (AWS_PROFILE)") from None
            return None  # whoever may not look leaves it to SageMaker
        finally:
            client.close()
    if found["Arn"] != role_arn:
        raise PlanError(f"--latency-role is {role_arn}, the role {name} is {found['Arn']}; write its ARN with its path")
    return found


def _trusts_sagemaker(policy: Mapping[str, Any]) -> bool:
    statements = policy.get("Statement", [])
    return any(_names_service(each) for each in (statements if isinstance(statements, list) else [statements]))


def _names_service(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    services = principal.get("Service", []) if isinstance(principal, Mapping) else principal
    services = [services] if isinstance(services, str) else services
    return statement.get("Effect") == "Allow" and bool({SERVICE, "*"} & set(services))
