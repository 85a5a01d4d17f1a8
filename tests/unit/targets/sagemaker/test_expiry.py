"""When what a session creates expires, beside how long the session may take."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tailgate.errors import PlanError
from tailgate.plan.purse import Purse
from tailgate.targets.deploying import LASTS_S, Deploying, lasts_s, unattended
from tailgate.targets.sagemaker.target import SagemakerTarget
from tests.unit.plan.test_ceiling import TERMS, case, price_of


def test_an_expiry_amid_the_session_is_refused_before_anybody_is_asked() -> None:
    """Else the dead-man's switch, or somebody's sweep, would delete what is being measured."""
    purse = Purse(Decimal(5), TERMS, price_of)
    purse.plan([case()])
    deploying = Deploying(lasts_s=purse.planned_s - 1)
    with pytest.raises(PlanError, match=r"--latency-expiry is \d+ min, and the session may take \d+ min"):
        SagemakerTarget(deploying, region="eu-central-1", run_id="run-1", purse=purse).examine([case()])


@pytest.mark.parametrize("hours", [1, 10])
def test_what_is_created_lasts_twice_as_long_as_planned_and_four_hours_at_least(hours: int) -> None:
    """Unless another time was said."""
    terms = replace(TERMS, patience_s=hours * 3600.0)
    purse = Purse(Decimal(1000), terms, price_of)
    purse.plan([case()])
    assert lasts_s(Deploying(), purse.planned_s) == max(LASTS_S, 2 * purse.planned_s)
    assert lasts_s(Deploying(lasts_s=60.0), purse.planned_s) == 60.0


def test_who_pays_is_told_where_no_switch_is_armed() -> None:
    """In a sentence with the command and the option; nothing where a role is named."""
    told = unattended(Deploying())
    assert told is not None
    assert told.startswith("no dead-man: ")
    assert "tailgate sweep --delete" in told
    assert "--latency-dead-man-role" in told
    assert unattended(Deploying(dead_man_role_arn="arn:aws:iam::123456789012:role/r")) is None
