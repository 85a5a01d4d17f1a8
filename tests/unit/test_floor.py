"""The harness's own response time: measured once for each way of asking, told where a limit is near it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tailgate.floor import Floor, Floors
from tailgate.generator.instruments import CLOCK, PERTURB
from tailgate.generator.order import Order
from tailgate.plan.budget import Budget
from tailgate.plan.connections import ConnectionProfile
from tailgate.plan.load import Poisson
from tailgate.targets import Address

FLOOR = Floor(p50_s=0.0004, p99_s=0.001, n=300, per_s=500, tls=True, signed=True)


@pytest.fixture
def order(tmp_path: Path) -> Callable[..., Order]:
    """An order for an endpoint that nobody has to reach."""

    def build(url: str = "https://runtime.invalid/endpoints/x/invocations", sign: str | None = "sagemaker", **load) -> Order:
        address = Address(url, "us-east-1", "privatelink", sign=sign)
        return Order(address, Poisson(**{"per_s": 120, "for_s": 10} | load), (b"[1]",), tmp_path / "run.samples")

    return build


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (("p50 <= 60ms", "p99 <= 120ms"), None),
        (("p99 <= 10ms",), "floor: an instant responder on this host takes 0.4 ms (p50) and 1.0 ms (p99), 10 % of 'p99 <= 10ms'"),
        (
            ("p99 <= 20ms", "p50 <= 4ms"),
            "floor: an instant responder on this host takes 0.4 ms (p50) and 1.0 ms (p99), 10 % of 'p50 <= 4ms'",
        ),
        (("p99 <= 20ms", "p50 <= 5ms"), None),
        (("p99 <= 1ms",), "'p99 <= 1ms' is below that, so what exceeds it may be the harness"),
        (("error_rate <= 1%",), None),
    ],
)
def test_a_limit_within_ten_floors_is_told_what_share_of_it_is_the_harness(limits: tuple[str, ...], said: str | None) -> None:
    """Each limit against the floor of its own percentile, and the nearest is told; one below it cannot be told from the harness."""
    notes = FLOOR.notes(Budget.of(*limits))
    assert (said is None and not notes) or (said is not None and len(notes) == 1 and said in notes[0])


def test_a_floor_that_is_not_known_says_nothing_and_is_recorded_with_its_reason() -> None:
    """null with why, never a made-up number."""
    unknown = replace(FLOOR, p50_s=None, p99_s=None, n=0, why="no credentials")
    assert unknown.notes(Budget.of("p99 <= 1ms")) == ()
    assert unknown.fields()["p99_s"] is None
    assert unknown.fields()["why"] == "no credentials"


@pytest.mark.parametrize(("url", "sign"), [("https://runtime.invalid/x", "sagemaker"), ("http://127.0.0.1:1/x", None)])
def test_the_floor_is_measured_as_the_order_asks(order, url: str, sign: str | None) -> None:
    """TLS and signature as the case has them, a rate near its own; the endpoint itself is left alone."""
    floor = Floors().of(order(url, sign))
    assert floor.why is None
    assert (floor.tls, floor.signed, floor.per_s) == (url.startswith("https"), sign is not None, 500)
    assert floor.n >= 299
    assert floor.p50_s is not None
    assert floor.p99_s is not None
    assert 0 < floor.p50_s <= floor.p99_s < 1


def test_the_floor_is_measured_once_for_each_way_of_asking(order, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session of thirteen cases pays once; a case on fresh connections has a floor of its own."""
    asked: list[tuple[str, object]] = []

    def measured(order: Order, _post: object, *, tls: bool, signed: bool) -> Floor:
        asked.append((order.address.url, order.load))
        return replace(FLOOR, tls=tls, signed=signed)

    monkeypatch.setattr("tailgate.floor._measured", measured)
    floors = Floors()
    first = floors.of(order())
    assert floors.of(order(per_s=50)) is first
    assert len(asked) == 1
    assert not floors.of(order("http://127.0.0.1/", None)).tls
    floors.of(order(connections=ConnectionProfile(1)))
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [(CLOCK, "nonsense", "leave it out, or write portable"), (PERTURB, "0.5", "receive stamps were perturbed by +500.0 ms")],
)
def test_a_floor_that_cannot_be_measured_is_none_and_breaks_nothing(order, monkeypatch, variable: str, value: str, said: str) -> None:
    """A generator that refuses, or that does not trust its own samples: the run that follows decides for itself."""
    monkeypatch.setenv(variable, value)
    floor = Floors().of(order())
    assert (floor.p50_s, floor.p99_s, floor.n) == (None, None, 0)
    assert said in str(floor.why)


def test_a_responder_that_cannot_be_started_is_a_reason_too(order, monkeypatch: pytest.MonkeyPatch) -> None:
    """No process, no floor, no error."""
    monkeypatch.setattr("tailgate.child.sys.executable", "/nonexistent/python")
    assert "nonexistent" in str(Floors().of(order()).why)
