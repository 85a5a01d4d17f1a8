"""An order at work on a host: what its generator writes is what is sent on, byte by byte."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tailgate.connection_table import connections_path
from tailgate.generator.drive import drive
from tailgate.plan.load import ConstantRate
from tailgate.samples import read_samples
from tailgate.vantage.agent.work import Work
from tailgate.vantage.letters import Letter
from tailgate.vantage.remote import RemoteGenerator
from tests.unit.generator.serving import serving


class Kept:
    """Letters that go nowhere."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.unwritten = 0

    def send(self, about: str, parts: Mapping[str, bytes] | None = None, **fields: Any) -> int:
        """Keep one."""
        self.letters.append(Letter(len(self.letters) + 1, about, fields, parts or {}))
        return len(self.letters)

    def part(self, name: str) -> bytes:
        """All pieces of it, in their order."""
        return b"".join(letter.parts.get(name, b"") for letter in self.letters)


def test_what_the_generator_wrote_is_what_is_sent_and_what_is_read_here(tmp_path: Path) -> None:
    """Samples and connections arrive bit by bit as they were written there, the last of them before `done` is told."""
    scratch, here = tmp_path / "there", tmp_path / "here"
    scratch.mkdir()
    here.mkdir()
    mail = Kept()
    with serving(tmp_path) as server:
        order = server.order(ConstantRate(300, 2.5, 0))
        work = Work(1, order.to_json(), {}, scratch, mail)
        while not work.over:
            work.step(0.1)
            for path in (scratch / "1.samples", scratch / "1.connections"):
                if path.is_file() and not (kept := tmp_path / f"kept-{path.name}").exists():
                    os.link(path, kept)
    assert list(scratch.iterdir()) == []
    assert len(mail.letters) >= 3
    assert mail.part("samples") == (tmp_path / "kept-1.samples").read_bytes()
    assert mail.part("connections") == (tmp_path / "kept-1.connections").read_bytes()

    generator = RemoteGenerator("host i-1", 1, here / "run.samples", Kept().send, lambda: None)
    for letter in mail.letters:
        generator.receive(letter)
    with generator:
        events = [event["event"] for event in generator.events(1.0)]
        assert events[0] == "ready"
        assert events[-1] == "done"
        assert not generator.running
    assert (here / "run.samples").read_bytes() == mail.part("samples")
    assert connections_path(here / "run.samples").read_bytes() == mail.part("connections")
    assert len(read_samples(here / "run.samples")) == 750


def test_a_host_that_cannot_be_followed_any_more_ends_the_load_with_its_name(tmp_path: Path) -> None:
    """Samples that have come are kept, and doubted."""
    said = Kept()
    with serving(tmp_path) as server:
        mail = Kept()
        work = Work(1, (order := server.order(ConstantRate(100, 2.5, 0))).to_json(), {}, tmp_path, mail)
        while not work.over:
            work.step(0.1)
    generator = RemoteGenerator("host i-1", 1, order.samples, said.send, lambda: "host i-1 has given no sign of life for 11 s")
    until = next(number for number, letter in enumerate(mail.letters, 1) if letter.parts.get("samples"))
    for letter in mail.letters[:until]:
        generator.receive(letter)
    samples = drive(order, start=lambda *_: generator)
    assert samples.faults == ("host i-1 has given no sign of life for 11 s",)
    assert 0 < len(samples) < 250
