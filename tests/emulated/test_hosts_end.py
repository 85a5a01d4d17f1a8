"""Whatever dies, hosts end with it, and nothing of theirs is left on this host: processes, devices, folders."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulated.hosts import Hosts, emulated_hosts, in_namespaces, wait

KINDS = ["namespaces", "loopback"]
LASTING = "nohup sleep 6789 > /dev/null 2>&1 &"


@pytest.fixture(params=KINDS)
def hosts(request: pytest.FixtureRequest) -> Iterator[Hosts]:
    """An emulation of the test's own, which it may take apart."""
    with emulated_hosts(namespaces=request.param == "namespaces", round_trips_s={}) as running:
        yield in_namespaces(running) if request.param == "namespaces" else running


def lasting(hosts: Hosts, instance_id: str) -> int:
    """The id, here, of a process that a command left running on a host, detached."""
    hosts.out(instance_id, LASTING)
    found = [pid for pid in descendants(hosts.keeping.child.pid) if b"6789" in command_line(pid)]
    assert len(found) == 1
    return found[0]


def descendants(pid: int) -> list[int]:
    """Of a process, by who says to be its child."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(status.parent.name)] = int(fields[1])
    found, new = set(), {pid}
    while new:
        new = {child for child, parent in parents.items() if parent in new} - found
        found |= new
    return sorted(found)


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def gone(pid: int) -> bool:
    """A zombie is gone, but for those who want to know how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def networks() -> set[int]:
    """Those that some process is in or holds open."""
    held = set()
    for each in (*Path("/proc").glob("[0-9]*/ns/net"), *Path("/proc").glob("[0-9]*/fd/*")):
        with contextlib.suppress(OSError):
            if str(each.readlink()).startswith("net:"):
                held.add(each.stat().st_ino)
    return held


def folders(hosts: Hosts) -> list[Path]:
    """Of hosts that have no files of their own."""
    return list(Path(tempfile.gettempdir()).glob(f"tailgate-host-{hosts.keeping.child.pid}-*"))


def assert_nothing_left(hosts: Hosts, *pids: int) -> None:
    wait(lambda: all(map(gone, pids)))
    if hosts.keeping.kind == "namespaces":
        wait(lambda: hosts.network not in networks())


def test_the_network_of_hosts_is_held_by_their_keeper(hosts: Hosts) -> None:
    """So that the tests here, which look for it, would find it."""
    assert hosts.keeping.kind == "loopback" or hosts.network in networks()


def test_termination_ends_all_that_ran_there(hosts: Hosts) -> None:
    """Also what was detached; the instance is terminated when nothing is left of its host, and no managed node any more."""
    instance_id = hosts.online()
    pids = [lasting(hosts, instance_id), hosts.pid(instance_id)]
    hosts.ec2.terminate_instances(InstanceIds=[instance_id])
    wait(lambda: hosts.state(instance_id) == "terminated")
    assert all(map(gone, pids))
    assert hosts.ping(instance_id) is None
    assert folders(hosts) == []


def test_a_host_that_is_killed_is_a_terminated_instance_and_others_live_on(hosts: Hosts) -> None:
    """EC2 says that it died, and not that somebody shut it down."""
    one, other = hosts.launch(), hosts.launch()
    wait(lambda: hosts.ping(one) == hosts.ping(other) == "Online")
    pid = lasting(hosts, one)
    os.kill(hosts.pid(one), signal.SIGKILL)
    wait(lambda: hosts.state(one) == "terminated")
    assert hosts.described(one)["StateReason"]["Message"].startswith("Server.InternalError")
    assert gone(pid)
    assert hosts.out(other, "echo here") == "here"


@pytest.mark.parametrize("victim", ["keeper", "moto"])
def test_nothing_is_left_when_keeper_or_moto_is_killed(hosts: Hosts, victim: str) -> None:
    """The kernel takes back what the keeper cannot any more; and without moto there is nothing to keep hosts for."""
    instance_id = hosts.online()
    pids = [lasting(hosts, instance_id), hosts.pid(instance_id)]
    child = hosts.keeping.child if victim == "keeper" else hosts.moto
    os.kill(child.pid, signal.SIGKILL)
    wait(lambda: hosts.keeping.child.obituary() is not None)
    assert_nothing_left(hosts, *pids)
    if victim == "moto":
        assert "moto" in (hosts.keeping.child.obituary() or "")
        assert folders(hosts) == []


def test_an_orderly_end_leaves_nothing_and_says_nothing(hosts: Hosts) -> None:
    """As at the end of a session."""
    instance_id = hosts.online()
    pids = [lasting(hosts, instance_id), hosts.pid(instance_id)]
    hosts.end()
    assert all(map(gone, pids))
    assert hosts.keeping.child.last_words == ()
    assert folders(hosts) == []
    if hosts.keeping.kind == "namespaces":
        assert hosts.network not in networks()


def test_the_next_keeper_removes_folders_of_one_that_was_killed() -> None:
    """Hosts without files of their own have folders on this one."""
    ended = subprocess.Popen(["/bin/true"])
    ended.wait()
    left = Path(tempfile.gettempdir()) / f"tailgate-host-{ended.pid}-left"
    left.mkdir()
    with emulated_hosts(namespaces=False):
        assert not left.exists()


def test_a_delay_line_that_dies_takes_all_with_it_and_is_named() -> None:
    """Without it, a path's round-trip time would be another: nothing may be measured over it."""
    with emulated_hosts(round_trips_s={"public": 0.002}) as hosts:
        in_namespaces(hosts)
        instance_id = hosts.online()
        pid = hosts.pid(instance_id)
        line = next(pid for pid in descendants(hosts.keeping.child.pid) if b"delay_line" in command_line(pid))
        os.kill(line, signal.SIGKILL)
        wait(lambda: hosts.keeping.child.obituary() is not None)
        assert "the delay line" in (hosts.keeping.child.obituary() or "")
        assert "SIGKILL" in (hosts.keeping.child.obituary() or "")
        assert_nothing_left(hosts, pid)


def test_a_host_whose_network_is_cut_takes_no_commands_until_it_is_back() -> None:
    """It lives on, and does what it was sent once it can ask again."""
    with emulated_hosts() as hosts:
        in_namespaces(hosts)
        instance_id = hosts.online()
        cable = ["nsenter", "-t", str(hosts.pid(instance_id)), "-n", "ip", "link", "set", "eth0"]
        subprocess.run([*cable, "down"], check=True)
        command_id = hosts.send(instance_id, "echo here")
        wait(lambda: hosts.ping(instance_id) == "ConnectionLost")
        assert hosts.invocation(command_id, instance_id)["Status"] == "Pending"
        subprocess.run([*cable, "up"], check=True)
        wait(lambda: hosts.invocation(command_id, instance_id)["Status"] == "Success")
        assert hosts.ping(instance_id) == "Online"
