"""`tailgate drive --beside`: today's practice measured first, then ours, of one URL, rate and time."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tailgate.errors import PlanError
from tailgate.generator.peers.drive import drive_peer
from tailgate.generator.peers.order import PeerOrder
from tailgate.targets import Address
from tests.unit.drive_program import POINTS, PROGRAM, ROOT, drive, environment_of
from tests.unit.generator.serving import CA_PEM, KEYS, gone, serving
from tests.unit.test_drive_command import EVERY_KEY

REPORTED = {
    *("peer", "users", "offered_per_s", "achieved_per_s", "requests", "errors", "errors_by_kind", "response_time_s"),
    *("cpu_s_per_request", "difference_s"),
}
LOAD = ("--rate", "40", "--duration", "2s", "--warmup", "500ms")


def _order(peer: str, url: str, **changes: object) -> PeerOrder:
    address = Address(url, region="us-east-1", network_path="public", sign=None)
    return PeerOrder(**{"peer": peer, "address": address, "payloads": (b"[1]",), "per_s": 40, "warmup_s": 0.3, "for_s": 1.0, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("peer", ["locust-boto3", "locust"])
def test_a_peer_and_ours_measure_the_same(tmp_path: Path, peer):
    """Both send the payload, signed, to the same path; what each reports stands in the object, with the difference."""
    payload = tmp_path / "body"
    payload.write_bytes(b"[1, 2]")
    authority = tmp_path / "ca.pem"
    authority.write_text(CA_PEM)
    with serving(tmp_path, host="127.0.0.1") as served:
        url = f"https://127.0.0.1:{served.port}/endpoints/tests/invocations"
        options = ("--payload", str(payload), "--sigv4", "sagemaker:eu-central-1", "--ca", str(authority), "--header", "X-Team: search")
        run = drive(url, *LOAD, *options, "--beside", peer, "--json", "-", **KEYS)
        truth = served.truth()
    assert run.returncode in (0, 2), run.stderr  # 2: this host may be too busy
    told = json.loads(run.stdout)
    assert set(told) == {*EVERY_KEY, "beside"}
    beside = told["beside"]
    assert set(beside) == REPORTED
    assert (beside["peer"], beside["users"], beside["offered_per_s"]) == (peer, 8, 40)
    assert beside["errors"] == told["errors"] == 0, beside["errors_by_kind"]
    assert beside["achieved_per_s"] == pytest.approx(40, rel=0.3)
    assert set(beside["response_time_s"]) == set(beside["difference_s"]) == POINTS
    for point in POINTS:
        theirs_s, ours_s = beside["response_time_s"][point], told["response_time_s"][point]
        assert beside["difference_s"][point] == pytest.approx(theirs_s - ours_s)
        assert (theirs_s * 1e3) % 1 == pytest.approx(0, abs=1e-6)  # whole milliseconds, as Locust rounds
    assert beside["cpu_s_per_request"] > 0
    assert len(truth["arrived"]) >= beside["requests"] + told["requests"]
    for request in truth["requests"]:
        head, _, body = request.partition("\r\n\r\n")
        assert body == "[1, 2]"
        assert "X-Team: search" in head
        assert "/eu-central-1/sagemaker/aws4_request" in head


def test_both_stand_side_by_side_for_people(tmp_path: Path):
    """A column each, and the difference; unsigned, where no signature is asked for."""
    with serving(tmp_path, tls=False) as served:
        run = drive(f"http://127.0.0.1:{served.port}/endpoints/tests/invocations", *LOAD, "--beside", "locust-boto3")
        assert "Authorization" not in served.truth()["requests"][0]
    assert run.returncode in (0, 2), run.stderr  # 2: this host may be too busy
    header = next(line for line in run.stdout.splitlines() if "difference" in line)
    assert header.split() == ["locust-boto3", "tailgate", "difference"]
    row = next(line for line in run.stdout.splitlines() if line.strip().startswith("p99 ms")).split()
    assert float(row[4].replace("−", "-")) == pytest.approx(float(row[2]) - float(row[3]), abs=0.02)
    assert "CPU per request" in run.stdout


@pytest.mark.parametrize("peer", ["locust-boto3", "locust"])
def test_what_fails_is_counted_by_the_peer_too(tmp_path: Path, peer):
    """Every second answer is a 400: the peer's own statistics say so."""
    path = "/endpoints/tests/invocations"
    with serving(tmp_path, tls=False) as served:
        url = f"http://127.0.0.1:{served.port}{path}" + ("?status=400&every=2" if peer == "locust" else "")
        ticks: list[float] = []
        reading = drive_peer(_order(peer, url), environment={}, on_tick=lambda t_s, *_: ticks.append(t_s))
    assert reading.requests == pytest.approx(40, rel=0.4)
    assert len(ticks) >= 1
    if peer == "locust":
        assert reading.errors == pytest.approx(reading.requests / 2, abs=2)
        assert sum(reading.errors_by_kind.values()) == reading.errors


@pytest.mark.parametrize(
    "url",
    [
        "http://h.test/",
        "http://h.test/invocations",
        "http://h.test/endpoints/x/invocations?a=1",
        "http://h.test/v1/endpoints/x/invocations",
    ],
)
def test_boto3_is_refused_where_it_cannot_ask(url):
    """The sentence says which form of URL it takes, and what there is for others."""
    with pytest.raises(PlanError, match=r"https://HOST/endpoints/NAME/invocations.*--beside locust"):
        _order("locust-boto3", url).check()
    _order("locust", url).check()


def test_an_order_survives_the_crossing():
    """As one line of JSON, whatever the payload's bytes."""
    order = _order("locust", "http://h.test/", payloads=(bytes(range(256)), b""), ca_file="/x.pem")
    assert PeerOrder.from_json(order.to_json()) == order
    assert "\n" not in order.to_json()


@pytest.mark.parametrize(("per_s", "users"), [(1, 4), (20, 4), (200, 40), (10_000, 64)])
def test_users_grow_with_the_rate_within_bounds(per_s, users):
    """One for each 5/s, from 4 to 64; together they make the rate."""
    order = _order("locust", "http://h.test/", per_s=per_s)
    assert order.users == users
    assert order.users * order.per_user_per_s == pytest.approx(per_s)


def test_ctrl_c_ends_the_peer_too(tmp_path: Path):
    """While it is the peer that runs there is nothing of ours to show: 130, and no process is left."""
    with serving(tmp_path, tls=False) as served:
        url = f"http://127.0.0.1:{served.port}/endpoints/tests/invocations"
        command = [sys.executable, "-c", PROGRAM, url, "--rate", "20", "--duration", "60s", "--beside", "locust"]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=ROOT, env=environment_of({})) as run:
            assert run.stderr is not None
            while "locust: driving" not in run.stderr.readline():
                assert run.poll() is None
            children = [child.pid for child in psutil.Process(run.pid).children(recursive=True)]
            run.send_signal(signal.SIGINT)
            out, err = run.communicate(timeout=30)
    assert run.returncode == 130
    assert children
    assert all(gone(pid) for pid in children)
    assert (out, "Traceback" in err) == ("", False)


def test_a_command_that_is_killed_leaves_no_peer(tmp_path: Path):
    """Nobody can tidy up after SIGKILL; the peer notices that its input has ended."""
    with serving(tmp_path, tls=False) as served:
        url = f"http://127.0.0.1:{served.port}/"
        command = [sys.executable, "-c", PROGRAM, url, "--rate", "20", "--duration", "60s", "--beside", "locust"]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment_of({})
        ) as run:
            assert run.stderr is not None
            while "locust: driving" not in run.stderr.readline():
                assert run.poll() is None
            (peer,) = [child.pid for child in psutil.Process(run.pid).children(recursive=True)]
            run.kill()
            deadline_s = time.monotonic() + 20
            while not gone(peer) and time.monotonic() < deadline_s:
                time.sleep(0.1)
    assert gone(peer)
