"""Model servers as programs on disk."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.targets.model_servers import SERVER


@pytest.fixture
def server(tmp_path: Path) -> Callable[..., str]:
    """The command of a model server; `before`: what it does before it serves."""

    def write(before: str = "", name: str = "serve.py") -> str:
        script = tmp_path / name
        script.write_text(SERVER.replace("BEFORE", before))
        return f"{sys.executable} {script}"

    return write
