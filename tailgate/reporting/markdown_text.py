"""Any text in GitHub-flavoured Markdown, shown as it is: names are other people's, and mean nothing here.

Whatever Markdown, HTML or GitHub's own marks (mentions, emoji, mathematics, links) would take for theirs becomes a numeric
character reference, which means nothing but its character (CommonMark 0.31, 2.5). Control characters, which neither can carry,
become their pictures (U+2400 and on).
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence

_MEANS_SOMETHING = re.compile(r"[&<>|`*_\[\]\\~!#@:$\"\t\r\n]|(?<=www)\.", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NO_CHARACTER = re.compile(r"[\x80-\x9f\ud800-\udfff]")


def text(words: object) -> str:
    """Words within a line, a table's cell or a heading."""
    return _MEANS_SOMETHING.sub(lambda match: f"&#{ord(match[0])};", _printable(str(words)))


def name(words: object) -> str:
    """A name, set off as code; written from right to left, it keeps its direction to itself."""
    return f'<code dir="auto">{text(words)}</code>'


def verbatim(words: object) -> str:
    """Lines as they are, in a block of their own."""
    lines = html.escape(_printable(str(words).replace("\r\n", "\n").replace("\r", "\n")), quote=False)
    return f"<pre>\n{lines}\n</pre>\n\n"


def folded(summary: str, block: str) -> str:
    """A block behind a line that opens it. summary: Markdown made here, of `text` and `name`."""
    return f"<details><summary>{summary}</summary>\n\n{block}</details>\n\n"


def row(cells: Sequence[str]) -> str:
    """A line of a table. cells: Markdown made here."""
    return f"| {' | '.join(cells)} |\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table in pieces, one a line, so that it can be cut; nothing without rows. A head that begins with a blank stands to the right."""
    if not rows:
        return []
    rule = row(["--:" if cell.startswith(" ") else "---" for cell in head])
    return [row([cell.strip() for cell in head]) + rule + row(rows[0]), *map(row, rows[1:]), "\n"]


def cut(pieces: Sequence[str], most_bytes: int, said: Callable[[int], str]) -> str:
    """As many of the pieces, from the first on, as fit into so many bytes of UTF-8. said: what stands for the rest, so many pieces."""
    whole = "".join(pieces)
    if len(whole.encode()) <= most_bytes:
        return whole
    room, kept = most_bytes - len(said(len(pieces)).encode()) - 1, 0
    for piece in pieces:
        room -= len(piece.encode())
        if room < 0:
            break
        kept += 1
    end = f"\n{said(len(pieces) - kept)}"
    return "".join([*pieces[:kept], end]) if len(end.encode()) <= most_bytes else ""


def _printable(words: str) -> str:
    pictured = _CONTROL.sub(lambda match: "␡" if match[0] == "\x7f" else chr(0x2400 + ord(match[0])), words)
    return _NO_CHARACTER.sub("�", pictured)
