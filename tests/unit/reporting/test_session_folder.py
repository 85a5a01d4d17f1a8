"""Session folders: file names, life and death of a session, and what is kept how long."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tailgate.errors import RecordError
from tailgate.reporting.session_folder import (
    SESSIONS_KEPT,
    SESSIONS_WITH_SAMPLES,
    SessionFolder,
    abandoned,
    adopted,
    claim,
    mark_saved,
    retire,
    run_files,
    stem,
    unsaved,
)

ids = st.text(st.characters(), max_size=300)


@given(ids, st.integers(1, 999))
def test_any_case_id_makes_a_file_name_that_every_file_system_takes(case_id: str, attempt: int) -> None:
    """No separator, no control character, no leading dot or hyphen, and with any suffix of ours at most 255 bytes."""
    name = stem(case_id, attempt)
    assert re.fullmatch(r"[\w+=@][\w.+=@~-]*", name)
    assert len(f".{name}.samples.part".encode()) <= 255


@given(ids, ids, st.integers(1, 20), st.integers(1, 20))
def test_different_runs_have_different_names(one: str, other: str, first: int, second: int) -> None:
    """Neither what is replaced nor what is cut lets two ids meet, and no id looks like another's later attempt."""
    assume((one, first) != (other, second))
    assert stem(one, first) != stem(other, second)


@given(ids, st.integers(2, 9))
def test_a_name_used_as_an_id_is_no_other_ids_name(case_id: str, attempt: int) -> None:
    """Not even an id that is spelt like a name of ours."""
    assume(stem(case_id) != case_id)
    assert stem(stem(case_id)) != stem(case_id)
    assert stem(stem(case_id, attempt)) != stem(case_id, attempt)


@pytest.mark.parametrize(
    ("case_id", "name"),
    [
        ("resnet50-ml.c6i.xlarge-public", "resnet50-ml.c6i.xlarge-public"),
        ("ранкер-größe", "ранкер-größe"),
        ("a/b", "a-b~"),
        ("../../etc/passwd", "etc-passwd~"),
        ("two words", "two-words~"),
        ("", "case~"),
        ("...", "case~"),
        ("x" * 300, "x" * 120 + "~"),
        ("ü" * 300, "ü" * 60 + "~"),
    ],
)
def test_names_stay_readable(case_id: str, name: str) -> None:
    """What can stay stays; what was changed ends in eight digits of its hash; what is long is cut."""
    if name.endswith("~"):
        assert re.fullmatch(re.escape(name) + "[0-9a-f]{8}", stem(case_id))
    else:
        assert stem(case_id) == name
    assert stem(case_id, 2) == stem(case_id) + "~try2"


def long_ago(path: Path) -> None:
    """Make it look an hour old."""
    assert path.exists()
    os.utime(path, (time.time() - 3600,) * 2)


def test_claims_of_many_threads_never_meet(tmp_path: Path) -> None:
    """Each claim makes its samples file exclusively, so nobody's samples are written over."""
    names: list[str] = []

    def claim_five() -> None:
        names.extend(claim(tmp_path, "ranker") for _ in range(5))

    threads = [threading.Thread(target=claim_five) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(names) == sorted(path.stem for path in tmp_path.glob("*.samples"))
    assert set(names) == {stem("ranker", attempt) for attempt in range(1, 41)}


def test_a_claim_in_a_folder_that_is_gone_is_an_error_in_a_sentence(tmp_path: Path) -> None:
    """It comes before anything is measured."""
    with pytest.raises(RecordError, match="nothing was measured"):
        claim(tmp_path / "gone", "ranker")


def test_a_session_has_a_folder_named_by_time_and_gives_up_an_empty_one(tmp_path: Path) -> None:
    """A session that records nothing leaves nothing; releasing twice does no harm."""
    with SessionFolder.begin(tmp_path) as session:
        assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{6}", session.id)
        assert session.path == tmp_path / "runs" / session.id
        assert session.path.is_dir()
    session.release()
    assert not session.path.exists()


def test_a_session_that_recorded_keeps_its_folder(tmp_path: Path) -> None:
    """Only the lock is let go."""
    with SessionFolder.begin(tmp_path) as session:
        (session.path / "ranker.json").write_text("{}")
    assert [path.name for path in run_files(session.path)] == ["ranker.json"]


def test_reports_that_cannot_be_written_are_an_error_in_a_sentence(tmp_path: Path) -> None:
    """Before anything is deployed or measured."""
    (tmp_path / "reports").write_text("a file, no folder")
    with pytest.raises(RecordError, match="no folder for this session's runs"):
        SessionFolder.begin(tmp_path / "reports")


def test_runs_of_a_living_session_are_not_abandoned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even to the process that holds the lock itself; after its end they are, until they are marked as saved."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    with SessionFolder.begin(tmp_path) as session:
        (session.path / "ranker.json").write_text("{}")
        with abandoned(tmp_path) as found:
            assert found == []
    with abandoned(tmp_path) as found:
        assert found == [session.path]
        with abandoned(tmp_path) as at_the_same_time:
            assert at_the_same_time == []
    with abandoned(tmp_path, but=[session.path]) as found:
        assert found == []
    mark_saved(unsaved(session.path))
    with abandoned(tmp_path) as found:
        assert found == []


def test_a_worker_that_finished_early_leaves_its_runs_to_its_controller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its last moment on, and for as long as the controller lives, no other session takes them for abandoned."""
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    with SessionFolder.begin(tmp_path) as worker:
        (worker.path / "ranker.json").write_text("{}")
    with abandoned(tmp_path) as found:
        assert found == []  # the controller has not taken note yet
    with adopted(worker.path) as held:
        assert held
        long_ago(worker.path / "ended")
        with abandoned(tmp_path) as found:
            assert found == []
        with adopted(tmp_path / "elsewhere") as there:
            assert not there
    long_ago(worker.path / "ended")
    with abandoned(tmp_path) as found:
        assert found == [worker.path]  # the controller died, or could not save them


OWNER = """
import sys, time
from pathlib import Path
from tailgate.reporting.session_folder import SessionFolder

session = SessionFolder.begin(Path(sys.argv[1]))
(session.path / "ranker.json").write_text("{}")
print(session.id, flush=True)
time.sleep(60)
"""


def test_a_killed_sessions_runs_are_found_and_a_living_ones_are_not(tmp_path: Path) -> None:
    """SIGKILL leaves no chance to clean up: the lock is the kernel's, and goes with the process."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    with owner.stdout:
        session_id = owner.stdout.readline().strip()
        with abandoned(tmp_path) as found:
            assert found == []
        owner.send_signal(signal.SIGKILL)
        owner.wait(10)
    with abandoned(tmp_path) as found:
        assert [folder.name for folder in found] == [session_id]


def test_a_run_written_after_the_others_were_saved_is_still_unsaved(tmp_path: Path) -> None:
    """A worker may outlive its controller; the mark names files, so nothing is lost."""
    (tmp_path / "early.json").write_text("{}")
    mark_saved(unsaved(tmp_path))
    (tmp_path / "late.json").write_text("{}")
    assert [path.name for path in unsaved(tmp_path)] == ["late.json"]
    mark_saved(unsaved(tmp_path))
    assert unsaved(tmp_path) == []
    assert json.loads((tmp_path / "saved").read_text()) == ["early.json", "late.json"]


@pytest.mark.parametrize("mark", ["", "[", '{"a": 1}', "3", '[["early.json"]]'])
def test_a_damaged_mark_counts_as_none(mark: str, tmp_path: Path) -> None:
    """Better to save a run twice than never."""
    (tmp_path / "early.json").write_text("{}")
    (tmp_path / "saved").write_text(mark)
    assert [path.name for path in unsaved(tmp_path)] == ["early.json"]


def session_at(reports: Path, number: int, *, saved: bool = True) -> Path:
    """A folder as a session `number` seconds after midnight left it."""
    folder = reports / "runs" / f"20260101T{number // 3600:02}{number // 60 % 60:02}{number % 60:02}Z-{number:06x}"
    folder.mkdir(parents=True)
    for name in ("session.lock", "ranker.json", "ranker.samples", "ranker.connections", "report.html"):
        (folder / name).write_text("{}")
    if saved:
        mark_saved([folder / "ranker.json"])
    return folder


def test_samples_of_the_newest_sessions_and_runs_of_more_are_kept(tmp_path: Path) -> None:
    """20 sessions keep their samples, 100 their runs; older folders are gone. Benchmark JSON is never touched."""
    folders = [session_at(tmp_path, number) for number in range(SESSIONS_KEPT + 5)]
    benchmark = tmp_path / "benchmarks" / "Linux" / "0001_x.json"
    benchmark.parent.mkdir(parents=True)
    benchmark.write_text("{}")
    retire(tmp_path)
    assert [folder.exists() for folder in folders] == [False] * 5 + [True] * SESSIONS_KEPT
    kept = [(folder / "ranker.samples").exists() for folder in folders[5:]]
    assert kept == [False] * (SESSIONS_KEPT - SESSIONS_WITH_SAMPLES) + [True] * SESSIONS_WITH_SAMPLES
    assert kept == [(folder / "ranker.connections").exists() for folder in folders[5:]]
    assert all((folder / "ranker.json").exists() for folder in folders[5:])
    assert benchmark.exists()


def test_retention_spares_what_is_not_ours_not_saved_or_alive(tmp_path: Path) -> None:
    """Foreign folders and links, foreign files in our folders, unsaved runs, and the session of another process."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    with owner.stdout:
        alive = tmp_path / "runs" / owner.stdout.readline().strip()
        try:
            mark_saved([alive / "ranker.json"])
            alive = alive.rename(alive.with_name("20250101T000000Z-aaaaaa"))  # the oldest of all, and still alive
            (alive / "ranker.samples").write_text("x")
            unsaved_one = session_at(tmp_path, 1, saved=False)
            with_notes = session_at(tmp_path, 2)
            (with_notes / "notes.txt").write_text("why it was slow")
            foreign = tmp_path / "runs" / "my-own-runs"
            foreign.mkdir()
            (foreign / "keep.samples").write_text("x")
            (tmp_path / "runs" / "20250101T000000Z-bbbbbb").symlink_to(foreign)
            for number in range(10, 10 + SESSIONS_KEPT):
                session_at(tmp_path, number)
            retire(tmp_path)
        finally:
            owner.kill()
            owner.wait(10)
    assert (alive / "ranker.samples").exists()
    assert (unsaved_one / "ranker.samples").exists()
    assert [path.name for path in with_notes.iterdir()] == ["notes.txt"]
    assert (foreign / "keep.samples").exists()


def test_retention_of_reports_that_do_not_exist_does_nothing(tmp_path: Path) -> None:
    """A first session has no past."""
    retire(tmp_path / "reports")
    assert list(tmp_path.iterdir()) == []
