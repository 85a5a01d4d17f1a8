"""Driving real servers with the real child, as the parent sees it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import botocore.auth
import numpy as np
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tailgate.errors import GeneratorError
from tailgate.exceedances import FAILED, RESPONSE, Counted
from tailgate.generator import drive as drives
from tailgate.generator.child import Child
from tailgate.generator.drive import Tick, drive
from tailgate.generator.seconds import Settled
from tailgate.plan.closed_loop import ClosedLoop
from tailgate.plan.expect import Expect
from tailgate.plan.load import ConstantRate, Poisson
from tailgate.samples import Error
from tests.unit.generator.serving import ACCESS_KEY, HOST, KEYS, NO_KEYS, SECRET_KEY, TOKEN, Served, generators, rows_once_each, serving

BOTH = (Counted(RESPONSE, 0.001), Counted(FAILED))
# A server that answers twice is not on it: what the second answer meets depends on when the connection is used again, and
# test_ill_behaved_servers asks it of a connection that is not.
TOUR = {
    "act:answer": Error.NONE,
    "act:chunked": Error.NONE,
    "act:until-close": Error.NONE,
    "act:then-close": Error.NONE,
    "act:interim": Error.NONE,
    "act:slow": Error.NONE,
    "act:half": Error.CONNECTION_LOST,
    "act:close": Error.CONNECTION_LOST,
    "act:reset": Error.CONNECTION_LOST,
    "act:garbage": Error.BAD_RESPONSE,
    "act:silent": Error.TIMEOUT,
    "body:wrong": Error.WRONG_ANSWER,
    "status:302": Error.REDIRECT,
    "status:400": Error.CLIENT_ERROR,
    "status:424": Error.MODEL_ERROR,
    "status:429": Error.THROTTLED,
    "status:503": Error.SERVER_ERROR,
}


@pytest.fixture(params=["tls", "plain"])
def either(request, tmp_path):
    """A server over TLS, then one over plain HTTP."""
    with serving(tmp_path, tls=request.param == "tls") as served:
        yield served


@pytest.fixture
def server(tmp_path):
    """A server over TLS."""
    with serving(tmp_path) as served:
        yield served


def test_every_kind_of_failure_is_a_row_of_its_kind(either: Served):
    """All that a server can do to a client, in turn: as many rows of each kind as were served, and no crash.

    Locust's totals, the samples and the generator's own counts agree, or the run would have faults.
    """
    order = either.order(ConstantRate(100, 0.9, 0), tour=",".join(TOUR), expect=Expect(body=b"fine"), timeout_s=0.7)
    samples = drive(order)
    assert samples.faults == ()
    assert rows_once_each(samples, order)
    arrived = len(either.truth()["arrived"])
    assert arrived == len(samples)
    stations = list(TOUR.values())
    expected = Counter(stations[number % len(stations)] for number in range(1, arrived + 1))
    found = Counter(Error(error) for error in samples.records["error"])
    found[Error.TIMEOUT] += found.pop(Error.CENSORED, 0)  # the load ended before these timed out
    assert found == expected


def test_requests_are_signed_so_that_botocore_signs_the_same(server: Served):
    """With a session's token, from the environment's credentials, for the url's host, which was not the one dialled."""
    samples = drive(server.order(sign="sagemaker", payload=b'{"x": [1, 2]}'), environment=KEYS)
    assert samples.errors() == {}
    for request in server.truth()["requests"]:
        head, _, body = request.partition("\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
        assert headers["Host"] == f"{HOST}:{server.port}"
        assert headers["Authorization"] == _authorization(f"https://{HOST}:{server.port}{head.split(' ')[1]}", headers, body)


def test_credentials_that_expire_are_renewed_while_the_load_runs(server: Served):
    """The keys come from a credential process, each good for five minutes, so that botocore asks again beside the load."""
    expires = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    script, config = server.folder / "keys.py", server.folder / "config"
    keys = f"dict(Version=1, AccessKeyId=f'AK{{time.time_ns()}}', SecretAccessKey='s', SessionToken='t', Expiration={expires!r})"
    script.write_text(f"import json, time; print(json.dumps({keys}))")
    config.write_text(f"[profile temporary]\ncredential_process = {sys.executable} {script}\n")
    environment = {**NO_KEYS, "AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "temporary"}
    samples = drive(server.order(ConstantRate(10, 11, 0), sign="sagemaker"), environment=environment)
    assert samples.faults == ()
    assert samples.errors() == {}
    signed_by = [re.search(r"Credential=(AK\d+)/", request) for request in server.truth()["requests"]]
    assert len({key[1] for key in signed_by if key}) == 2


def test_nothing_that_is_written_or_told_holds_a_secret(server: Served):
    """Neither the order nor the samples nor an event: no key, no token, no signature."""
    order = server.order(ConstantRate(50, 1.3, 0), sign="sagemaker")
    with Child(order.to_json(), KEYS) as child:
        told: list[object] = []
        while child.running:
            told += child.events(0.2)
        told += child.rest()
    assert [event["event"] for event in told] == ["ready", "tick", "done"]
    written = order.samples.read_bytes() + order.to_json().encode() + repr(told).encode()
    for secret in (ACCESS_KEY, SECRET_KEY, TOKEN, "Signature", "AWS4"):
        assert secret.encode() not in written


def test_the_header_tells_what_was_scheduled_and_when(server: Served):
    """Enough to place each sample on the host's clocks, and to know by which instruments it was stamped."""
    order = server.order(Poisson(80, 0.4, 0.2, seed=3))
    header = drive(order).header
    assert (header.scheduled, header.warmup_s, header.for_s) == (len(order.load.due_times()), 0.2, 0.4)
    assert header.address == order.address.url
    assert header.clock == ("timerfd + SO_TIMESTAMPNS" if sys.platform == "linux" else "portable timer + time of reading")
    arrived = np.array(server.truth()["arrived"])
    due_s = order.load.due_times() + header.origin_monotonic_s
    assert (arrived > due_s).all()
    assert np.median(arrived - due_s) < 0.1


def test_ticks_tell_how_the_load_goes(server: Served):
    """About each second, with counts that agree with the samples; those of single seconds are of the judged part only."""
    ticks: list[Tick] = []
    order = server.order(ConstantRate(100, 2.5, 1.0), ms=4, every=10, act="silent", timeout_s=0.2, counted=BOTH)
    samples = drive(order, on_tick=ticks.append)
    assert len(ticks) >= 2
    assert [tick.sent for tick in ticks] == sorted(tick.sent for tick in ticks)
    for tick in ticks:
        assert tick.done + tick.in_flight + tick.waiting >= tick.sent - 1
        assert tick.rate_per_s == pytest.approx(100, rel=0.3)
    last = ticks[-1]
    assert 0 < last.judged <= len(samples.after_warmup())
    every, failed_only = ([[one for tick in ticks for one in tick.settled[n][part]] for part in (0, 1)] for n in (0, 1))
    for (requests, exceedances), exceeds in ((every, samples.response_s > 0.001), (failed_only, samples.failed)):
        assert 1 <= len(requests) <= 2
        judged = samples.per_second(exceeds & (samples.due_s >= 1.0))
        assert exceedances == judged[1][: len(requests)].tolist()
        assert requests == [100] * len(requests)
    assert last.p50_s is not None
    assert last.p50_s >= 0.004


def test_the_seconds_of_a_closed_loop_are_told_as_its_samples_have_them(server: Served):
    """Nobody knows ahead how many there will be, and callers who wait hold their second open."""
    ticks: list[Tick] = []
    load = ClosedLoop(callers=5, for_s=3.5, warmup_s=0.5, think_s=0.01)
    order = server.order(load, ms=8, every=20, act="silent", timeout_s=0.3, counted=BOTH)
    samples = drive(order, on_tick=ticks.append).after_warmup()
    for number, exceeds in enumerate((samples.response_s > 0.001, samples.failed)):
        told = [[one for tick in ticks for one in tick.settled[number][part]] for part in (0, 1)]
        assert 1 <= len(told[0]) <= 3
        assert told == [column[: len(told[0])].tolist() for column in samples.per_second(exceeds)]


def test_a_load_of_which_enough_was_seen_ends_without_a_fault(server: Served):
    """It is asked after each tick; what was due in the seconds that were enough is what is judged."""
    asked: list[int] = []

    def enough(settled: Settled) -> float | None:
        asked.append(len(settled[0][0]))
        return 1.0 if sum(asked) else None

    samples = drive(server.order(ConstantRate(100, 30, 0.5), ms=2), stop_early=enough)
    assert samples.faults == ()
    assert samples.enough_s == 1.0
    assert samples.stopped_s is not None
    assert 1.5 <= samples.stopped_s < 10
    assert sum(asked[:-1]) == 0, "nobody is asked again"
    assert len(samples.after_warmup()) == 100
    assert len(samples) > 150


def test_payload_and_answer_may_be_larger_than_the_kernels_buffers(either: Served):
    """What does not fit in one send goes on as the kernel takes it; an answer may take many receives."""
    payload, body = bytes(range(256)) * 16_384, "x" * 60_000
    order = either.order(ConstantRate(10, 0.5, 0), payload=payload, body=body, expect=Expect(body=body.encode()))
    samples = drive(order)
    assert samples.errors() == {}
    assert (samples.records["bytes"] == 60_000).all()
    assert either.truth()["requests"][-1].partition("\r\n\r\n")[2].encode("latin-1") == payload


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_whatever_interrupts_the_parent_ends_the_child(server: Served, error):
    """Ctrl-C, or an error in the caller's own progress display: it is raised on, and no process is left."""

    def interrupt(_: Tick) -> None:
        raise error

    with pytest.raises(error):
        drive(server.order(ConstantRate(50, 30, 0)), on_tick=interrupt)
    assert generators() == []


def test_samples_of_an_earlier_run_are_never_taken_for_this_ones(server: Served):
    """The same path, and a load that cannot begin: there is nothing to read then."""
    order = server.order()
    drive(order)
    with pytest.raises(GeneratorError):
        drive(server.order(sign="sagemaker"), environment=NO_KEYS)
    assert not order.samples.exists() or order.samples.stat().st_size == 0


def test_counts_that_disagree_with_the_samples_are_a_fault(server: Served, monkeypatch):
    """A row that was lost on its way to the disk makes the run untrustworthy."""
    read = drives.read_samples

    def lossy(path, faults, stopped_s):
        samples = read(path, faults, stopped_s)
        return type(samples)(samples.header, samples.records[1:], samples.faults, samples.stopped_s)

    monkeypatch.setattr(drives, "read_samples", lossy)
    samples = drive(server.order())
    assert "the generator told of 50 requests and 0 failures, the samples hold 49 and 0" in samples.faults


def test_locust_totals_that_disagree_with_the_rows_are_a_fault():
    """The generator compares Locust's counts with its own before it tells that it is done."""
    script = """
from types import SimpleNamespace as Some
import tailgate.generator.__main__
from tailgate.generator.alone import totals
of_engine = {"cpu_s": 0, "clock": "", "stopped_s": None, "host": Some(told={}), "arms": Some(sent=5)}
engine = Some(recorder=Some(rows=5, failed=1), all_faults=[], **of_engine)
print(totals(engine, Some(requests=5, failures=1))["faults"])
engine = Some(recorder=Some(rows=5, failed=1), all_faults=[], **of_engine)
print(totals(engine, Some(requests=4, failures=1))["faults"])
"""
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment, timeout=60)
    agreeing, disagreeing = run.stdout.splitlines()
    assert agreeing == "[]"
    assert "Locust counted 4 requests and 1 failures, the samples hold 5 and 1" in disagreeing


def test_the_parents_side_imports_neither_locust_nor_gevent():
    """They patch the standard library; pytest, boto3 and a user's threads would break."""
    script = "import sys, tailgate.generator.drive; print({'locust', 'gevent', 'botocore'} & set(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment, timeout=60)
    assert run.stdout.strip() == "set()"


def _authorization(url: str, headers: dict[str, str], body: str) -> str:
    """What botocore's SigV4Auth would have written for a request as it arrived."""
    ours = ("Authorization", "X-Amz-Date", "X-Amz-Security-Token", "Content-Length")
    request = AWSRequest("POST", url, headers={name: value for name, value in headers.items() if name not in ours}, data=body.encode())
    signer = botocore.auth.SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY, TOKEN), "sagemaker", "ap-northeast-1")
    request.context["timestamp"] = headers["X-Amz-Date"]
    signer._modify_request_before_signing(request)
    canonical = signer.canonical_request(request)
    signer._inject_signature_to_request(request, signer.signature(signer.string_to_sign(request, canonical), request))
    return str(request.headers["Authorization"])
