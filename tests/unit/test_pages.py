"""The pages that people read first."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
DOCS = sorted(str(page.relative_to(PROJECT)) for page in (PROJECT / "docs").glob("*.md"))
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "reports/README.md", "benchmarks/README.md", *DOCS)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_no_gaps_left_to_fill_and_its_links_lead_somewhere(page: str) -> None:
    """No placeholder, no TODO; every relative link is a file of this repository, and a heading of it where it names one."""
    text = (PROJECT / page).read_text(encoding="utf-8")
    assert "@@" not in text
    assert not re.search(r"\b(TODO|FIXME|CHECK on)\b", text)
    for link, heading in re.findall(r"\]\((?!https?://)([^)#]*)(?:#([^)]+))?\)", text):
        there = (PROJECT / page).parent / link if link else PROJECT / page
        assert there.exists(), f"{page}: {link}"
        assert not heading or heading in anchors(there.read_text(encoding="utf-8")), f"{page}: {link}#{heading}"


def anchors(text: str) -> set[str]:
    """What a link may name of a page: its headings as GitHub writes them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


def test_the_first_page_is_short_and_leads_to_all_others() -> None:
    """A newcomer reads it in one go; it leads to the index of docs/, from which every page is one step."""
    readme, index = ((PROJECT / page).read_text(encoding="utf-8") for page in ("README.md", "docs/README.md"))
    assert len(readme.splitlines()) <= 250
    assert "](docs/README.md)" in readme
    assert {page for page in DOCS if f"]({Path(page).name})" not in index} <= {"docs/README.md"}


def test_every_command_is_in_the_table_of_commands() -> None:
    """A verb that docs/options.md lacks is not known to those who look there."""
    from tailgate.cli import VERBS

    table = (PROJECT / "docs" / "options.md").read_text(encoding="utf-8").partition("## Commands")[2]
    assert {f"| `{verb.name}` |" for verb in VERBS} == set(re.findall(r"^\| `\w+` \|", table, re.MULTILINE))


def test_every_dependency_is_justified() -> None:
    """Each direct dependency of pyproject.toml has its line in CONTRIBUTING, and an exact pin."""
    import tomllib

    named = [re.split(r"[\[>=<]", one)[0] for one in tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"]]
    contributing, pins = (PROJECT / "CONTRIBUTING.md").read_text(), (PROJECT / "requirements.txt").read_text()
    for package in named:
        assert re.search(rf"^\|[^|]*\b{re.escape(package)}\b", contributing, re.MULTILINE), package
        assert re.search(rf"^{re.escape(package)}(\[[^\]]*\])?==", pins, re.MULTILINE), package
