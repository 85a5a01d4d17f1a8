"""What Systems Manager says of a command, from Pending to its end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tailgate.targets.emulated.run_commands import Command, Invocation, Status, cut, overall

SENT_S = 1_000_000.0
COMMAND = Command("c", ("i-1", "i-2"), "AWS-RunShellScript", {"commands": ["true"]}, "", SENT_S, 30.0, 60.0)
OUTCOME = {"code": 0, "stdout": "out", "stderr": "err"}


def invocation() -> Invocation:
    return Invocation(COMMAND, "i-1")


def test_what_is_not_delivered_in_time_times_out_and_never_begins() -> None:
    """Delivery has its own time-out."""
    it = invocation()
    it.advance(SENT_S + 29.9)
    assert it.status is Status.PENDING
    it.advance(SENT_S + 30.0)
    assert it.described()["StatusDetails"] == "DeliveryTimedOut"
    assert it.described()["ExecutionStartDateTime"] == ""


def test_of_a_host_that_died_the_command_times_out_once_its_time_is_over() -> None:
    """Nobody tells its end."""
    it = invocation()
    it.begin(SENT_S + 1)
    it.advance(SENT_S + 61)
    assert it.status is Status.RUNNING
    it.advance(SENT_S + 120)
    assert it.described()["StatusDetails"] == "ExecutionTimedOut"


def test_output_is_told_once_it_is_over() -> None:
    """As the reference says: empty until then."""
    it = invocation()
    it.begin(SENT_S + 1)
    assert it.described()["StandardOutputContent"] == ""
    it.end(OUTCOME, SENT_S + 3.5)
    told = it.described()
    assert (told["StandardOutputContent"], told["StandardErrorContent"], told["ExecutionElapsedTime"]) == ("out", "err", "PT2.500S")


def test_an_end_is_final() -> None:
    """A second one, or a cancellation after it, changes nothing."""
    it = invocation()
    it.begin(SENT_S)
    it.end(OUTCOME | {"code": 2}, SENT_S + 1)
    it.end(OUTCOME, SENT_S + 2)
    it.cancel(SENT_S + 3)
    assert (it.status, it.code, it.cancelling) == (Status.FAILED, 2, False)


def test_cancelling_ends_at_once_what_has_not_begun_and_asks_what_runs() -> None:
    """The agent has to say that it ended."""
    waiting, running = invocation(), invocation()
    running.begin(SENT_S)
    waiting.cancel(SENT_S + 1)
    running.cancel(SENT_S + 1)
    assert (waiting.status, running.status, running.cancelling) == (Status.CANCELLED, Status.RUNNING, True)
    running.end(OUTCOME | {"code": 137, "cancelled": True}, SENT_S + 2)
    assert running.status is Status.CANCELLED


@given(st.lists(st.sampled_from(list(Status)), min_size=1, max_size=5))
def test_a_command_is_over_when_all_its_invocations_are_and_succeeds_when_all_do(statuses: list[Status]) -> None:
    """Otherwise it is the worst of them."""
    told, _ = overall([Invocation(COMMAND, "i", status=status) for status in statuses])
    assert (told not in ("Pending", "InProgress")) == all(status.over for status in statuses)
    assert (told == "Success") == all(status is Status.SUCCESS for status in statuses)


@given(st.text(), st.integers(0, 50))
def test_output_is_cut_after_so_many_characters(text: str, characters: int) -> None:
    """The first ones are kept."""
    assert text.startswith(cut(text, characters))
    assert len(cut(text, characters)) == min(characters, len(text))
