"""Receive stamps, against scripted clocks."""

from __future__ import annotations

import socket
import struct
import sys

import pytest

from tailgate.generator.stamps import SO_TIMESTAMPNS, ReceiveClock, kernel_stamps


class Clocks:
    """A monotonic and a wall clock that stand still until told."""

    def __init__(self) -> None:
        self.monotonic_ns = 5_000_000_000
        self.wall_ns = 1_800_000_000_000_000_000

    def pass_s(self, duration_s: float) -> None:
        """Let time pass on both."""
        self.monotonic_ns += int(duration_s * 1e9)
        self.wall_ns += int(duration_s * 1e9)

    def stamped(self, perturbation_s: float = 0.0) -> ReceiveClock:
        """A receive clock on these."""
        return ReceiveClock(True, perturbation_s, lambda: self.monotonic_ns, lambda: self.wall_ns)

    def stamp(self) -> list[tuple[int, int, bytes]]:
        """A control message with the wall clock's time."""
        return [(socket.SOL_SOCKET, SO_TIMESTAMPNS, struct.pack("@ll", *divmod(self.wall_ns, 1_000_000_000)))]


def test_a_stamp_tells_when_bytes_came_and_not_when_they_were_read():
    """The process was busy for 40 ms after the packet came; the time is the packet's, on the monotonic clock."""
    clocks = Clocks()
    clock = clocks.stamped()
    clocks.pass_s(1)
    stamp = clocks.stamp()
    clocks.pass_s(0.04)
    assert clock.arrival(stamp) == pytest.approx(6.0, abs=1e-9)


def test_without_a_stamp_the_time_of_reading_stands():
    """Not every packet is stamped, and not every platform stamps."""
    clocks = Clocks()
    assert clocks.stamped().arrival([]) == pytest.approx(5.0, abs=1e-9)


def test_a_slow_drift_is_followed_and_is_no_fault():
    """A time daemon that slews moves the wall clock by up to .5 ms a second."""
    clocks = Clocks()
    clock = clocks.stamped()
    for _ in range(100):
        clocks.pass_s(1)
        clocks.wall_ns += 400_000
        clock.resynchronise()
    assert clock.arrival(clocks.stamp()) == pytest.approx(105.0, abs=1e-9)
    assert clock.faults == []


@pytest.mark.parametrize("step_ms", [-50, 50])
def test_a_step_of_the_wall_clock_is_a_fault_and_later_stamps_are_right_again(step_ms):
    """Somebody set the clock: stamps around that moment are wrong by the step, so the run must not be trusted."""
    clocks = Clocks()
    clock = clocks.stamped()
    clocks.wall_ns += step_ms * 1_000_000
    clock.resynchronise()
    assert len(clock.faults) == 1
    assert f"{step_ms:+.1f} ms" in clock.faults[0]
    assert clock.arrival(clocks.stamp()) == pytest.approx(5.0, abs=1e-9)


def test_a_stamp_from_the_future_is_found_out_at_once():
    """A step forward need not wait for the next second: such a stamp is not believed."""
    clocks = Clocks()
    clock = clocks.stamped()
    clocks.wall_ns += 3_000_000_000
    assert clock.arrival(clocks.stamp()) <= 5.0
    assert len(clock.faults) == 1


def test_a_perturbation_moves_every_time():
    """What the accuracy tests rely on to show that they would notice a wrong clock."""
    clocks = Clocks()
    assert clocks.stamped(0.002).arrival(clocks.stamp()) == pytest.approx(5.002, abs=1e-9)
    assert clocks.stamped(0.002).arrival([]) == pytest.approx(5.002, abs=1e-9)


@pytest.mark.skipif(sys.platform != "linux", reason="SO_TIMESTAMPNS is Linux's")
def test_whether_the_kernel_stamps_is_tried_out():
    """On Linux over loopback it does; the answer comes from a stamped byte, not from the platform's name."""
    assert kernel_stamps()
