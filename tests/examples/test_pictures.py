"""README's pictures: how the terminal's are drawn, and that those which are there are small, shown, and say what they are of."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET  # of what rich wrote here

import pytest

from docs.pictures import draw
from tests.examples.vouching import PROJECT

TOLD = """\
collected 1 item
================================= tail latency =================================

\x1b[1mcase              \x1b[0m\x1b[1m  n\x1b[0m  verdict
smoke-ml.m5.large  560  \x1b[32memulated PASS*\x1b[0m
\x1b[2memulated: no statement about AWS & <none>\x1b[0m
runs and samples: reports/runs/20261126T184442Z-31c260
"""


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_end_of_a_session_is_drawn_with_its_colours_and_fetches_nothing(mode: str) -> None:
    """The table and what stands beneath it; no path, no font from elsewhere."""
    svg = draw.terminal_svg(TOLD, mode)
    shown = "\n".join(ET.fromstring(svg).itertext()).replace("\xa0", " ")  # noqa: S314  # rich wrote it here
    assert "smoke-ml.m5.large" in shown
    assert "emulated: no statement about AWS & <none>" in shown
    assert "runs and samples" not in shown
    assert not re.search(r"url\((?!#)|href|@font-face", svg)
    colours = re.findall(r"tailgate-r\d+ \{ fill: (#\w+)", svg)
    assert len(set(colours)) >= 3


def test_a_picture_is_small_or_is_not_kept(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an empty one, which a browser that failed would leave, nor a large one."""
    folder = tmp_path_factory.mktemp("pictures")
    monkeypatch.setattr(draw, "PROJECT", folder)
    for content in (b"", b"x" * (draw.MOST_BYTES + 1)):
        with pytest.raises(ValueError, match="draw less"):
            draw.keep(folder / "one.svg", content)
    draw.keep(folder / "one.svg", b"x")
    assert [path.name for path in folder.iterdir()] == ["one.svg"]


def test_the_pictures_of_the_readme_are_small_and_say_what_they_are_of() -> None:
    """Each that it shows is there and has what people who do not see it read; the page beside them names date and commit."""
    readme, origin = ((PROJECT / page).read_text(encoding="utf-8") for page in ("README.md", "docs/pictures/README.md"))
    shown = set(re.findall(r'(?:src|srcset)="(docs/pictures/[^"]+)"', readme))
    drawn = {str(path.relative_to(PROJECT)) for path in draw.HERE.iterdir() if path.suffix in (".svg", ".webp")}
    assert shown == drawn
    assert all((PROJECT / path).stat().st_size <= draw.MOST_BYTES for path in drawn)
    assert all(re.search(r'alt="[^"]{20,}"', image) for image in re.findall(r"<img .*?>", readme))
    assert re.search(r"on \d{4}-\d\d-\d\d from a session of commit [0-9a-f]{12}", origin)
