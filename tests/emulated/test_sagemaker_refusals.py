"""What AWS refuses amid a session of target sagemaker: said in a sentence, and the rest of the plan goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tailgate.errors import CapacityError, TargetError
from tailgate.targets.prefetch import Prefetched
from tailgate.targets.sagemaker.target import SagemakerTarget
from tests.emulated.conftest import REGION
from tests.emulated.test_sagemaker_target import CASE, DEPLOYING, OPTIONS, ROLE, SPEC, SUITE, aws, ours  # noqa: F401  # aws is a fixture
from tests.faults.aws_proxy import AwsProxy, refused

QUOTA = refused(
    400,
    "ResourceLimitExceeded",
    "The account-level service limit 'ml.t2.medium for endpoint usage' is 0 Instances, with current utilization of 0 Instances.",
)
PASS_ROLE = refused(
    400,
    "AccessDeniedException",
    f"User: arn:aws:iam::123456789012:user/ci is not authorized to perform: iam:PassRole on resource: {ROLE} because no identity-based "
    "policy allows the iam:PassRole action",
)
NOT_ASSUMED = refused(
    400,
    "ValidationException",
    f"Could not assume role {ROLE}. Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the role.",
)
TWO = SUITE.replace("[CASE]", '[CASE, CASE.on("ml.t2.large")]')


@pytest.fixture
def proxy(aws: Any, moto: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsProxy]:  # noqa: F811  # the fixture
    """Between boto3 and moto."""
    assert aws
    with AwsProxy(moto.url) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        yield proxy


@pytest.fixture
def target(proxy: AwsProxy, tmp_path: Path) -> Iterator[Prefetched]:
    """The target, led to the proxy."""
    assert proxy
    with Prefetched(SagemakerTarget(DEPLOYING, region=REGION, run_id="run-1", reports=tmp_path)) as target:
        yield target


@pytest.mark.thorough
def test_want_of_quota_skips_its_case_with_the_reason_and_the_others_are_measured(
    proxy: AwsProxy,
    pytester: pytest.Pytester,
    aws: Any,  # noqa: F811  # the fixture
) -> None:
    """Nobody's budget was breached."""
    fault = proxy.harm("sagemaker.CreateEndpoint", QUOTA)
    pytester.makepyfile(test_ranker=TWO)
    arguments = ("-p", "no:cacheprovider", "-m", "latency", "-rs", "--latency-no-floor", "--latency-cloudwatch-wait", "0", *OPTIONS)
    outcome = pytester.runpytest_subprocess(*arguments, timeout=300)
    assert fault.fired == 1
    outcome.assert_outcomes(passed=1, skipped=1)
    outcome.stdout.fnmatch_lines(["*SKIPPED*The account-level service limit 'ml.t2.medium*choose another instance type*"])
    assert ours(aws) == []


def test_quota_is_a_capacity_error_for_whoever_opens_it(proxy: AwsProxy, target: Prefetched) -> None:
    """Each time."""
    proxy.harm("sagemaker.CreateEndpoint", QUOTA)
    for _ in range(2):
        with pytest.raises(CapacityError, match="quota or the region's capacity"), target.open(SPEC):
            pass


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (
            PASS_ROLE,
            r'add to their policy: \{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:.*"iam:PassedToService": "sagemaker',
        ),
        (NOT_ASSUMED, r'its trust policy needs \{"Effect": "Allow", "Principal": \{"Service": "sagemaker.amazonaws.com"\}'),
    ],
)
def test_a_role_that_may_not_be_passed_is_answered_with_the_statement_that_is_missing(
    proxy: AwsProxy, target: Prefetched, harm: Any, said: str
) -> None:
    """In whose policy, too."""
    proxy.harm("sagemaker.CreateModel", harm)
    with pytest.raises(TargetError, match=said), target.open(SPEC):
        pass


def test_who_may_not_look_at_roles_leaves_that_to_sagemaker(proxy: AwsProxy, target: Prefetched) -> None:
    """The least policy has no iam:GetRole."""
    fault = proxy.harm("iam.GetRole", refused(403, "AccessDenied", "not authorized to perform: iam:GetRole"))
    target.examine([CASE])
    assert fault.fired == 1


def test_a_deployment_is_waited_for_although_nobody_answers_for_a_while(proxy: AwsProxy, target: Prefetched) -> None:
    """Ten throttles in a row: more than botocore bears."""
    fault = proxy.harm("sagemaker.DescribeEndpoint", refused(400, "ThrottlingException", "Rate exceeded"), nth=range(1, 11))
    with target.open(SPEC) as endpoint:
        assert endpoint.provenance["status"] == "InService"
    assert fault.fired == 10


@pytest.mark.parametrize("target", [["sagemaker", *OPTIONS[2:]], ["existing", "--latency-max-rate", "60"]], ids=lambda words: words[0])
def test_another_account_than_the_one_allowed_ends_the_session_with_exit_code_4(
    proxy: AwsProxy, pytester: pytest.Pytester, target: list[str]
) -> None:
    """Nothing but who we are was asked."""
    pytester.makepyfile(test_ranker=SUITE)
    arguments = ("-p", "no:cacheprovider", "-m", "latency", "--latency-allow-account", "999999999999", "--latency-target", *target)
    outcome = pytester.runpytest_subprocess(*arguments, timeout=300)
    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines(["*are of account 123456789012, and --latency-allow-account allows 999999999999 alone*"])
    assert {name for name in proxy.names if not name.startswith("pricing.")} == {"sts.GetCallerIdentity"}
