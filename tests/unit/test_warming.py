"""An endpoint that is fresh is asked gently until it answers evenly: by a real generator at a server that warms up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tailgate.generator.order import Order
from tailgate.plan.case import EndpointSpec
from tailgate.plan.load import ClosedLoop, ConstantRate
from tailgate.preparing import Prepared
from tailgate.targets import Address, Endpoint
from tailgate.warming import Warmings, gentle_per_s

LOAD = ConstantRate(30, 60)


class Warming(BaseHTTPRequestHandler):
    """Takes 150 ms at first, 30 ms less each second, and 2 ms in the end. `status`: of all answers."""

    protocol_version = "HTTP/1.1"
    began_s: float | None = None
    status = 200

    def do_POST(self) -> None:
        """Answer, more quickly the warmer it is."""
        self.rfile.read(int(self.headers["Content-Length"]))
        own = type(self)
        own.began_s = time.monotonic() if own.began_s is None else own.began_s
        time.sleep(max(0.002, 0.15 - 0.03 * (time.monotonic() - own.began_s)))
        self.send_response(self.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def server(status: int = 200) -> Iterator[str]:
    """One that begins to warm up when it is first asked."""
    handler = type("Fresh", (Warming,), {"status": status})
    serving = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}/invocations"
    serving.shutdown()
    thread.join()
    serving.server_close()


def endpoint(url: str, within_s: float | None = 30.0, instances: int = 3) -> Endpoint:
    """As a target describes one that it deployed."""
    address = Address(url, "eu-west-1", "public", sign=None)
    facts = {"instance_count": str(instances)}
    return Endpoint("fresh", {"public": address}, deployed_by_us=True, provenance=facts, warms_within_s=within_s)


def order(asked: Endpoint, tmp_path: Path) -> Order:
    """The load that follows."""
    return Order(asked.addresses["public"], LOAD, (b"{}",), tmp_path / "run.samples")


class Nowhere:
    """A target of which only the kind is asked."""

    kind = "scripted"

    @contextmanager
    def open(self, spec: EndpointSpec) -> Iterator[Endpoint]:
        """Nothing is opened here."""
        raise NotImplementedError(spec)
        yield


def test_it_ends_once_the_answers_are_even_and_is_done_once(tmp_path: Path) -> None:
    """The cold tail is on record, the first window slower than the last; the run's own samples file is not touched."""
    with server() as url:
        fresh, warmings = endpoint(url), Warmings()
        (warm_up,) = warmings.of(order(fresh, tmp_path), Nowhere(), [fresh])
        assert warmings.of(order(fresh, tmp_path), Nowhere(), [fresh]) == (warm_up,)
    assert warm_up.even
    assert warm_up.notes == ()
    assert 6 <= warm_up.lasted_s < 30
    recorded: Any = warm_up.fields()
    assert recorded["sent"] >= recorded["requests"]
    assert recorded["answered"] == recorded["sent"] - recorded["failed"]
    assert recorded["first"]["p50_s"] > 2 * recorded["last"]["p50_s"]
    assert recorded["requests"] >= 6 * recorded["per_s"] == 6 * 30
    assert list(tmp_path.iterdir()) == []


def test_one_that_never_answers_evenly_is_told_of(tmp_path: Path) -> None:
    """It fails throughout: measured all the same, and the verdict says so."""
    with server(status=500) as url:
        broken = endpoint(url, within_s=7.0)
        warm_ups = Warmings().of(order(broken, tmp_path), Nowhere(), [broken])
    assert not warm_ups[0].even
    assert "did not answer evenly after 7 s" in warm_ups[0].notes[0]
    assert warm_ups[0].fields()["failed"] == warm_ups[0].fields()["requests"]


def test_what_cannot_be_asked_is_left_to_the_run_to_say(tmp_path: Path) -> None:
    """No warm-up is a condition of a run."""
    nobody = endpoint("http://127.0.0.1:9/invocations")
    assert "could not be warmed up" in Warmings().of(order(nobody, tmp_path), Nowhere(), [nobody])[0].notes[0]


def test_an_endpoint_that_wants_none_gets_none(tmp_path: Path) -> None:
    """Emulated ones, and those of others."""
    asked = endpoint("http://127.0.0.1:9/invocations", within_s=None)
    assert Warmings().of(order(asked, tmp_path), Nowhere(), [asked]) == ()
    assert "warm_up" not in Prepared(None, ()).fields()


@pytest.mark.parametrize(
    ("load", "instances", "per_s"), [(LOAD, 1, 10), (LOAD, 9, 30), (ConstantRate(0.5, 99), 1, 1), (ClosedLoop(8, 60), 4, 10)]
)
def test_gently_is_ten_a_second_for_each_instance_and_no_faster_than_the_load(
    load: ConstantRate | ClosedLoop, instances: int, per_s: float, tmp_path: Path
) -> None:
    """A closed loop, which has no rate, is preceded by ten a second."""
    asked = endpoint("http://127.0.0.1:9/invocations", instances=instances)
    assert gentle_per_s(Order(asked.addresses["public"], load, (b"{}",), tmp_path / "s"), asked) == per_s
