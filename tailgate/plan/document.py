"""Document: a plan file as TOML, kept to what can be read, shown and sent on."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from tailgate.errors import PlanError
from tailgate.plan.checks import LARGEST_SEED, shown

DEEPEST = 50
"""How deeply tables and lists may lie in one another; a plan needs six, and Python reads only so many."""


def read_document(path: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises PlanError naming the file, and where it can the key."""
    try:
        document = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise PlanError(f"plan {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise PlanError(f"plan {path} is not UTF-8: byte {error.start} is 0x{error.object[error.start]:02x}; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"plan {path} is not TOML: {error}") from None
    except RecursionError:
        raise PlanError(f"plan {path}: its tables or lists are nested too deeply to be read; at most {DEEPEST} deep is allowed") from None
    except ValueError as error:  # tomllib asks int for what may have 5000 digits
        raise PlanError(f"plan {path}: a number in it cannot be read ({error}); whole numbers have 64 bits at most") from None
    _check_values(document, path)
    return document


def _check_values(document: dict[str, Any], path: Path) -> None:
    """Refuse what TOML does not promise to keep, and depths that break what prints it. Without recursion, for that reason."""
    left: list[tuple[str, object, int]] = [("", document, 0)]
    while left:
        key, value, depth = left.pop()
        if depth > DEEPEST:
            raise PlanError(f"{path}: {key.split('.')[0]} is nested more than {DEEPEST} deep; a plan needs six")
        if isinstance(value, int) and not -LARGEST_SEED - 1 <= value <= LARGEST_SEED:
            raise PlanError(f"{path}: {key} is {shown(value)}; whole numbers in TOML have 64 bits at most")
        if isinstance(value, dict):
            left += [(f"{key}.{name}".lstrip("."), inner, depth + 1) for name, inner in value.items()]
        elif isinstance(value, list):
            left += [(f"{key}[{number}]", inner, depth + 1) for number, inner in enumerate(value, 1)]
