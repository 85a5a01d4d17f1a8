"""The page on Python tells of every public name, as the code has it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest

import tailgate
from tests.examples.public_names import FUNCTIONS, HANDED_OUT, error_classes, offers, public_classes, signature
from tests.examples.vouching import PROJECT

PAGE = (PROJECT / "docs" / "api.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### ([\w.]+)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
"""What stands under each heading of the third level."""


def spans(text: str) -> list[str]:
    """What stands in backticks, blocks aside."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def missing(name: str, owner: type, section: str) -> Iterator[str]:
    """What the section does not tell of the class: methods with their arguments, properties and fields by name."""
    told = spans(section)
    for offered in offers(owner):
        one: Any = inspect.getattr_static(owner, offered)
        called = getattr(owner, offered) if isinstance(one, classmethod | staticmethod) else one
        as_written = offered if isinstance(one, property) or not callable(called) else signature(offered, called)
        if not any(span == as_written or span.endswith(f".{as_written}") for span in told):
            yield f"{name}: `{as_written}`"


@pytest.mark.parametrize("name", sorted(set(tailgate.__all__) - set(public_classes())))
def test_a_constant_is_told_of(name: str) -> None:
    """By name."""
    assert name in spans(PAGE)


@pytest.mark.parametrize(("name", "owner"), public_classes().items(), ids=public_classes())
def test_a_class_is_told_of_with_how_it_is_made_and_what_it_has(name: str, owner: type) -> None:
    """A renamed argument, a changed default or a new method that the page lacks breaks this."""
    section = SECTIONS[name]
    if owner not in HANDED_OUT and not getattr(owner, "_is_protocol", False):
        assert signature(name, owner) in spans(section)
    assert list(missing(name, owner, section)) == []


@pytest.mark.parametrize(("name", "function"), FUNCTIONS.items(), ids=FUNCTIONS)
def test_a_plain_function_is_told_of_with_its_arguments(name: str, function: Any) -> None:
    """The verdicts that others may call."""
    assert signature(name, function) in spans(SECTIONS[name])


def test_every_error_is_told_of() -> None:
    """By name, in the table of errors."""
    table = PAGE.partition("## Errors")[2].partition("\n## ")[0]
    assert set(error_classes()) <= set(spans(table))


def test_the_page_tells_of_nothing_that_is_not_there() -> None:
    """Each heading is a public name."""
    assert set(SECTIONS) == set(public_classes()) | set(FUNCTIONS)


def test_a_name_that_the_page_lacks_is_found() -> None:
    """The check can fail: a method whose argument was renamed, and one that is new."""
    assert list(missing("Case", tailgate.Case, SECTIONS["Case"].replace("via(network_path)", "via(path)"))) == ["Case: `via(network_path)`"]
    assert "Limit: `quantile`" in list(missing("Limit", tailgate.Limit, ""))
