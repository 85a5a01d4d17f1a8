"""The table of options is the parser's own: every option, with its argument, and none that is not there."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping

import pytest

from tests.examples.vouching import PROJECT

PAGE = (PROJECT / "docs" / "options.md").read_text(encoding="utf-8")


def options_in(page: str) -> dict[str, tuple[str, str]]:
    """By option, its argument as the first column writes it, and what the second says of its row."""
    rows = re.findall(r"^\| (`--latency-.*?) \| (.*) \|$", page.replace("\\|", "¦"), re.MULTILINE)
    spans = [(span, meaning) for cell, meaning in rows for span in re.findall(r"`(--latency-[^`]*)`", cell)]
    return {span.partition(" ")[0]: (span.partition(" ")[2].replace("¦", "|"), meaning) for span, meaning in spans}


@pytest.fixture
def real(pytester: pytest.Pytester) -> Mapping[str, argparse.Action]:
    """The plugin's options as they were declared, by name."""
    config = pytester.parseconfig("-p", "no:cacheprovider")
    (group,) = (group for group in config._parser._groups if group.name == "tailgate")
    return {option.names()[0]: option._action for option in group.options}


def test_every_option_is_in_the_table_with_its_argument(real: Mapping[str, argparse.Action]) -> None:
    """A new option, a renamed one, or another argument breaks this."""
    arguments = {name: "" if of.nargs == 0 else "|".join(of.choices or ()) or of.metavar for name, of in real.items()}
    assert {name: argument for name, (argument, _) in options_in(PAGE).items()} == arguments


def test_what_may_be_repeated_is_said_to_be(real: Mapping[str, argparse.Action]) -> None:
    """And nothing else is."""
    repeated = {name for name, of in real.items() if isinstance(of, argparse._AppendAction)}
    assert {name for name, (_, meaning) in options_in(PAGE).items() if "may be repeated" in meaning} == repeated


def test_what_the_ini_file_may_say_is_said(pytester: pytest.Pytester) -> None:
    """The names of its keys."""
    keys = {key for key in pytester.parseconfig()._parser._inidict if key.startswith("latency_")}
    assert set(re.findall(r"ini: `(latency_\w+)`", PAGE)) == keys


def test_a_missing_row_is_found(real: Mapping[str, argparse.Action]) -> None:
    """The table is read: without one of its rows an option is missing."""
    less = re.sub(r"^\| `--latency-no-floor`.*\n", "", PAGE, flags=re.MULTILINE)
    assert set(real) - set(options_in(less)) == {"--latency-no-floor"}
