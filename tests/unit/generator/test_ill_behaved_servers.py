"""Servers that misbehave, for real, over plain HTTP and TLS: an error on the sample, never a crash, never a wrong answer."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tailgate.generator.drive import drive
from tailgate.plan.expect import Expect
from tailgate.plan.load import ConstantRate
from tailgate.samples import Error
from tests.unit.generator.serving import Served, rows_once_each, serving

TOUR = {
    "act:answer": Error.NONE,
    "act:old": Error.NONE,
    "act:old-endless": Error.NONE,
    "act:trailer": Error.NONE,
    "act:hints": Error.NONE,
    "act:long": Error.NONE,
    "act:half-closed": Error.NONE,
    "status:301": Error.REDIRECT,
    "status:307": Error.REDIRECT,
    "act:bad-chunk": Error.BAD_RESPONSE,
    "act:switch": Error.BAD_RESPONSE,
    "act:endless-head": Error.BAD_RESPONSE,
    "act:endless-header": Error.BAD_RESPONSE,
    "act:endless-interim": Error.BAD_RESPONSE,
    "act:reset-in-head": Error.CONNECTION_LOST,
    "act:reset-in-body": Error.CONNECTION_LOST,
    "act:reset-in-chunk": Error.CONNECTION_LOST,
    "act:half-closed-first": Error.CONNECTION_LOST,
}


@pytest.fixture(params=["tls", "plain"])
def either(request, tmp_path):
    """A server over TLS, then one over plain HTTP."""
    with serving(tmp_path, tls=request.param == "tls") as served:
        yield served


def test_whatever_a_server_does_is_a_row_of_its_kind(either: Served):
    """Odd answers that HTTP allows are answers; what it does not allow, and what breaks off, is an error of its kind."""
    # Slow, and with connections for all: no request waits, and takes one that the server is just about to give up.
    order = either.order(ConstantRate(20, 2.7, 0), tour=",".join(TOUR), expect=Expect(body=b"fine"), timeout_s=5, connections=60)
    samples = drive(order)
    assert samples.faults == ()
    assert rows_once_each(samples, order)
    arrived = len(either.truth()["arrived"])
    assert arrived == len(samples)
    stations = list(TOUR.values())
    assert Counter(Error(error) for error in samples.records["error"]) == Counter(
        stations[number % len(stations)] for number in range(1, arrived + 1)
    )


@pytest.mark.parametrize("act", ["answer", "chunked", "until-close"])
def test_bodies_of_ten_megabytes_are_read_whole(either: Served, act):
    """However their length is told; the body is not kept, its length is known, and receiving it took its time."""
    size = 10_000_000
    samples = drive(either.order(ConstantRate(4, 1, 0), act=act, size=size))
    assert samples.faults == ()
    assert samples.errors() == {}
    assert samples.records["bytes"].tolist() == [size] * 4
    assert (samples.records["done_after_s"] > samples.records["first_byte_after_s"]).all()


def test_the_second_answer_of_a_server_that_answers_twice_costs_the_connection(either: Served):
    """It came before anything was asked on that connection again, so it is nobody's; every request has its own answer.

    HTTP/1.1 numbers no answers: one that comes only after the next request was sent cannot be told from that one's.
    """
    samples = drive(either.order(ConstantRate(10, 2, 0), act="twice", ms=3, connections=32))
    assert samples.errors() == {}
    assert (samples.records["request"] == 0).all()
    assert np.min(samples.service_s) >= 0.003
