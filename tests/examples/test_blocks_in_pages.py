"""What pages show to be copied, beside commands: Python runs, and plans are read as plans."""

from __future__ import annotations

import ast
import importlib
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tailgate.plan.plan_file import read_plan
from tests.examples.shell import blocks_of
from tests.examples.vouching import PROJECT
from tests.unit.test_pages import PAGES

PYTHON = [(page, block) for page in PAGES for block in blocks_of((PROJECT / page).read_text(encoding="utf-8"), "python")]
PYTHON_OF = {page: [block for of, block in PYTHON if of == page] for page in PAGES}
TOML = [(page, block) for page in PAGES for block in blocks_of((PROJECT / page).read_text(encoding="utf-8"), "toml")]


@pytest.mark.parametrize(("page", "block"), PYTHON, ids=[f"{page}: {block.splitlines()[0][:60]}" for page, block in PYTHON])
def test_python_in_a_page_compiles_and_imports_what_there_is(page: str, block: str) -> None:
    """A renamed module or name breaks the page that still imports the old one; what a page's other blocks define is theirs."""
    for node in ast.walk(ast.parse(block, page)):
        if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == "tailgate":
            module = importlib.import_module(str(node.module))
            for alias in node.names:
                assert hasattr(module, alias.name) or importlib.import_module(f"{node.module}.{alias.name}")


@pytest.mark.parametrize("page", dict.fromkeys(page for page, _ in PYTHON))
def test_python_in_a_page_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Block after block, as one who reads on would have it: names of earlier blocks, of README's suite and of the reader's own arrays.

    What begins with the name of its file is that module to the blocks after it. Tests among them are defined here, and run in
    tests/emulated/test_commands_run.py and test_gating.py.
    """
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    known: dict[str, Any] = {"__name__": "page", "__file__": str(tmp_path / "test_page.py")} | _of_the_reader()
    for block in PYTHON_OF["README.md"][:1] + PYTHON_OF[page]:
        named = re.match(r"# (test_\w+)\.py\n", block)
        if named is not None:
            (tmp_path / f"{named[1]}.py").write_text(block, encoding="utf-8")
            known |= vars(importlib.import_module(named[1]))
        else:
            exec(compile(block, page, "exec"), known)  # noqa: S102  # our own pages
    for name in {name for name in set(sys.modules) - before if name.startswith("test_")}:
        del sys.modules[name]


def _of_the_reader() -> dict[str, Any]:
    """What a page takes for granted that its reader has: counts per second, the like of earlier runs, requests of two arms, p99s."""
    random = np.random.default_rng(1)
    requests, exceedances = np.full(60, 50), np.zeros(60, dtype=int)
    arm, response_s = random.integers(0, 2, 4000), 0.02 * np.exp(0.3 * random.standard_normal(4000))
    arrays = {"requests": requests, "exceedances": exceedances, "earlier": [(requests, exceedances)] * 5}
    p99s = {"previous_p99_s": [0.04] * 6, "newest_p99_s": 0.05, "repeated_p99_s": 0.05}
    return {**arrays, "arm": arm, "response_s": response_s, **p99s}


@pytest.mark.parametrize(("page", "block"), TOML, ids=[f"{page}: {block.splitlines()[0][:60]}" for page, block in TOML])
def test_a_plan_in_a_page_is_a_plan(page: str, block: str, tmp_path: Path) -> None:
    """The reader of plan files takes it, with this repository's payloads beside it; a part of a plan has the rest of one added."""
    rest = "" if "[[experiment]]" in block else _REST
    shutil.copytree(PROJECT / "fixtures" / "payloads", tmp_path / "payloads")
    (tmp_path / "plan.toml").write_text(f"{block}\n{rest}", encoding="utf-8")
    assert read_plan(tmp_path / "plan.toml").experiments, page


_REST = """
[[experiment]]
name = "smoke"
question = "Does it work?"
endpoint = "ranker"
model = "constant"
instance_types = ["ml.m5.large"]
payload = "payloads/four-floats.json"
load = { per_s = 100, for_s = 10 }
budget = ["p50 <= 40ms"]
"""
