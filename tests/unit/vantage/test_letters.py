"""Letters: what is sealed is what is opened, and nothing else is."""

import hashlib
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.vantage.letters import Letter, LetterError, opened, sealed

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
LETTERS = st.builds(
    Letter,
    st.integers(1, 10**9),
    st.text(),
    st.dictionaries(st.text(), PLAIN, max_size=4),
    st.dictionaries(st.text(), st.binary(max_size=200), max_size=3),
)


@given(LETTERS)
def test_a_letter_is_read_as_it_was_written(letter: Letter) -> None:
    """Fields of every plain kind, and parts of every byte, line ends among them."""
    assert opened(sealed(letter), letter.number, "there") == letter


@given(LETTERS, st.data())
def test_one_changed_byte_is_refused_and_the_letter_named(letter: Letter, data: st.DataObject) -> None:
    """Wherever it is: in the seal, the fields, or a part."""
    raw = bytearray(sealed(letter))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    with suppress(LetterError):
        assert opened(bytes(raw), letter.number, "there") == letter  # the seal's JSON may mean the same, written otherwise


@given(LETTERS, st.integers(0, 10**6))
def test_a_letter_that_was_cut_off_is_refused(letter: Letter, cut: int) -> None:
    """As a broken upload leaves it."""
    raw = sealed(letter)
    with pytest.raises(LetterError):
        opened(raw[: cut % len(raw)], letter.number, "there")


@given(st.binary())
def test_whatever_lies_there_is_refused_in_a_sentence(raw: bytes) -> None:
    """Somebody else's object gets no traceback."""
    with pytest.raises(LetterError, match="there is refused"):
        opened(raw, 1, "there")


def test_the_letter_of_another_number_is_refused() -> None:
    """A copy under a wrong name would be read twice."""
    with pytest.raises(LetterError, match="where letter 8 should"):
        opened(sealed(Letter(7, "stop")), 8, "there")


def test_a_letter_of_another_version_is_refused_with_the_cause() -> None:
    """Its seal is right, and its content is not what is known here."""
    content = b'{"about": "stop"}\n'
    seal = json.dumps({"letter": 1, "sha256": hashlib.sha256(content).hexdigest()}).encode() + b"\n"
    with pytest.raises(LetterError, match="another version of tailgate"):
        opened(seal + content, 1, "there")
