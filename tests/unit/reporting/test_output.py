"""Where commands write: refused ahead where it cannot be, whole or absent where it can."""

from __future__ import annotations

from pathlib import Path

import pytest

from tailgate.errors import PlanError
from tailgate.reporting.output import check_output, output


def test_an_output_is_checked_before_there_is_anything_to_write(tmp_path: Path):
    """Nobody measures for ten minutes to learn of a folder that is not there."""
    for fine in (None, "-", tmp_path / "new.json", "/dev/null"):
        check_output(fine)
    with pytest.raises(PlanError, match="is a folder"):
        check_output(tmp_path)
    with pytest.raises(PlanError, match="there is no folder"):
        check_output(tmp_path / "absent" / "x.json")


def test_a_file_appears_when_it_is_complete(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """An error in between leaves what was there, and no temporary file; `-` is standard output."""
    path = tmp_path / "out.json"
    with output(str(path)) as file:
        file.write("one")
    with pytest.raises(TypeError), output(str(path)) as file:
        file.write(2)  # type: ignore[arg-type]  # whatever goes wrong while it is written
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]
    with output("-") as file:
        file.write("shown")
    assert capsys.readouterr().out == "shown"
