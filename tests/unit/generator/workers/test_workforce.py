"""Who is asked to drive, as people say it."""

from __future__ import annotations

import pytest

from tailgate.errors import PlanError
from tailgate.generator.workers.admission import TOKEN
from tailgate.generator.workers.workforce import ALONE, Workforce


def test_one_process_is_what_there_is_unless_more_are_asked_for():
    """Nobody is awaited, nothing is in the environment, nothing has to be said."""
    assert (ALONE.workers, ALONE.joining, ALONE.master_bind) == (1, 0, None)
    assert ALONE.environment == {}
    assert ALONE.invitation is None


def test_those_on_other_hosts_are_told_how_to_join(monkeypatch):
    """The command, the place, and the token that was made up; the token is no part of the command."""
    monkeypatch.delenv(TOKEN, raising=False)
    force = Workforce(workers=2, joining=3, master_bind="10.0.0.5:5557")
    assert force.invitation is not None
    command = next(line for line in force.invitation.splitlines() if "python" in line)
    assert command.strip() == "python -m tailgate.generator.workers.join --again 10.0.0.5:5557"
    assert "3 of 5 workers" in force.invitation
    assert force.token in force.invitation
    assert force.token not in repr(force)
    assert force.environment == {TOKEN: force.token}


def test_a_token_of_the_users_own_is_taken_and_not_shown(monkeypatch):
    """It may come from a vault, and what is printed may be kept by a build server."""
    monkeypatch.setenv(TOKEN, "the-users-own-token")
    force = Workforce(joining=1, master_bind="127.0.0.1:5557")
    assert force.environment == {TOKEN: "the-users-own-token"}
    assert force.invitation is not None
    assert "the-users-own-token" not in force.invitation


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"workers": 0}, "one at least must drive"),
        ({"workers": -1, "joining": 2, "master_bind": "a:1"}, "one at least must drive"),
        ({"joining": 1}, "--latency-master-bind"),
        ({"workers": 2, "master_bind": "5557"}, "HOST:PORT"),
        ({"joining": 1, "master_bind": "a:1", "token": "short"}, "16 or more"),
    ],
)
def test_what_cannot_be_meant_is_refused(asked, words):
    """With what to write instead."""
    with pytest.raises(PlanError, match=words):
        Workforce(**asked)
