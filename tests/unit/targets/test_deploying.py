"""What a session says of endpoints that it deploys, read from its options' texts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.errors import PlanError
from tailgate.targets.deploying import PATIENCE_S, Deploying, account_of, read_deploying

ROLE = "arn:aws-cn:iam::123456789012:role/service-role/execution"


def test_nothing_said_is_nothing_but_patience() -> None:
    """No role, no money, no account."""
    assert read_deploying() == Deploying(patience_s=PATIENCE_S)


def test_everything_said_is_kept() -> None:
    """As the target wants it: seconds, dollars, ids."""
    read = read_deploying(role=ROLE, max_usd="2.50 usd", timeout="20min", expiry="2h", model_subnets=["subnet-0123abcd"],
                          model_security_groups=["sg-0123abcd"], owner="Ann of ML", account="123456789012")  # fmt: skip
    assert (read.most_usd, read.patience_s, read.lasts_s) == (Decimal("2.50"), 1200.0, 7200.0)
    assert (read.model_subnets, read.model_security_groups) == (("subnet-0123abcd",), ("sg-0123abcd",))
    assert account_of(read.role_arn or "") == "123456789012"


@given(st.dictionaries(st.from_regex(r"[A-Z_]{1,8}", fullmatch=True), st.text("abc=,\" '", max_size=9), max_size=4))
def test_a_variable_is_given_with_its_value_or_taken_from_here(variables: dict[str, str]) -> None:
    """Whatever stands in the value; only the first equals sign divides."""
    pairs = [f"{name}={value}" for name, value in variables.items()]
    assert read_deploying(environment=pairs, environ={}).environment == variables
    assert read_deploying(environment=list(variables), environ=variables).environment == variables


def test_no_text_shows_a_variables_value() -> None:
    """It may be a secret."""
    assert "hush" not in repr(read_deploying(environment=["TOKEN=hush"]))
    with pytest.raises(PlanError) as refused:
        read_deploying(environment=["MY-TOKEN=hush"])
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"role": "execution"}, "--latency-role is 'execution'; it is a role's ARN"),
        ({"account": "123"}, "--latency-allow-account is '123'"),
        ({"max_usd": "much"}, "--latency-max-usd is 'much'"),
        ({"max_usd": "0"}, "--latency-max-usd is '0'"),
        ({"max_usd": "nan"}, "--latency-max-usd is 'nan'"),
        ({"timeout": "20"}, "--latency-deploy-timeout: '20' is not a duration"),
        ({"timeout": "3s"}, "--latency-deploy-timeout is 3s; it is a time between"),
        ({"expiry": "9000h"}, "--latency-expiry is 9000h"),
        ({"model_subnets": ["subnet-0123abcd"]}, "name both or neither"),
        ({"client_subnets": ["vpc-1"]}, "--latency-client-subnet is 'vpc-1'"),
        ({"client_subnets": ["subnet-0123abcd"] * 2}, "--latency-client-subnet is given 2 times"),
        ({"environment": ["NOWHERE"], "environ": {}}, "--latency-model-env NOWHERE: it has no value here"),
        ({"environment": ["A=1", "A=2"]}, "names A twice"),
        ({"image": "a b"}, "--latency-image is 'a b'"),
        ({"bucket": "s3://mine"}, "--latency-bucket is 's3://mine'"),
        ({"owner": "a\nb"}, "--latency-owner"),
    ],
)
def test_what_cannot_be_meant_names_its_option(wrong: dict[str, Any], said: str) -> None:
    """And what it is."""
    with pytest.raises(PlanError, match=said):
        read_deploying(**wrong)
