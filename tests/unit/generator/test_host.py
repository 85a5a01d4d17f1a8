"""The generating host, scripted as a tree of kernel files, and as it is."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tailgate.generator.host import TOLD, Host, together

OWN = {"workers", "lasted_s", "cpus", "cpu_s", "cpu_share", "cpu_share_most", "involuntary_switches", "clock_step_s"}
"""What is told wherever Python runs."""


class Scripted:
    """A host whose files and clocks are as told."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.monotonic_s, self.wall_s = 1000.0, 1_700_000_000.0

    def write(self, path: str, text: str) -> None:
        """One of the kernel's files."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def cpu(self, busy: int, idle: int, steal: int) -> None:
        """Ticks of all processors."""
        self.write("proc/stat", f"cpu  {busy} 0 0 {idle} 0 0 0 {steal} 0 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n")

    def quota(self, periods: int, stopped_us: int, group: str = "box") -> None:
        """A control group's statistics."""
        self.write(f"sys/fs/cgroup/{group}/cpu.stat", f"usage_usec 1\nnr_periods 9\nnr_throttled {periods}\nthrottled_usec {stopped_us}\n")

    def host(self, allowance: Callable[[], float | None] = lambda: None) -> Host:
        """A watch over it."""
        return Host(self.root, monotonic=lambda: self.monotonic_s, wall=lambda: self.wall_s, allowance=allowance)

    def passes(self, seconds: float, wall_s: float | None = None) -> None:
        """Time goes by."""
        self.monotonic_s += seconds
        self.wall_s += seconds if wall_s is None else wall_s


@pytest.fixture
def scripted(tmp_path: Path) -> Scripted:
    """A host of which nothing is known yet."""
    return Scripted(tmp_path)


def test_a_host_that_tells_nothing_tells_nothing(scripted: Scripted) -> None:
    """macOS, or a container without /proc: what Python itself knows, and no zero that was never read."""
    host = scripted.host()
    host.begin()
    scripted.passes(2)
    host.end()
    assert set(host.told) == OWN
    assert host.told["lasted_s"] == 2


def test_steal_is_a_share_of_all_processors_time_and_its_worst_second_is_kept(scripted: Scripted) -> None:
    """Ten seconds of two processors, of which one second was bad: 5 % altogether, half in that second."""
    scripted.cpu(0, 0, 0)
    host = scripted.host()
    host.begin()
    for second in range(1, 11):
        scripted.passes(1)
        scripted.cpu(50 * second, 150 * second - (100 if second >= 5 else 0), 100 if second >= 5 else 0)
        host.look()
    host.end()
    assert host.told["steal_share"] == pytest.approx(0.05)
    assert host.told["steal_share_most"] == pytest.approx(0.5)
    assert host.told["busy_share"] == pytest.approx(0.3)


def test_throttling_is_that_of_the_load_only_and_of_every_group_above_us(scripted: Scripted) -> None:
    """What was throttled before is no business of this run; a pod's quota counts like our own."""
    scripted.write("proc/self/cgroup", "0::/pod/box\n")
    scripted.write("proc/self/mountinfo", "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
    scripted.quota(5, 500_000, "pod/box")
    scripted.quota(7, 700_000, "pod")
    host = scripted.host()
    host.begin()
    scripted.passes(1)
    scripted.quota(6, 600_000, "pod/box")
    scripted.quota(10, 1_300_000, "pod")
    host.end()
    assert (host.told["throttled_periods"], host.told["throttled_s"]) == (4, pytest.approx(0.7))


def test_a_step_of_the_wall_clock_is_told_with_its_sign_and_the_largest_wins(scripted: Scripted) -> None:
    """Half a second back, then a little forth: −0.5 s."""
    host = scripted.host()
    host.begin()
    for wall_s in (1.0, 0.5, 1.2, 1.0):
        scripted.passes(1, wall_s)
        host.look()
    host.end()
    assert host.told["clock_step_s"] == pytest.approx(-0.5)


def test_pressure_delay_segments_and_load_are_differences_or_of_now(scripted: Scripted) -> None:
    """Each from its own file, each in its own unit."""
    for moment in (1, 2):
        scripted.write("proc/pressure/cpu", f"some avg10=0 avg60=0 avg300=0 total={moment * 500_000}\n")
        scripted.write("proc/self/schedstat", f"1 {moment * 250_000_000} 1\n")
        scripted.write("proc/net/snmp", f"Tcp: OutSegs RetransSegs\nTcp: {moment * 1000} {moment * 3}\n")
        scripted.write("proc/loadavg", f"{moment}.5 0 0 1/2 3\n")
        if moment == 1:
            host = scripted.host()
            host.begin()
            scripted.passes(2)
    host.end()
    told = host.told
    assert (told["cpu_pressure_share"], told["waited_for_cpu_s"]) == (pytest.approx(0.25), pytest.approx(0.25))
    assert (told["tcp_segments"], told["tcp_retransmits"], told["load_average"]) == (1000, 3, 2.5)


def test_packets_beyond_the_networks_allowance_are_asked_for_at_both_ends_alone(scripted: Scripted) -> None:
    """Asking may take the driver a while, so not amid the load; where nobody counts them nothing is told."""
    asked = iter([100.0, 142.0])
    host = scripted.host(allowance=lambda: next(asked))
    host.begin()
    for _ in range(3):
        scripted.passes(1)
        host.look()
    host.end()
    assert host.told["allowance_exceeded"] == 42
    assert next(asked, None) is None
    untold = scripted.host(allowance=lambda: None)
    untold.begin()
    scripted.passes(1)
    untold.end()
    assert "allowance_exceeded" not in untold.told


def test_a_counter_that_went_back_tells_nothing(scripted: Scripted) -> None:
    """A container moved to another network namespace, or a counter reset: no negative number of retransmits."""
    scripted.write("proc/net/snmp", "Tcp: OutSegs RetransSegs\nTcp: 1000 5\n")
    host = scripted.host()
    host.begin()
    scripted.passes(1)
    scripted.write("proc/net/snmp", "Tcp: OutSegs RetransSegs\nTcp: 10 0\n")
    host.end()
    assert "tcp_retransmits" not in host.told


def test_files_that_turn_to_nonsense_during_the_load_are_passed_over(scripted: Scripted) -> None:
    """A load is not broken off because the kernel's accounting cannot be read."""
    scripted.cpu(1, 1, 1)
    host = scripted.host()
    host.begin()
    scripted.passes(1)
    scripted.write("proc/stat", "\x00\xff nonsense")
    host.look()
    host.end()
    assert "steal_share" not in host.told


def test_a_load_that_never_began_has_no_host(scripted: Scripted) -> None:
    """Refused connections and the like: nothing is told, and nothing breaks."""
    host = scripted.host()
    host.look()
    host.end()
    assert host.told == {}


def test_the_slowest_and_the_fastest_clock_seen_are_kept(scripted: Scripted) -> None:
    """The frequency of the processor that the generator runs on, where there is a file for it."""
    for number in range(os.cpu_count() or 1):
        scripted.write(f"sys/devices/system/cpu/cpu{number}/cpufreq/scaling_cur_freq", "3100000\n")
    host = scripted.host()
    host.begin()
    for kilohertz in (3_100_000, 800_000):
        for number in range(os.cpu_count() or 1):
            scripted.write(f"sys/devices/system/cpu/cpu{number}/cpufreq/scaling_cur_freq", f"{kilohertz}\n")
        scripted.passes(1)
        host.look()
    host.end()
    if sys.platform == "linux":
        assert (host.told["cpu_mhz_least"], host.told["cpu_mhz_most"]) == (800, 3100)


def test_a_generator_that_uses_a_whole_core_is_seen_to() -> None:
    """This very host: a busy loop of this process, by the system's own accounting."""
    host = Host()
    host.begin()
    spent_s, began_s = time.process_time(), time.monotonic()
    while time.monotonic() - began_s < 0.7:
        pass
    spent_s = time.process_time() - spent_s
    host.end()
    told = host.told
    assert set(told) <= set(TOLD)
    assert told["cpu_s"] == pytest.approx(spent_s, abs=0.1)
    assert told["cpu_share_most"] == pytest.approx(spent_s / told["lasted_s"], abs=0.15)
    assert abs(told["clock_step_s"]) < 0.5


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="this kernel keeps no scheduler statistics")
def test_competitors_for_the_processor_are_felt() -> None:
    """Pinned to one processor beside a busy loop: the time that this thread waited for its turn is told."""
    (cpu, *_) = os.sched_getaffinity(0)
    code = f"import os; os.sched_setaffinity(0, {{{cpu}}}); print(flush=True)\nwhile True: pass"
    allowed = os.sched_getaffinity(0)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as competitor:
        try:
            assert competitor.stdout is not None
            competitor.stdout.readline()
            os.sched_setaffinity(0, {cpu})
            host = Host()
            host.begin()
            began_s = time.monotonic()
            while time.monotonic() - began_s < 1.0:
                pass
            host.end()
        finally:
            os.sched_setaffinity(0, allowed)
            competitor.kill()
    assert host.told["waited_for_cpu_s"] > 0.1 * host.told["lasted_s"]


def quota_group() -> Path | None:
    """A control group of ours with a tenth of a processor; None where we may not make one."""
    for parent, limits in (
        (Path("/sys/fs/cgroup/cpu"), {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "10000"}),
        (Path("/sys/fs/cgroup"), {"cpu.max": "10000 100000"}),
    ):
        group = parent / f"tailgate-test-{os.getpid()}"
        with contextlib.suppress(OSError):
            group.mkdir()
            for name, value in limits.items():
                (group / name).write_text(value)
            return group
        with contextlib.suppress(OSError):
            group.rmdir()
    return None


def test_a_real_quota_is_seen_to_throttle() -> None:
    """A process in a control group with a tenth of a processor, in a busy loop: the kernel's own numbers."""
    group = quota_group()
    if group is None:
        pytest.skip("no control group with a quota can be made here")
    code = (
        f"import json, os, pathlib, sys, time; sys.path[:0] = {sys.path!r}\n"
        f"pathlib.Path({str(group / 'cgroup.procs')!r}).write_text(str(os.getpid()))\n"
        "from tailgate.generator.host import Host\n"
        "host = Host(); host.begin(); end = time.monotonic() + 1\n"
        "while time.monotonic() < end: pass\n"
        "host.end(); print(json.dumps(host.told))"
    )
    try:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    finally:
        with contextlib.suppress(OSError):
            group.rmdir()
    import json

    told = json.loads(done.stdout)
    assert told["throttled_periods"] >= 3
    assert told["throttled_s"] > 0.3 * told["lasted_s"]
    assert told["cpu_share"] < 0.5


def test_several_generators_are_told_as_one() -> None:
    """The worst of each, sums of what each used for itself, and a step of the clock with its sign."""
    one = {"workers": 1.0, "cpu_s": 2.0, "cpu_share": 0.5, "steal_share": 0.1, "cpu_mhz_least": 900.0, "clock_step_s": -0.5}
    other = {"workers": 1.0, "cpu_s": 3.0, "cpu_share": 0.9, "cpu_mhz_least": 800.0, "clock_step_s": 0.1}
    assert together([one, other]) == {
        "workers": 2.0,
        "cpu_s": 5.0,
        "cpu_share": 0.9,
        "steal_share": 0.1,
        "cpu_mhz_least": 800.0,
        "clock_step_s": -0.5,
    }
    assert together([]) == {}
