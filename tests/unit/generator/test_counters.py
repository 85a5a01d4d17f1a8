"""What the kernel's files say, in the forms that kernels, containers and broken mounts give them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.generator import counters

PARSERS: list[Callable[[str], object]] = [
    counters.cpu_times,
    counters.pressure_s,
    counters.throttling,
    counters.tcp_segments,
    counters.run_delay_s,
    counters.load_average,
]

COUNT = st.integers(min_value=0, max_value=2**53)  # whole numbers that a float holds exactly


@pytest.mark.parametrize("parse", PARSERS)
@given(text=st.text() | st.text(alphabet="cpu some=total.0123456789 nr_throttled\nTcp:-e+inf"))
def test_no_text_is_too_odd_to_be_passed_over(parse: Callable[[str], object], text: str) -> None:
    """A file of another form is as good as none: nothing is raised in the middle of a load."""
    parse(text)
    counters.control_groups(text, text)


@given(st.lists(COUNT, min_size=8, max_size=10), st.text(alphabet="cpuintr 0123456789\n"))
def test_the_time_of_all_processors_is_their_first_eight_numbers(ticks: list[int], rest: str) -> None:
    """Guest time is in user time already and must not be counted twice; what follows the first line is not read."""
    times = counters.cpu_times("cpu  " + " ".join(map(str, ticks)) + "\n" + rest)
    assert times is not None
    assert times.total == pytest.approx(sum(ticks[:8]))
    assert (times.idle, times.steal) == (pytest.approx(ticks[3] + ticks[4]), ticks[7])


@pytest.mark.parametrize(
    "stat", ["", "cpu0 1 2 3 4 5 6 7 8", "cpu 1 2 3 4", "cpu 1 2 3 4 5 6 7 x", "cpu 1 2 3 4 5 6 7 -1", "cpu 1 2 3 4 5 6 7 inf"]
)
def test_a_line_without_steal_or_with_nonsense_tells_nothing(stat: str) -> None:
    """Half a reading would be a wrong share."""
    assert counters.cpu_times(stat) is None


@given(COUNT, COUNT)
def test_pressure_is_that_of_some_task_in_microseconds(some: int, full: int) -> None:
    """`full` is what remains for a whole group, and is not asked."""
    text = f"some avg10=0.00 avg60=0.10 avg300=0.05 total={some}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total={full}\n"
    assert counters.pressure_s(text) == pytest.approx(some * 1e-6)


@given(COUNT, COUNT)
def test_throttling_is_read_from_both_versions_of_control_groups(periods: int, stopped: int) -> None:
    """Version 1 counts nanoseconds, version 2 microseconds; the number of periods has one name."""
    first = counters.throttling(f"nr_periods {periods}\nnr_throttled {periods}\nthrottled_time {stopped}\n")
    second = counters.throttling(
        f"usage_usec 5\nuser_usec 5\nnr_periods 9\nnr_throttled {periods}\nthrottled_usec {stopped}\nnr_bursts 0\n"
    )
    assert first == (periods, pytest.approx(stopped * 1e-9))
    assert second == (periods, pytest.approx(stopped * 1e-6))


def test_a_root_group_has_no_quota_and_says_nothing_of_throttling() -> None:
    """Version 2's root has a cpu.stat of three lines: absent is not zero."""
    assert counters.throttling("usage_usec 5\nuser_usec 3\nsystem_usec 2\n") is None


@given(COUNT, COUNT, st.permutations(["RtoMin", "OutSegs", "RetransSegs", "InErrs"]))
def test_segments_are_found_by_their_names_wherever_they_stand(sent: int, again: int, names: list[str]) -> None:
    """Kernels have added columns before."""
    values = {"RtoMin": 200, "OutSegs": sent, "RetransSegs": again, "InErrs": 1}
    text = (
        f"Ip: Forwarding\nIp: 1\nTcp: {' '.join(names)}\nTcp: {' '.join(str(values[name]) for name in names)}\nUdp: InDatagrams\nUdp: 3\n"
    )
    assert counters.tcp_segments(text) == (sent, again)


def test_delay_and_load_are_read() -> None:
    """Nanoseconds of waiting for a processor; tasks of the last minute."""
    assert counters.run_delay_s("811 2500000000 42\n") == 2.5
    assert counters.load_average("0.44 1.20 1.00 1/300 4242\n") == 0.44


CPU_MOUNT = "32 31 0:29 {root} /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct"
MEMORY_MOUNT = "33 31 0:30 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory"
UNIFIED_MOUNT = "41 31 0:38 {root} /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw,nsdelegate"


@pytest.mark.parametrize(
    ("cgroup", "mountinfo", "folders"),
    [
        ("0::/\n", UNIFIED_MOUNT.format(root="/"), ["/sys/fs/cgroup"]),
        (
            "0::/kubepods/pod7/box\n",
            UNIFIED_MOUNT.format(root="/"),
            ["/sys/fs/cgroup/kubepods/pod7/box", "/sys/fs/cgroup/kubepods/pod7", "/sys/fs/cgroup/kubepods", "/sys/fs/cgroup"],
        ),
        ("0::/docker/box/own\n", UNIFIED_MOUNT.format(root="/docker/box"), ["/sys/fs/cgroup/own", "/sys/fs/cgroup"]),
        (
            "5:memory:/a\n4:cpu,cpuacct:/docker/box\n1:name=systemd:/x\n",
            "\n".join((MEMORY_MOUNT, CPU_MOUNT.format(root="/docker/box"))),
            ["/sys/fs/cgroup/cpu,cpuacct"],
        ),
        ("4:cpuset:/a\n3:cpuacct:/b\n", CPU_MOUNT.format(root="/"), []),
        ("0::/../sibling\n", UNIFIED_MOUNT.format(root="/docker/box"), ["/sys/fs/cgroup"]),
        ("0::/\n", "", []),
    ],
    ids=["own namespace", "pod", "container's root", "version 1", "no cpu", "outside", "not mounted"],
)
def test_the_groups_whose_quota_binds_us_are_found(cgroup: str, mountinfo: str, folders: list[str]) -> None:
    """Our own first, then those above it: a pod's quota stops a container that has none. As docker and Kubernetes mount them."""
    assert counters.control_groups(cgroup, mountinfo) == [Path(folder) for folder in folders]
