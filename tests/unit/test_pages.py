"""The pages that people read first."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "reports/README.md", "benchmarks/README.md")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_no_gaps_left_to_fill_and_its_links_lead_somewhere(page: str) -> None:
    """No placeholder, no TODO; every relative link is a file of this repository."""
    text = (PROJECT / page).read_text(encoding="utf-8")
    assert "@@" not in text
    assert not re.search(r"\b(TODO|FIXME|CHECK on)\b", text)
    for link in re.findall(r"\]\((?!https?://|#)([^)#]+)\)", text):
        assert ((PROJECT / page).parent / link).exists(), f"{page}: {link}"


def test_every_dependency_is_justified() -> None:
    """Each direct dependency of pyproject.toml has its line in CONTRIBUTING, and an exact pin."""
    import tomllib

    named = [re.split(r"[\[>=<]", one)[0] for one in tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"]]
    contributing, pins = (PROJECT / "CONTRIBUTING.md").read_text(), (PROJECT / "requirements.txt").read_text()
    for package in named:
        assert re.search(rf"^\|[^|]*\b{re.escape(package)}\b", contributing, re.MULTILINE), package
        assert re.search(rf"^{re.escape(package)}(\[[^\]]*\])?==", pins, re.MULTILINE), package
