"""Letters that get lost, S3 that does not answer, and silence; by a scripted clock."""

from __future__ import annotations

import pytest

from tailgate.errors import PlanError
from tailgate.vantage.correspondence import Correspondence
from tailgate.vantage.letters import Letter, sealed
from tailgate.vantage.mailbox import FROM_HOST, TO_HOST, Mailbox, MailError, Sign, place_of
from tests.unit.vantage.bucket import Bucket, Clock, eventually


class Sides:
    """A session that reads, by a scripted clock, what a host's mailbox writes."""

    def __init__(self) -> None:
        self.bucket, self.clock = Bucket(), Clock()
        self.host = Mailbox(self.bucket, "b", "p/", writes=FROM_HOST)
        self.read: list[Letter] = []
        self.session = Correspondence(Mailbox(self.bucket, "b", "p/", writes=TO_HOST), self.read.append, now=self.clock)

    def wait(self, seconds: float) -> None:
        """Let time pass, looking twice a second."""
        for _ in range(int(seconds * 2)):
            self.clock.pass_s(0.5)
            while self.session.look():
                pass


@pytest.fixture
def sides() -> Sides:
    """Nothing written yet."""
    return Sides()


def test_letters_are_told_once_each_in_their_order(sides: Sides) -> None:
    """Several that lie there, then one more."""
    for number in (1, 2, 3):
        sides.host.put(Letter(number, f"say {number}"))
    sides.wait(1)
    sides.host.put(Letter(4, "say 4"))
    sides.wait(1)
    assert [letter.about for letter in sides.read] == ["say 1", "say 2", "say 3", "say 4"]
    assert sides.session.silent_s <= 1


def test_silence_counts_from_the_last_letter_or_sign_of_life(sides: Sides) -> None:
    """A sign that does not change is none: what wrote it may be dead."""
    sides.host.beat(Sign(1, 0))
    sides.wait(3)
    assert sides.session.silent_s <= 1.5
    sides.wait(20)
    assert sides.session.silent_s >= 20
    sides.host.beat(Sign(2, 0))
    sides.wait(1.5)
    assert sides.session.silent_s <= 1.5
    assert sides.session.trouble is None


def test_a_process_that_was_asleep_takes_its_own_silence_for_nobodys(sides: Sides) -> None:
    """As on a laptop that was closed for a moment: the other side is heard again before it is given up."""
    sides.host.beat(Sign(1, 0))
    sides.wait(3)
    sides.clock.pass_s(40)
    assert sides.session.silent_s < 10
    sides.host.beat(Sign(12, 0))
    sides.wait(1)
    assert sides.session.silent_s <= 1


def test_a_lost_letter_is_found_out_and_named(sides: Sides) -> None:
    """The other side says that it has written it, and goes on saying so."""
    sides.host.put(Letter(1, "kept"))
    sides.host.put(Letter(3, "after the lost one"))
    for beat in range(1, 12):
        sides.host.beat(Sign(beat, 3))
        sides.wait(1)
    assert [letter.about for letter in sides.read] == ["kept"]
    assert sides.session.trouble is not None
    assert "letter 2 of 3" in sides.session.trouble


def test_a_letter_that_is_late_is_not_lost(sides: Sides) -> None:
    """The sign of life may be there before the letter is seen."""
    sides.host.beat(Sign(1, 1))
    sides.wait(3)
    sides.host.put(Letter(1, "late"))
    for beat in range(2, 14):
        sides.host.beat(Sign(beat, 1))
        sides.wait(1)
    assert [letter.about for letter in sides.read] == ["late"]
    assert sides.session.trouble is None


def test_a_damaged_letter_ends_the_correspondence_and_is_named(sides: Sides) -> None:
    """What comes after it is not read: it may be somebody else's."""
    sides.bucket.objects["p/out/000001"] = sealed(Letter(1, "say")).replace(b"say", b"lie")
    sides.host.put(Letter(2, "after"))
    sides.wait(2)
    assert sides.read == []
    assert sides.session.trouble is not None
    assert "s3://b/p/out/000001 is refused" in sides.session.trouble


def test_what_s3_does_not_answer_is_asked_again(sides: Sides) -> None:
    """Nothing is lost by it but time."""
    sides.host.put(Letter(1, "say"))
    sides.bucket.fails = 1
    with pytest.raises(MailError, match="cannot be read from"):
        sides.session.look()
    sides.wait(1)
    assert [letter.about for letter in sides.read] == ["say"]


def test_letters_are_written_until_s3_takes_them_and_in_order() -> None:
    """By the threads that do it, against a bucket that fails now and then."""
    bucket = Bucket(fails=3)
    mail = Correspondence(Mailbox(bucket, "b", "p/", writes=TO_HOST), lambda _: None)
    mail.begin()
    numbers = [mail.send("say", word=word) for word in ("one", "two", "three")]
    mail.close(linger_s=20)
    assert mail.unwritten == 0
    reader = Mailbox(bucket, "b", "p/", writes=FROM_HOST)
    assert [letter.fields["word"] for number in numbers if (letter := reader.get(number)) is not None] == ["one", "two", "three"]
    written = [key for verb, key in bucket.calls if verb == "put" and "alive" not in key]
    assert written == sorted(written)


def test_whoever_is_stuck_gives_no_sign_of_life() -> None:
    """Threads that go on would hide that nothing else does."""
    bucket = Bucket()
    mail = Correspondence(Mailbox(bucket, "b", "p/", writes=TO_HOST), lambda _: None, alive=lambda: False)
    mail.begin()
    mail.send("say")
    mail.close(linger_s=20)
    assert "p/in/alive" not in bucket.objects
    assert "p/in/000001" in bucket.objects


def test_a_thread_that_breaks_is_told_and_not_taken_for_quiet() -> None:
    """Else nothing would be read any more, and nobody would miss it."""
    bucket = Bucket()
    Mailbox(bucket, "b", "p/", writes=FROM_HOST).put(Letter(1, "of another version"))

    def understand(letter: Letter) -> None:
        raise KeyError(letter.about)

    mail = Correspondence(Mailbox(bucket, "b", "p/", writes=TO_HOST), understand)
    mail.begin()
    assert eventually(lambda: mail.trouble, 20)
    mail.close()
    assert "KeyError: 'of another version'" in (mail.trouble or "")


@pytest.mark.parametrize(
    "raw", [b'{"beat": Infinity, "written": 1}', b"[" * 100_000, b"{}", b"null", b"\xff", b'{"beat": "x", "written": 1}']
)
def test_what_is_no_sign_of_life_is_none(sides: Sides, raw: bytes) -> None:
    """Whoever wrote it, it is not the other side."""
    sides.bucket.objects["p/out/alive"] = raw
    sides.wait(20)
    assert sides.session.silent_s >= 20
    assert not sides.session.heard


@pytest.mark.parametrize("url", ["s3://bucket", "s3://bucket/", "https://bucket/prefix", "bucket/prefix", ""])
def test_what_is_no_place_for_letters_is_refused(url: str) -> None:
    """A prefix must be there: a bucket's root is everybody's."""
    with pytest.raises(PlanError, match="s3://BUCKET/PREFIX/"):
        place_of(url)


def test_a_place_for_letters_is_a_bucket_and_a_prefix() -> None:
    """With the slash at its end or without."""
    assert place_of("s3://b/tailgate/hosts/s/i-1") == place_of("s3://b/tailgate/hosts/s/i-1/") == ("b", "tailgate/hosts/s/i-1/")
