"""Any text in Markdown, as a Markdown parser and an HTML parser give it back."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tailgate.reporting.markdown_text import cut, folded, name, table, text, verbatim

GFM = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable(["table", "strikethrough"])
PRINTABLE = st.text(st.characters(exclude_categories=("Cs",), exclude_characters=[chr(c) for c in (*range(32), *range(0x7F, 0xA0))]))
NAMES = st.lists(PRINTABLE | st.sampled_from(["|", "`", "<script>", "</pre>", "\n", "\r\n", "**", "_", "\\", "&lt;", "[a](b)", "\t"])).map(
    "".join
)
ALLOWED = {"table", "thead", "tbody", "tr", "th", "td", "code", "details", "summary", "pre", "p", "strong"}


class Page(HTMLParser):
    """What a browser shows: the text of every element of one kind, and the names of all there are."""

    def __init__(self, kind: str, markdown: str) -> None:
        super().__init__()
        self.kind, self.texts, self.tags, self._open = kind, [], set(), 0
        self.feed(GFM.render(markdown))
        self.close()

    def handle_starttag(self, tag: str, attrs: list) -> None:
        """Begin another."""
        del attrs
        self.tags.add(tag)
        if tag == self.kind:
            self.texts.append("")
            self._open += 1

    def handle_endtag(self, tag: str) -> None:
        """It has ended."""
        self._open -= tag == self.kind

    def handle_data(self, data: str) -> None:
        """Add to what is open."""
        if self._open:
            self.texts[-1] += data


@given(names=st.lists(NAMES, min_size=2, max_size=2), rows=st.integers(1, 3))
@example(names=["a|b`c`<script>alert(1)</script>\n\n| --- |", "مرحبا \u202e" + "x" * 300], rows=2)
def test_a_table_has_the_names_in_it_and_nothing_of_theirs(names: list[str], rows: int) -> None:
    """Whatever they are made of, each is one cell's text, character by character, and no element comes of it."""
    page = Page("code", "".join(table(["one", " two"], [[name(one) for one in names]] * rows)) + "end\n")
    assert page.texts == names * rows
    assert page.tags <= ALLOWED


@given(summary=NAMES, lines=NAMES)
@example(summary="</summary>", lines="\n\n</pre>\n\n# no heading\n\n<script>")
def test_a_folded_block_shows_its_lines_as_they_are(summary: str, lines: str) -> None:
    """Blank lines, ends of elements and Markdown stay text; the block ends where it ends."""
    markdown = folded(name(summary), verbatim(lines)) + "after\n"
    page = Page("pre", markdown)
    (shown,) = page.texts
    assert shown == f"\n{lines}\n".replace("\r\n", "\n").replace("\r", "\n")
    assert page.tags <= ALLOWED
    assert Page("summary", markdown).texts == [summary]
    assert Page("p", markdown).texts[-1] == "after"


@given(words=st.text())
def test_no_text_breaks_a_line_or_the_encoding(words: str) -> None:
    """Control characters become pictures; lone surrogates, which no file can hold, the sign for that."""
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", text(words))
    text(words).encode()
    verbatim(words).encode()


@pytest.mark.parametrize("words", ["@octocat", "#1", ":smile:", "$x$", "https://example.com", "www.example.com", "~~a~~", "![a](b)"])
def test_what_github_reads_into_text_is_not_in_it(words: str) -> None:
    """Mentions, issues, emoji, mathematics, links, images: the character that begins each is a reference."""
    assert words not in text(words)
    assert Page("p", text(words)).texts == [words]


@given(pieces=st.lists(st.text("aä\n", max_size=30), max_size=30), most=st.integers(0, 400))
def test_what_is_cut_fits_and_says_so(pieces: list[str], most: int) -> None:
    """Whole pieces from the first on, never more bytes than there may be."""
    shown = cut(pieces, most, lambda count: f"{count} left\n")
    assert len(shown.encode()) <= most
    if shown != "".join(pieces) and shown:
        kept = len(pieces) - int(re.findall(r"(\d+) left\n\Z", shown)[0])
        assert shown.startswith("".join(pieces[:kept]))
        assert kept < len(pieces)
