"""The switch of an emulated host that `shutdown` presses."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event

import pytest

from tailgate.vantage.emulated import standins
from tailgate.vantage.emulated.power import Power


@pytest.fixture
def switch(tmp_path: Path) -> Path:
    return tmp_path / "power"


def test_it_goes_off_when_its_minutes_are_over_and_not_before(switch: Path) -> None:
    """Counted from when it was told, in minutes that a test may shorten."""
    off = Event()
    Power(switch, 0.1, off.set).start()
    told_s = time.monotonic()
    standins.press(switch, 3)
    assert off.wait(30.0)
    assert time.monotonic() - told_s >= 0.3


def test_what_is_taken_back_does_not_happen(switch: Path) -> None:
    """`shutdown -c`; a later one counts again."""
    off = Event()
    Power(switch, 0.1, off.set).start()
    standins.press(switch, 2)
    standins.press(switch, None)
    assert not off.wait(0.5)
    standins.press(switch, 0)
    assert off.wait(30.0)


def test_shutdown_knows_now_and_minutes_and_refuses_the_rest(switch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the stand-in does not do, it says."""
    off = Event()
    Power(switch, 60.0, off.set).start()
    surroundings = {"STANDIN_SWITCH": str(switch)}
    assert standins.shutdown(["-h", "+10", "the session is over"], surroundings) == 0
    assert standins.shutdown(["-h", "23:15"], surroundings) == 1
    assert "23:15" in capsys.readouterr().err
    assert not off.is_set()
    assert standins.shutdown(["-h", "now"], surroundings) == 0
    assert off.wait(30.0)
    assert standins.shutdown(["now"], {"STANDIN_SWITCH": str(switch) + "-none"}) == 1


@pytest.mark.parametrize(
    "arguments", [["s3", "sync", "a", "s3://b"], ["s3", "cp", "a", "b"], ["s3", "cp", "s3://a/b", "s3://c/d"], ["ec2"], []]
)
def test_aws_refuses_what_it_does_not_do(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With the code of a usage error, and before it asks anybody."""
    assert standins.aws(arguments, {}) == 252
    assert "s3 cp" in capsys.readouterr().err
