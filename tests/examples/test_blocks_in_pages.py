"""What pages show to be copied, beside commands: Python compiles and imports what there is, and plans are read as plans."""

from __future__ import annotations

import ast
import importlib
import shutil
from pathlib import Path

import pytest

from tailgate.plan.plan_file import read_plan
from tests.examples.shell import blocks_of
from tests.examples.vouching import PROJECT
from tests.unit.test_pages import PAGES

PYTHON = [(page, block) for page in PAGES for block in blocks_of((PROJECT / page).read_text(encoding="utf-8"), "python")]
TOML = [(page, block) for page in PAGES for block in blocks_of((PROJECT / page).read_text(encoding="utf-8"), "toml")]


@pytest.mark.parametrize(("page", "block"), PYTHON, ids=[f"{page}: {block.splitlines()[0][:60]}" for page, block in PYTHON])
def test_python_in_a_page_compiles_and_imports_what_there_is(page: str, block: str) -> None:
    """A renamed module or name breaks the page that still imports the old one; what a page's other blocks define is theirs."""
    for node in ast.walk(ast.parse(block, page)):
        if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == "tailgate":
            module = importlib.import_module(str(node.module))
            for alias in node.names:
                assert hasattr(module, alias.name) or importlib.import_module(f"{node.module}.{alias.name}")


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
