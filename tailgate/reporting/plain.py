"""Plain values: what strict JSON can hold, from records made of dataclasses, enums and numpy."""

from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"


def plain(value: object) -> Plain:
    """The plain form: enums by name, dataclasses and mappings as dicts, other iterables as lists.

    A number that is infinite or not a number becomes None: JSON has no word for it. Whatever else it may be
    (a path, a time) becomes its text.
    """
    if isinstance(value, enum.Enum):
        return value.name
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return str(value)
