"""A session's money while it runs: what is left, who is refused, and that the ceiling holds whatever happens."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.errors import PlanError, TargetError
from tailgate.plan.case import EndpointSpec
from tailgate.plan.ceiling import Terms, ceiling_of, run_s, runs_s
from tailgate.plan.pair import Pair
from tailgate.plan.purse import LINK, Purse
from tests.unit.plan.test_ceiling import CASES, TERMS, TERMS_OF, ZONE, Case, case, price_of

PLENTY = Decimal(1000)
BEGAN_S = 1_700_000_000.0


def test_what_is_planned_is_measured_without_being_asked_again() -> None:
    """A planned case is taken off the plan; the same case once more is not planned any more, and has to fit."""
    purse = Purse(ceiling_of([case()], TERMS, price_of).usd, TERMS, price_of)
    purse.plan([case()])
    purse.opened(case().spec, "one", BEGAN_S)
    purse.begin(case(), BEGAN_S + TERMS.patience_s)
    with pytest.raises(
        PlanError, match=r"not planned ahead, it may cost up to 0\.01 USD more, and of --latency-max-usd .* only 0\.00 USD is left"
    ):
        purse.begin(case(), BEGAN_S + TERMS.patience_s + 300)


def test_a_planned_pair_is_known_by_its_cases() -> None:
    """`measure.paired(pair.first, pair.second)` asks for the planned pair, whatever margins the plan held for it."""
    purse = Purse(PLENTY, TERMS, price_of)
    purse.plan([Pair(case("a"), case("b"), {"p99": "2ms"})])
    before = purse.ceiling_usd(BEGAN_S)
    purse.begin(Pair(case("a"), case("b")), BEGAN_S)
    assert purse.ceiling_usd(BEGAN_S) == before


def test_a_plan_above_the_limit_is_refused_before_anything_is_taken_in() -> None:
    """The purse stays empty."""
    purse = Purse(Decimal("0.01"), TERMS, price_of)
    with pytest.raises(PlanError, match=r"--latency-max-usd allows 0\.01 USD"):
        purse.plan([case()])
    assert purse.ceiling_usd(BEGAN_S) == 0


def test_each_of_several_processes_has_a_share() -> None:
    """All of them deploy: what fits once has to fit as often, and the texts speak of the whole."""
    usd = ceiling_of([case()], TERMS, price_of).usd
    purse = Purse(2 * usd, TERMS, price_of, processes=2)
    purse.plan([case()])
    with pytest.raises(PlanError, match=r"of --latency-max-usd 0\.18 USD \(each of 2 processes has a share\) only 0\.00 USD is left"):
        purse.begin(case("other"), BEGAN_S)
    with pytest.raises(PlanError, match=r"up to 0\.28 USD, 0\.10 USD in each of 3 processes, .* or without -n \(deploy"):
        Purse(2 * usd, TERMS, price_of, processes=3).plan([case()])


def test_a_case_of_a_tests_body_takes_the_time_that_others_left_before_it_asks_for_more() -> None:
    """What is still to come may take so long; only what goes beyond the planned time prolongs it."""
    purse = Purse(PLENTY, TERMS, price_of)
    purse.plan([case()])
    purse.opened(case().spec, "one", BEGAN_S)
    planned = purse.deadline_s
    assert planned == BEGAN_S + TERMS.patience_s + runs_s(case(), TERMS)
    deployed_s = BEGAN_S + TERMS.patience_s
    purse.begin(case(), deployed_s)
    purse.begin(case(for_s=20, network_path="privatelink"), deployed_s)
    assert purse.deadline_s == planned
    purse.begin(case(for_s=40), deployed_s + 60)
    assert purse.deadline_s == deployed_s + 60 + runs_s(case(for_s=40), TERMS)
    purse.begin(case("other"), deployed_s + 60)
    assert purse.deadline_s == deployed_s + 60 + TERMS.patience_s + runs_s(case("other"), TERMS)


def test_a_case_that_does_not_fit_changes_nothing() -> None:
    """Ceiling and deadline are those of before; a smaller case may still be asked."""
    purse = Purse(Decimal("0.20"), TERMS, price_of)
    purse.plan([case()])
    purse.opened(case().spec, "one", BEGAN_S)
    before = purse.ceiling_usd(BEGAN_S), purse.deadline_s
    with pytest.raises(PlanError, match="raise it to"):
        purse.begin(case("big", "ml.m5.24xlarge"), BEGAN_S)
    with pytest.raises(PlanError, match="no price of"):
        purse.begin(case("new", "ml.p5.48xlarge"), BEGAN_S)
    assert (purse.ceiling_usd(BEGAN_S), purse.deadline_s) == before
    purse.begin(case(for_s=10), BEGAN_S)


def test_an_endpoint_that_no_case_asked_for_has_to_fit_as_well() -> None:
    """`latency_target.open(spec)` deploys too."""
    purse = Purse(Decimal("0.10"), TERMS, price_of)
    purse.begin_spec(EndpointSpec("small"), BEGAN_S)
    with pytest.raises(PlanError, match=r"endpoint big on ml\.m5\.24xlarge: not planned ahead"):
        purse.begin_spec(EndpointSpec("big", instance_type="ml.m5.24xlarge"), BEGAN_S)


def test_an_endpoint_that_is_gone_and_wanted_again_has_to_fit_again() -> None:
    """Its money may have gone to another; one that is still planned, though gone for now, is waited for and has its own."""
    purse = Purse(PLENTY, TERMS, price_of)
    purse.plan([case()])
    purse.opened(case().spec, "one", BEGAN_S)
    purse.gone("one", BEGAN_S + 60)
    before = purse.ceiling_usd(BEGAN_S + 60)
    purse.begin_spec(case().spec, BEGAN_S + 60)
    assert purse.ceiling_usd(BEGAN_S + 60) == before
    purse.begin(case(), BEGAN_S + 60)
    purse.opened(case().spec, "one", BEGAN_S + 60)
    purse.gone("one", BEGAN_S + 120)
    before = purse.ceiling_usd(BEGAN_S + 120)
    purse.begin_spec(case().spec, BEGAN_S + 120)
    assert purse.ceiling_usd(BEGAN_S + 120) > before


def test_what_would_end_after_the_planned_time_is_not_begun() -> None:
    """Up to then everything is; the text says what is left and what may have taken the time."""
    purse = Purse(PLENTY, TERMS, price_of)
    purse.plan([case()])
    purse.check_time(case(), BEGAN_S + 10**6)  # nothing is there yet, so no time has begun
    purse.opened(case().spec, "one", BEGAN_S)
    assert purse.deadline_s is not None
    last_s = purse.deadline_s - run_s(case())
    purse.check_time(case(), last_s)
    with pytest.raises(TargetError, match=r"a run may take 140 s, and 139 s are left"):
        purse.check_time(case(), last_s + 1)


def test_money_that_was_not_spent_is_left_for_others() -> None:
    """An endpoint that is gone early leaves room for a case that did not fit before."""
    purse = Purse(ceiling_of([case()], TERMS, price_of).usd + Decimal("0.01"), TERMS, price_of)
    purse.plan([case()])
    purse.begin(case(), BEGAN_S)
    purse.opened(case().spec, "one", BEGAN_S)
    with pytest.raises(PlanError):
        purse.begin(case("other", for_s=10), BEGAN_S + 300)
    purse.gone("one", BEGAN_S + 300)
    assert purse.spent_usd(BEGAN_S + 10**6) == Decimal("0.115") * 300 / 3600
    assert purse.spent_usd(BEGAN_S + 10**6, "one") == purse.spent_usd(BEGAN_S + 10**6)
    purse.begin(case("other", for_s=10), BEGAN_S + 300)


def test_an_interface_endpoint_bills_each_begun_hour() -> None:
    """61 minutes in two zones are four zone-hours."""
    purse = Purse(PLENTY, Terms(60, 60, zone=ZONE, zones=2), price_of)
    purse.plan([case(network_path="privatelink")])
    purse.opened(LINK, "vpce", BEGAN_S)
    purse.gone("vpce", BEGAN_S + 3660)
    assert purse.spent_usd(BEGAN_S + 10**6) == 4 * Decimal("0.014")


ASKED = st.lists(CASES, min_size=1, max_size=5)
STEPS = st.lists(st.tuples(st.sampled_from(["body", "planned", "open", "close", "link", "bare"]), CASES, st.floats(0, 4000)), max_size=12)


@given(ASKED, TERMS_OF, STEPS, st.sampled_from([1.0, 1.01, 3.0]))
def test_no_session_that_keeps_its_deadline_spends_more_than_it_may(asked: list[Case], terms: Terms, steps: list, room: float) -> None:
    """Endpoints come and go, cases come that nobody planned, some are refused: what is spent stays below what may be spent.

    The session that is simulated keeps two promises: nothing is created after the deadline, and what lives then is gone one
    deletion later, the interface endpoint another one later. The purse's own ceiling, asked at any moment, is never above the limit either.
    """
    most_usd = ceiling_of(asked, terms, price_of).usd * Decimal(str(room))
    purse, now_s, live, links = Purse(most_usd, terms, price_of), BEGAN_S, {}, []
    purse.plan(asked)
    for number, (step, one, later_s) in enumerate(steps):
        deadline_s = purse.deadline_s
        if deadline_s is not None and now_s + later_s > deadline_s:
            break
        now_s += later_s
        with contextlib.suppress(PlanError):
            if step == "body":
                purse.begin(one, now_s)
            elif step == "planned":
                purse.begin(asked[number % len(asked)], now_s)
            elif step == "open" and one.spec not in live:
                purse.opened(one.spec, f"endpoint-{number}", now_s)
                live[one.spec] = f"endpoint-{number}"
            elif step == "close" and live:
                purse.gone(live.pop(next(iter(live))), now_s)
            elif step == "link" and "link" not in links and any(each.network_path == "privatelink" for each in asked):
                purse.opened(LINK, "link", now_s)
                links.append("link")
            elif step == "bare":
                purse.begin_spec(one.spec, now_s)
        assert purse.ceiling_usd(now_s) <= most_usd
        assert purse.spent_usd(now_s) <= most_usd
    gone_s = (purse.deadline_s or now_s) + terms.deleting_s
    for name in live.values():
        purse.gone(name, gone_s)
    purse.gone("link", gone_s + terms.deleting_s)
    assert purse.spent_usd(gone_s + terms.deleting_s) <= most_usd
