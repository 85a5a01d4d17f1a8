"""Who may work for a master, and who may not; without a wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tailgate
from tailgate.errors import GeneratorError
from tailgate.generator.workers import admission
from tailgate.generator.workers.admission import (
    CHALLENGE,
    JOIN,
    PROOF,
    REFUSED,
    TOKEN,
    WELCOME,
    Applicant,
    Door,
    Entrance,
    RefusedError,
    listening_at,
    new_token,
    token_for,
)

RIGHT, WRONG = "right-token-of-the-tests", "wrong-token-of-the-tests"


def applicant(token: str = RIGHT, place: int | None = None, pid: int = 7) -> Applicant:
    return Applicant(Entrance("127.0.0.1", 5557, token, place), pid, "there")


def knock(door: Door, who: Applicant, name: str = "someone"):
    """The whole conversation; what the master says last."""
    kind, challenge = door.hear(name, *who.join())
    assert kind == CHALLENGE
    return door.hear(name, *who.answer(challenge))


def test_a_worker_with_the_token_is_admitted_and_given_the_next_place():
    """Places for those from elsewhere come after those of the workers that the master starts itself."""
    door = Door(RIGHT, local=2, joining=2)
    assert knock(door, applicant(), "one") == (WELCOME, {"place": 2})
    assert knock(door, applicant(place=1), "two") == (WELCOME, {"place": 1})
    assert knock(door, applicant(), "three") == (WELCOME, {"place": 3})
    assert not door.complete
    assert knock(door, applicant(place=0), "four") == (WELCOME, {"place": 0})
    assert door.complete
    assert door.members["one"].name == "worker 3 (pid 7 on there)"
    assert door.members["four"].name == "worker 1 (pid 7)"


def test_a_worker_with_a_wrong_token_does_not_work_for_the_master_that_lacks_its_own():
    """The master proves first that it knows the token: a worker is not sent elsewhere with its credentials."""
    door = Door(RIGHT, 0, 1)
    with pytest.raises(RefusedError, match="another token"):
        knock(door, applicant(WRONG))
    assert door.members == {}


def test_a_worker_that_only_pretends_to_know_the_token_is_refused_and_named():
    """It passes over the master's proof; its own is wrong, and says from where it came."""
    door = Door(RIGHT, 0, 1)
    door.hear("liar", *applicant(WRONG).join())
    kind, said = door.hear("liar", PROOF, {"proof": "0" * 64, "version": tailgate.__version__})
    assert (kind, said["full"]) == (REFUSED, False)
    assert "(pid 7 on 'there') gave a wrong token" in said["why"]
    assert door.refusals == [said["why"]]
    assert door.members == {}


def test_a_masters_own_proof_cannot_be_sent_back_to_it():
    """A stranger without the token mirrors what it hears: the two proofs are of different words."""
    door = Door(RIGHT, 0, 1)
    _, challenge = door.hear("mirror", JOIN, {"nonce": "n"})
    kind, _ = door.hear("mirror", PROOF, {"proof": challenge["proof"], "version": tailgate.__version__})
    assert kind == REFUSED


def test_a_proof_counts_once():
    """What was overheard cannot be used again: each challenge has a nonce of its own."""
    door, who = Door(RIGHT, 0, 2), applicant()
    _, challenge = door.hear("one", *who.join())
    proof = who.answer(challenge)
    assert door.hear("one", *proof)[0] == WELCOME
    assert door.hear("two", *proof) is None
    door.hear("two", *who.join())
    assert door.hear("two", *proof)[0] == REFUSED


def test_a_worker_of_another_version_is_refused_with_both_versions():
    """Rows of another layout would be read as nonsense."""
    door, who = Door(RIGHT, 0, 1), applicant()
    _, challenge = door.hear("old", *who.join())
    kind, said = who.answer(challenge)
    kind, said = door.hear("old", kind, {**said, "version": "0.0.9"})
    assert kind == REFUSED
    assert f"is of tailgate 0.0.9, the master of {tailgate.__version__}" in said["why"]


def test_nobody_is_admitted_beyond_the_places_nor_into_a_place_that_is_taken():
    """A third worker of two would send what nobody asked for."""
    door = Door(RIGHT, 1, 1)
    assert knock(door, applicant(), "one")[0] == WELCOME
    kind, said = knock(door, applicant(), "two")
    assert (kind, said["full"]) == (REFUSED, True)
    assert knock(door, applicant(place=0), "three")[0] == WELCOME
    assert knock(door, applicant(place=0), "four")[0] == REFUSED
    assert knock(door, applicant(place=1), "five")[0] == REFUSED
    assert "all 2 places were taken" in door.refusals[0]


@given(
    kind=st.sampled_from([JOIN, PROOF, "stats", "client_ready", ""]) | st.text(),
    said=st.none()
    | st.integers()
    | st.dictionaries(st.sampled_from(["nonce", "proof", "version", "place", "pid", "host"]), st.integers() | st.text()),
)
def test_whatever_a_stranger_says_he_is_not_admitted(kind, said):
    """No message makes the door fail, or opens it without the token."""
    door = Door(RIGHT, 1, 1)
    door.hear("stranger", JOIN, {"nonce": "n", "pid": "x", "host": 5, "place": [1]})
    reply = door.hear("stranger", kind, said)
    assert reply is None or reply[0] in (CHALLENGE, REFUSED)
    assert door.members == {}


def test_strangers_are_forgotten_rather_than_collected():
    """One that joins a thousand times takes no more room than a few."""
    door = Door(RIGHT, 0, 1)
    for number in range(1000):
        door.hear(f"stranger {number}", JOIN, {"nonce": "n"})
    assert len(door._strangers) <= 64
    assert door.hear("stranger 0", PROOF, {"proof": ""}) is None


def test_the_token_crosses_in_no_message():
    """What is said can be overheard; the token cannot be computed from it."""
    door, who = Door(RIGHT, 0, 1), applicant()
    joined = who.join()
    challenge = door.hear("one", *joined)
    proof = who.answer(challenge[1])
    assert RIGHT not in repr((joined, challenge, proof, door.hear("one", *proof)))


def test_tokens_are_compared_in_constant_time(monkeypatch):
    """How long a refusal takes tells nothing about the token."""
    compared = []
    compare = admission.hmac.compare_digest
    monkeypatch.setattr(admission.hmac, "compare_digest", lambda one, other: compared.append(1) or compare(one, other))
    knock(Door(RIGHT, 0, 1), applicant())
    assert len(compared) == 2


def test_a_token_is_made_for_each_run_that_nobody_joins_and_asked_for_otherwise():
    """People have to know the one that they give to others; too short a one is refused."""
    assert token_for(0, None, {}) != token_for(0, None, {TOKEN: RIGHT}) != RIGHT
    assert token_for(1, "127.0.0.1:5557", {TOKEN: RIGHT}) == RIGHT
    for joining, bind, token in ((1, "127.0.0.1:5557", "short"), (1, "127.0.0.1:5557", ""), (1, None, RIGHT)):
        with pytest.raises(GeneratorError, match=TOKEN):
            token_for(joining, bind, {TOKEN: token})
    assert len({new_token() for _ in range(100)}) == 100


def test_without_an_address_a_master_listens_on_loopback_only():
    """At whichever port is free; others are a choice of the user's, who names host and port."""
    assert listening_at(None) == ("127.0.0.1", 0)
    assert listening_at("10.0.0.5:5557") == ("10.0.0.5", 5557)
    assert listening_at("[::1]:5557") == ("[::1]", 5557)
    for wrong in ("5557", ":5557", "host:", "host:x", "host:0", "host:65536", "host:-1"):
        with pytest.raises(GeneratorError, match="HOST:PORT"):
            listening_at(wrong)
