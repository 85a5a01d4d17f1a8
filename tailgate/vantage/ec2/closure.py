"""Closure: the distributions that a host needs, of what is installed here: the generator's, the agent's, and what these need."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution

ROOTS = ("boto3", "cryptography", "filelock", "httptools", "locust", "numpy", "psutil", "trustme")
"""What agent, generator and the null responder import themselves. A test runs them from the bundle alone."""

_REQUIREMENT = re.compile(r"\s*(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[(?P<extras>[^\]]*)\])?[^;]*(?:;(?P<marker>.*))?", re.ASCII | re.DOTALL)
_EXTRA = re.compile(r"extra\s*==\s*['\"]([\w.-]+)['\"]")


def closure(roots: Iterable[str] = ROOTS) -> Mapping[str, Distribution]:
    """By normal name, sorted. What one requires is taken if it is installed: a marker that does not hold here left it out.

    Raises PackageNotFoundError for a root that is not installed.
    """
    found: dict[str, Distribution] = {normal(root): distribution(root) for root in roots}
    to_see: list[tuple[str, frozenset[str]]] = [(name, frozenset()) for name in found]
    seen = set(to_see)
    while to_see:
        name, extras = to_see.pop()
        for required, its_extras in requirements(found[name].requires or (), extras):
            try:
                found[required] = found.get(required) or distribution(required)
            except PackageNotFoundError:
                continue
            if (required, its_extras) not in seen:
                seen.add((required, its_extras))
                to_see.append((required, its_extras))
    return dict(sorted(found.items()))


def requirements(texts: Iterable[str], extras: frozenset[str]) -> Iterable[tuple[str, frozenset[str]]]:
    """What a distribution with these extras requires: normal names, with the extras asked of each. Markers but for `extra` are passed over.

    Source: https://packaging.python.org/en/latest/specifications/dependency-specifiers/
    """
    for text in texts:
        read = _REQUIREMENT.match(text)
        if read is None:
            continue
        of_extras = set(map(normal, _EXTRA.findall(read["marker"] or "")))
        if not of_extras or of_extras & extras:
            yield normal(read["name"]), frozenset(normal(each) for each in (read["extras"] or "").split(",") if each.strip())


def normal(name: str) -> str:
    """A distribution's name as all spellings of it are one."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()
