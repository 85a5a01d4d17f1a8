"""The README's pictures, made from a real session: `make pictures`. Writes beside this file, and says there of which commit they are.

The end of the session as a terminal shows it becomes SVG by rich; the top of its page WebP by Chromium, which has to be installed. Each in
light and dark, and none of more than MOST_BYTES. Words after the command go to pytest, such as `-k smoke`.
"""

from __future__ import annotations

import base64
import html
import io
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich import terminal_theme
from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
MOST_BYTES = 150_000
WIDTH, HEIGHT = 1200, 1400
"""Of the page's picture, in CSS pixels."""

_THEMES = {"light": terminal_theme.DEFAULT_TERMINAL_THEME, "dark": terminal_theme.DIMMED_MONOKAI}
_PREFERRED = {"light": 1, "dark": 0}
"""Chromium's numbers of what a page is told that its reader prefers."""

_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_TO_WEBP = """<pre id=webp></pre><script>
function convert(png) {{
  const canvas = document.createElement("canvas");
  canvas.width = png.naturalWidth; canvas.height = png.naturalHeight;
  canvas.getContext("2d").drawImage(png, 0, 0);
  document.getElementById("webp").textContent = canvas.toDataURL("image/webp", 0.72);
}}
</script><img onload="convert(this)" src="data:image/png;base64,{png}">"""


def main(arguments: list[str]) -> int:
    """Measure, draw, and say what was drawn. Returns pytest's exit code, and draws nothing where it is not 0."""
    browser = next((found for name in _CHROMIUM if (found := shutil.which(name))), None)
    if browser is None:
        print("no Chromium is installed, which draws the page; on Debian: apt-get install chromium", file=sys.stderr)
        return 4
    with tempfile.TemporaryDirectory(prefix="tailgate-pictures-") as scratch:
        folder = Path(scratch)
        code, told = measured(folder / "reports", arguments)
        if code:
            print(told, file=sys.stderr)
            return code
        for mode in _THEMES:
            keep(HERE / f"terminal-{mode}.svg", terminal_svg(told, mode).encode())
            keep(HERE / f"report-{mode}.webp", page_webp(browser, folder / "reports" / "report.html", folder, mode))
    (HERE / "README.md").write_text(origin(arguments), encoding="utf-8")
    return 0


def measured(reports: Path, arguments: list[str]) -> tuple[int, str]:
    """Run this repository's own suite; its exit code, and what it said with colours."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-m",
        "latency",
        "tests/latency",
        "--latency-reports",
        str(reports),
        "--color=yes",
        *arguments,
    ]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.replace(str(reports), "reports")


def terminal_svg(told: str, mode: str) -> str:
    """The table at the end of a session, as SVG that fetches nothing."""
    _, _, end = told.partition("= tail latency =")
    lines = end.partition("\n\n")[2].split("\nruns and samples:")[0].splitlines()
    lines.append("")  # else rich cuts the last one's descenders off
    text = Text("\n").join(Text.from_ansi(line) for line in lines)
    width = max(line.cell_len for line in text.split())
    console = Console(record=True, width=width + 1, file=io.StringIO(), color_system="truecolor", force_terminal=True)
    console.print(text, soft_wrap=True)
    return _FONT_FACE.sub("", console.export_svg(title="pytest -m latency", theme=_THEMES[mode], unique_id="tailgate"))


def page_webp(browser: str, page: Path, scratch: Path, mode: str) -> bytes:
    """The top of a page, as Chromium draws it; WebP, for Chromium's own PNG is three times as large."""
    png, converter = scratch / f"{mode}.png", scratch / "converter.html"
    size = (f"--window-size={WIDTH},{HEIGHT}", "--virtual-time-budget=10000")
    _chromium(browser, f"--screenshot={png}", *size, f"--blink-settings=preferredColorScheme={_PREFERRED[mode]}", page.as_uri())
    converter.write_text(_TO_WEBP.format(png=base64.b64encode(png.read_bytes()).decode()), encoding="utf-8")
    shown = _chromium(browser, "--dump-dom", "--virtual-time-budget=10000", converter.as_uri())
    _, _, encoded = shown.partition("data:image/webp;base64,")
    return base64.b64decode(html.unescape(encoded.partition("<")[0]))


def keep(path: Path, content: bytes) -> None:
    """Write a picture that is small enough. Raises ValueError for one that is not."""
    if not 0 < len(content) <= MOST_BYTES:
        raise ValueError(f"{path.name} has {len(content)} bytes, and may have {MOST_BYTES}; draw less of the page")
    path.write_bytes(content)
    print(f"{path.relative_to(PROJECT)}: {len(content)} bytes")


def origin(arguments: list[str]) -> str:
    """What the pictures are of, as a page."""
    commit = _git(
        "log", "-1", "--abbrev=12", "--format=%h", "--", "tailgate", "fixtures", "tests/latency"
    )  # the last that changes what ran
    command = " ".join(("make pictures", *([f'ARGS="{" ".join(arguments)}"'] if arguments else [])))
    return f"""# Pictures

Made by `{command}`
on {datetime.now(UTC):%Y-%m-%d} from a session of commit {commit}: cases of the plan on the emulated target, statements about made-up
service times and none about AWS. Not made in CI; make them again when the table or the page looks different.
"""


def _chromium(browser: str, *arguments: str) -> str:
    command = [browser, "--headless=new", "--no-sandbox", "--hide-scrollbars", "--disable-gpu", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(PROJECT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
