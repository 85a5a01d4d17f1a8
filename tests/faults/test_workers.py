"""Loads divided among real workers: nothing is lost or sent twice, and whatever dies, the run says so and nothing is left."""

from __future__ import annotations

import dataclasses
import os
import pickle
import signal
import socket
import subprocess
import sys
import time

import msgpack
import numpy as np
import psutil
import pytest
import zmq

from tailgate.analysis.outcome import Outcome
from tailgate.analysis.verdict import judge
from tailgate.errors import GeneratorError
from tailgate.generator.drive import drive
from tailgate.generator.seconds import Settled
from tailgate.plan.arms import coin
from tailgate.plan.budget import Budget
from tailgate.plan.case import Case, EndpointSpec
from tailgate.plan.closed_loop import ClosedLoop
from tailgate.plan.load import ConstantRate
from tests.faults.shared_loads import ENVIRONMENT, LONG, SHORT, SOON_S, AtTick, events_of, shared, within, workers
from tests.unit.generator.serving import KEYS, NO_KEYS, Served, generators, gone, rows_once_each, serving


@pytest.fixture
def server(tmp_path):
    """A server over plain HTTP."""
    with serving(tmp_path, tls=False) as served:
        yield served


def test_two_workers_make_one_run_without_loss(server: Served):
    """Rows that arrived are those that were sent, as Locust counted them, and as the server saw them."""
    order = shared(server.order(SHORT, connections=5))
    done = events_of(order)[-1]
    assert done["event"] == "done"
    assert done["faults"] == []
    due_s = SHORT.due_times()
    assert done["sent"] == done["rows"] == done["locust_requests"] == len(due_s) == len(server.truth()["arrived"])
    assert done["failed"] == done["locust_failures"] == 0
    assert done["host"]["workers"] == 2


def test_the_union_of_the_workers_due_times_is_the_schedule(server: Served):
    """Each request has its row, at its due time; both workers sent, each its own share."""
    order = shared(server.order(SHORT, connections=4))
    samples = drive(order)
    assert samples.faults == ()
    assert np.allclose(samples.due_s, SHORT.due_times(), rtol=0, atol=1e-9)
    assert samples.header.scheduled == len(samples)
    assert np.array_equal(samples.records["connection"] % 2, np.arange(len(samples)) % 2)
    late_s = np.sort(server.truth()["arrived"]) - (samples.header.origin_monotonic_s + SHORT.due_times())
    assert late_s.min() > 0
    assert np.median(late_s) < 0.05


def test_two_workers_divide_both_arms_of_a_paired_load(server: Served):
    """The arm of each request is what it would be in one process; no connection's number means two."""
    paired = dataclasses.replace(server.order(SHORT, connections=4), second=server.address(ms=3), arm_seed=6)
    samples = drive(shared(paired))
    assert samples.faults == ()
    assert np.allclose(samples.due_s, SHORT.due_times(), rtol=0, atol=1e-9)
    assert samples.arm.tolist() == coin(len(samples), 6).tolist()
    assert samples.header.second_address == server.address(ms=3).url
    assert samples.of_arm(1).service_s.min() >= 0.003
    place, arm = samples.records["connection"] % 2, samples.records["connection"] // 2 % 2
    assert np.array_equal(place, np.arange(len(samples)) % 2)
    assert np.array_equal(arm, samples.arm)


def test_a_shared_load_of_which_enough_was_seen_ends_for_all_workers_without_a_fault(server: Served):
    """A second is told when both have told theirs, and then it is the whole second."""
    told: list[int] = []

    def enough(settled: Settled) -> float | None:
        told.extend(settled[0][0])
        return len(told) or None

    samples = drive(shared(server.order(LONG)), stop_early=enough)
    assert samples.faults == ()
    assert samples.stopped_s is not None
    assert samples.stopped_s < 10
    assert told == [200] * len(told)
    assert len(samples.after_warmup()) == sum(told)


SLOW = """
import builtins, sys, time
load, nap = builtins.__import__, time.sleep
def loading(*given, **named):
    module = load(*given, **named)
    Dispatcher = getattr(sys.modules.get("tailgate.generator.dispatcher"), "Dispatcher", None)
    if Dispatcher is not None and not hasattr(Dispatcher, "_whole"):
        Dispatcher._whole = Dispatcher._send
        Dispatcher._send = lambda self, *given: (nap(0.02), self._whole(*given))[1]
    return module
builtins.__import__ = loading
"""
"""Makes each request cost a process 20 ms, in which it does nothing else: it can send 50 a second, however fast the host."""


@pytest.mark.alone
def test_a_rate_that_one_process_cannot_keep_is_kept_by_two(server: Served):
    """Each has half of the requests to send. The one alone falls behind further and further, and its run says so."""
    (server.folder / "sitecustomize.py").write_text(SLOW)
    load, slow = ConstantRate(per_s=70, for_s=4, warmup_s=0), {"PYTHONPATH": str(server.folder)}
    alone, together = (drive(shared(server.order(load, connections=8), workers=number), environment=slow) for number in (1, 2))
    assert together.faults == ()
    assert len(together) == len(load.due_times())
    late, in_time = (np.quantile(samples.send_lag_s, 0.9) for samples in (alone, together))
    assert late > 5 * in_time
    case = Case(EndpointSpec("any", instance_type="ml.m5.large"), load=load, payload=b"[1]", budget=Budget.of("p50 <= 1s"))
    assert judge(case, alone.after_warmup(), target_kind="process").outcome is not Outcome.PASS


def test_the_samples_of_workers_are_like_those_of_one_process(server: Served):
    """Same columns, same header, and a connection's number means one connection: whoever reads them needs not know."""
    one = drive(server.order(SHORT, connections=6))
    two = drive(shared(server.order(SHORT, connections=6)))
    assert one.records.dtype == two.records.dtype
    assert {name: type(value) for name, value in dataclasses.asdict(one.header).items()} == {
        name: type(value) for name, value in dataclasses.asdict(two.header).items()
    }
    assert len(one) == len(two)
    numbers = two.connections["number"]
    assert len(set(numbers)) == len(numbers) >= 6
    assert set(two.records["connection"]) <= set(numbers)
    first = two.records[two.records["request"] == 0]
    assert len(set(first["connection"])) == len(first)


def test_each_request_carries_the_same_payload_however_many_share_the_load(server: Served):
    """The choice belongs to the schedule: a run can be compared with one that more workers drove."""
    order = dataclasses.replace(server.order(SHORT), payloads=(b"[1]", b"[2]", b"[3]"), payload_weights=(1, 2, 3), payload_seed=5)
    one, two = drive(order), drive(shared(order))
    assert len(set(one.records["payload"])) == 3
    assert np.array_equal(one.records["payload"], two.records["payload"])


def test_the_callers_of_a_closed_loop_are_divided(server: Served):
    """Three callers make three requests at a time, not three for each worker; each asks again when it has its answer."""
    samples = drive(shared(server.order(ClosedLoop(callers=3, for_s=1.5, warmup_s=0), connections=3, ms=20)))
    assert samples.faults == ()
    assert samples.errors() == {}
    done_s = np.sort(samples.due_s + samples.response_s) - 1e-6  # a caller is free, and asks, in one moment; columns are rounded
    in_flight = np.arange(1, len(samples) + 1) - np.searchsorted(done_s, samples.due_s, side="right")
    assert in_flight.max() == 3
    assert set(samples.records["connection"] % 2) == {0, 1}


def test_workers_find_their_credentials_themselves(server: Served):
    """Those on this host inherit the surroundings; no key is in the order, nor said between master and workers."""
    order = shared(server.order(SHORT, sign="sagemaker"))
    samples = drive(order, environment=KEYS)
    assert samples.faults == ()
    assert samples.errors() == {}
    with pytest.raises(GeneratorError, match="no AWS credentials were found"):
        drive(order, environment=NO_KEYS)
    assert workers() == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_worker_ends_the_run_at_once_and_is_named(server: Served, how):
    """Locust's master would go on with half of the load. The verdict is INCONCLUSIVE, whatever the samples look like."""
    killer = AtTick(lambda self: self.workers[1].send_signal(how))
    order = shared(server.order(LONG))
    samples = drive(order, on_tick=killer)
    assert time.monotonic() - killer.at_s < SOON_S
    assert f"worker 2 (pid {killer.workers[1].pid}) died: killed by {how.name} before its work was done" in samples.faults[0]
    assert all(gone(process.pid) for process in killer.workers)
    assert generators() == []
    case = Case(EndpointSpec("any", instance_type="ml.m5.large"), load=LONG, payload=b"[1]", budget=Budget.of("p50 <= 10s"))
    assert judge(case, samples.after_warmup(), target_kind="process").outcome is Outcome.INCONCLUSIVE


def test_a_worker_that_hangs_is_noticed_by_its_silence_and_ended(server: Served):
    """It neither dies nor reports: three seconds are enough."""
    stopper = AtTick(lambda self: self.workers[0].suspend())
    samples = drive(shared(server.order(LONG)), on_tick=stopper)
    assert time.monotonic() - stopper.at_s < 3 + SOON_S
    assert f"worker 1 (pid {stopper.workers[0].pid}) died or hung: it said nothing for 3 s" in samples.faults[0]
    assert all(gone(process.pid) for process in stopper.workers)


def test_a_terminated_master_ends_all_workers_at_the_same_moment(server: Served):
    """SIGTERM: the record is complete up to one time on the schedule, as it is with one process."""
    order = shared(server.order(LONG, ms=5))
    killer = AtTick(lambda _: generators()[0].terminate())
    samples = drive(order, on_tick=killer)
    assert time.monotonic() - killer.at_s < SOON_S
    assert samples.faults == ()
    assert samples.stopped_s is not None
    assert samples.stopped_s < 5
    assert rows_once_each(samples, order)
    assert all(gone(process.pid) for process in killer.workers)


_DRIVE = """
import pickle, sys
from tailgate.generator.drive import Tick, drive
from tests.faults.test_workers import workers
order = pickle.load(open(sys.argv[1], "rb"))
drive(order, on_tick=lambda tick: print(*(process.pid for process in workers()), flush=True))
"""


@pytest.mark.parametrize("victim", ["parent", "master"])
def test_no_worker_outlives_parent_or_master(server: Served, victim):
    """kill -9 of either: nobody is left who drives an endpoint for nobody."""
    path = server.folder / "order.pickle"
    path.write_bytes(pickle.dumps(shared(server.order(LONG))))
    with subprocess.Popen(
        [sys.executable, "-c", _DRIVE, str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=ENVIRONMENT
    ) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert len(pids) == 2
        master = psutil.Process(pids[0]).ppid()
        os.kill({"parent": parent.pid, "master": master}[victim], signal.SIGKILL)
        assert within(SOON_S, lambda: all(gone(pid) for pid in (*pids, master)))
        parent.communicate(timeout=SOON_S)


def test_a_master_listens_on_loopback_only(server: Served):
    """Without an address of the user's no other host can reach it, and nobody else listens at all."""
    seen: list[str] = []

    def look(self: AtTick) -> None:
        for process in (*generators(), *self.workers):
            seen.extend(one.laddr.ip for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN)

    samples = drive(shared(server.order(ConstantRate(100, 2, 0))), on_tick=AtTick(look))
    assert samples.faults == ()
    assert seen == ["127.0.0.1"]


def test_a_load_that_cannot_begin_says_why_as_with_one_process(server: Served):
    """The worker's sentence is the run's: no samples, nobody left."""
    with socket.create_server(("127.0.0.1", 0)) as closing:
        closed = closing.getsockname()[1]
    address = dataclasses.replace(server.address(), dial=f"127.0.0.1:{closed}", connect_timeout_s=1.0)
    with pytest.raises(GeneratorError, match="nothing listens there"):
        drive(shared(server.order(address=address)))
    assert workers() == generators() == []


def test_a_worker_that_dies_at_its_start_is_quoted(server: Served):
    """Its last words stand in the error."""
    (server.folder / "sitecustomize.py").write_text(
        "import os, sys\nif 'tailgate.generator.workers.worker' in sys.orig_argv: os.write(2, b'the cat ate my modules'); os._exit(3)"
    )
    with pytest.raises(GeneratorError, match=r"(?s)worker \d .*died with exit code 3.*the cat ate my modules"):
        drive(shared(server.order()), environment={"PYTHONPATH": str(server.folder)})


def test_strangers_at_the_masters_port_change_nothing(server: Served):
    """What does not parse, and who claims to be a worker without a token, is neither counted nor given work."""

    def intrude(self: AtTick) -> None:
        master = psutil.Process(self.workers[0].ppid())
        port = next(one.laddr.port for one in master.net_connections("inet") if one.status == psutil.CONN_LISTEN)
        stranger = zmq.Context.instance().socket(zmq.DEALER)
        stranger.connect(f"tcp://127.0.0.1:{port}")
        report = {"stats": [], "errors": {}, "stats_total": {}, "tailgate": {"rows": b"x", "connections": b"", "sent": 1}}
        for words in (
            b"\xff\x00nonsense",
            b"",
            msgpack.dumps(("client_ready", "2.0", "me")),
            msgpack.dumps(("stats", report, "me")),
            msgpack.dumps(5),
        ):
            stranger.send(words)
        stranger.close(linger=1000)

    order = shared(server.order(ConstantRate(200, 3, 0)))
    samples = drive(order, on_tick=AtTick(intrude))
    assert samples.faults == ()
    assert rows_once_each(samples, order)
