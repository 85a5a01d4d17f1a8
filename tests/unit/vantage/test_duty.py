"""An agent's life: what it is asked does not keep it from its load."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread

import pytest

from tailgate.vantage.agent import answers
from tailgate.vantage.agent.duty import DISMISSED, Duty
from tailgate.vantage.correspondence import Correspondence
from tailgate.vantage.letters import Letter
from tailgate.vantage.mailbox import FROM_HOST, TO_HOST, Mailbox
from tests.unit.vantage.bucket import Bucket, eventually


def test_a_name_that_takes_its_resolver_long_keeps_nothing_else_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Endpoints are made ready while another is measured; a load whose ticks did not come would be given up for dead."""
    asked, resolved = Event(), Event()

    def resolve(_name: str) -> list[str]:
        asked.set()
        resolved.wait(30)
        return ["10.0.0.7"]

    monkeypatch.setattr(answers, "addresses_of", resolve)
    bucket = Bucket()
    read: list[Letter] = []
    session = Correspondence(Mailbox(bucket, "b", "p/", writes=TO_HOST), read.append)
    ended: list[int] = []
    duty = Duty(Mailbox(bucket, "b", "p/", writes=FROM_HOST), tmp_path)
    serving = Thread(target=lambda: ended.append(duty.serve()))
    serving.start()
    session.begin()
    slow = session.send("ask", question="addresses", host="slow.example")
    other = session.send("ask", question="no such question")
    try:
        assert asked.wait(20)
        assert eventually(lambda: [letter for letter in read if letter.fields.get("to") == other], 20)
        assert not [letter for letter in read if letter.fields.get("to") == slow]
    finally:
        resolved.set()
    assert eventually(lambda: [letter for letter in read if letter.fields.get("addresses") == ["10.0.0.7"]], 20)
    session.send("leave")
    serving.join(30)
    session.close()
    assert ended == [DISMISSED]
