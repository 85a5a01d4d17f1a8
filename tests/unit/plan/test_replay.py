"""Replay: recorded arrivals, from text and from samples."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate import Replay
from tailgate.errors import PlanError
from tailgate.plan.load import load_from
from tailgate.samples import RECORD, Header, write_header


@pytest.fixture
def recorded(tmp_path: Path):
    """Write a record; give its path."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "arrivals.txt"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def _samples(due_s: list[float]) -> bytes:
    file, records = io.BytesIO(), np.zeros(len(due_s), dtype=RECORD)
    write_header(file, Header(len(due_s), 0.0, 1.0, 0.0, 0.0, "by hand", "http://127.0.0.1/"))
    records["due_s"] = due_s
    return file.getvalue() + records.tobytes()


def test_a_text_file_is_replayed_line_by_line(recorded) -> None:
    """Blank lines and comments aside; the record ends a mean spacing after its last arrival."""
    load = Replay(recorded("# from the gateway's log\n0\n0.5\n\n0.75  # late\n3.0\n"))
    assert load.due_times().tolist() == [0, 0.5, 0.75, 3.0]
    assert (load.for_s, load.warmup_s, load.per_s) == (4.0, 0.0, 1.0)
    assert load.peak_per_s == 3


def test_a_samples_file_is_replayed_by_its_due_times(recorded) -> None:
    """They are written in the order of completion, and an incomplete last record does not count."""
    load = Replay(recorded(_samples([0.0, 2.0, 1.0, 3.0]) + b"\x00" * 7))
    assert load.due_times().tolist() == [0, 1, 2, 3]


def test_a_record_may_be_replayed_in_part(recorded) -> None:
    """What comes before the judged part is the warm-up; what comes after it is left out."""
    load = Replay(recorded("\n".join(str(number / 10) for number in range(100))), warmup_s=2, for_s=3)
    assert load.due_times().tolist() == [number / 10 for number in range(50)]
    assert load.expected_requests == 30


def test_a_record_is_relative_to_the_file_that_names_it(recorded, tmp_path: Path) -> None:
    """To the test in Python, to the plan in a plan file."""
    with pytest.raises(PlanError, match=str(Path(__file__).parent / "arrivals.txt")):
        Replay("arrivals.txt")
    recorded("0\n1\n")
    assert load_from({"arrival": "replay", "file": "arrivals.txt"}, tmp_path).due_times().tolist() == [0, 1]


def test_arrivals_all_at_once_are_a_load_of_a_second(recorded) -> None:
    """A burst has no spacing from which to tell how long it lasts."""
    load = Replay(recorded("2\n2\n2\n"))
    assert (load.for_s, load.peak_per_s, load.expected_requests) == (3.0, 3.0, 3.0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "arrivals.txt holds no offset; write one per line, in seconds from the start"),
        ("# none\n", "holds no offset"),
        ("0\n1\nsoon\n", "arrivals.txt, line 3: 'soon' is no number; write an offset in seconds per line"),
        ("0\n\n# late\n-1\n", "arrivals.txt, line 4: -1.0 is no offset; it is a number of seconds from 0 up"),
        ("0\nnan\n", "line 2: nan is no offset"),
        ("0\n0.7\n0.5\n", "line 3: 0.5 comes after 0.7; offsets count from the start, so they ascend: sort them, or add up what are gaps"),
        ("1795340172.1\n1795340172.2\n", "line 1: 1.79534e+09 s is longer than a day; offsets count from the first arrival, not from 1970"),
        (b"\xff\xfe0\n", "line 1: '"),
        (b"tailgate-samples 1\n{}\n", "the samples' header is damaged (KeyError('record'))"),
        (b"tailgate-samples 1\n", "the samples' header is damaged"),
        (_samples([]), "the file holds no sample"),
    ],
)
def test_a_record_that_cannot_be_meant_is_refused_by_file_and_line(recorded, content: str | bytes, said: str) -> None:
    """The sentence says what stands there, and what should."""
    with pytest.raises(PlanError) as caught:
        Replay(recorded(content))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"warmup_s": 9}, "warmup_s is 9, the record lasts 4 s; nothing would be judged"),
        ({"for_s": 9}, "for_s is 9, the record lasts 4 s after the warm-up; leave it out to replay all"),
        ({"warmup_s": 1.2, "for_s": 0.5}, "no arrival is recorded in the 0.5 s after the warm-up"),
        ({"offsets_s": 7}, "offsets_s is 7; it is a list of seconds"),
        ({"offsets_s": [0, "x"]}, "offsets_s, number 2: 'x' is no offset"),
    ],
)
def test_a_part_that_is_not_recorded_is_refused(recorded, fields: dict[str, object], said: str) -> None:
    """Before anything is deployed."""
    path = recorded("0\n1\n2\n3\n")
    with pytest.raises(PlanError) as caught:
        load_from({"arrival": "replay", "file": str(path), **fields})
    assert said in str(caught.value)


def test_an_absent_record_is_named(tmp_path: Path) -> None:
    """With what its path is relative to."""
    with pytest.raises(PlanError, match=r"nowhere\.txt cannot be read: No such file or directory; the path is relative to the file"):
        Replay(tmp_path / "nowhere.txt")


@given(offsets=st.lists(st.floats(0, 5000), min_size=1).map(sorted))
def test_what_was_written_is_what_is_due(offsets: list[float], tmp_path_factory: pytest.TempPathFactory) -> None:
    """No arrival is lost or moved, however many come at once."""
    path = tmp_path_factory.mktemp("record") / "arrivals.txt"
    path.write_text("\n".join(map(repr, offsets)))
    load = Replay(path)
    assert load.due_times().tolist() == offsets
    assert load.expected_requests == len(offsets)


@given(content=st.binary(max_size=60))
def test_any_bytes_are_a_record_or_a_plan_error(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Also behind the first line of a samples file."""
    for start in (b"", b"tailgate-samples 1\n", b'tailgate-samples 1\n{"record": [["due_s", "<f8"]]}\n'):
        path = tmp_path_factory.mktemp("record") / "arrivals.txt"
        path.write_bytes(start + content)
        try:
            load = Replay(path)
        except PlanError:
            continue
        assert len(load.due_times())
