"""Profile: the instance profile by which hosts reach Systems Manager and S3, and sign what they send."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from tailgate.aws.custody.kinds import Services
from tailgate.aws.names import HOSTS_ROOT
from tailgate.aws.permissions import permitted, was_denied
from tailgate.aws.refusals import code_of
from tailgate.errors import PlanError, TargetError
from tailgate.vantage.ec2.site import Profile

_POLICY = "docs/vantage.md has its policy"
_CHANNELS = tuple(f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data"))
_ANYWHERE = ("ssm:UpdateInstanceInformation", *_CHANNELS)
_OBJECTS = ("s3:GetObject", "s3:PutObject")


def find_profile(services: Services, named: str | None, bucket: str) -> tuple[Profile, tuple[str, ...]]:
    """The profile, and what could not be looked at of it, in sentences. Raises PlanError, TargetError: it names what is missing."""
    if named is None:
        raise PlanError(f"hosts reach S3 and Systems Manager by an instance profile; name one: --latency-host-profile ({_POLICY})")
    iam, name = services("iam"), named.rpartition("/")[2]
    with permitted("iam:GetInstanceProfile", f"look at the instance profile {name}"):
        try:
            found = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
        except ClientError as error:
            if code_of(error) != "NoSuchEntity":
                raise
            check = f"check --latency-host-profile and the account (AWS_PROFILE); {_POLICY}"
            raise TargetError(f"there is no instance profile {name}; {check}") from error
    if named.startswith("arn:") and found["Arn"] != named:
        raise PlanError(f"--latency-host-profile is {named}, and the profile {name} of these credentials is {found['Arn']}")
    if not found.get("Roles"):
        raise TargetError(f"the instance profile {name} has no role, so hosts would have no permissions; add one to it ({_POLICY})")
    profile = Profile(found["Arn"], found["Roles"][0]["Arn"])
    return profile, _check_role(iam, profile, bucket)


def _check_role(iam: Any, profile: Profile, bucket: str) -> tuple[str, ...]:
    """Refuse a role that lacks a permission. Where nobody may ask, the hosts' own failure will say it."""
    arn = f"arn:{profile.arn.split(':')[1]}:s3:::{bucket}"
    denied: list[str] = []
    try:
        for actions, resource in ((_ANYWHERE, "*"), (_OBJECTS, f"{arn}/{HOSTS_ROOT}/session/host/alive"), (("s3:ListBucket",), arn)):
            with permitted("iam:SimulatePrincipalPolicy", f"ask what {profile.role_arn} is permitted"):
                answer = iam.simulate_principal_policy(PolicySourceArn=profile.role_arn, ActionNames=list(actions), ResourceArns=[resource])
            denied += [each["EvalActionName"] for each in answer["EvaluationResults"] if each["EvalDecision"] != "allowed"]
    except TargetError as error:
        why = "iam:SimulatePrincipalPolicy is denied" if was_denied(error) else "nobody answered"
        return (f"what the hosts' role is permitted was not looked at: {why}",)
    if denied:
        what = f"the role of the instance profile, {profile.role_arn.rpartition('/')[2]}, is not permitted {', '.join(denied)}"
        raise TargetError(f"{what}, which hosts cannot do without; add it to its policy ({_POLICY})")
    return ()
