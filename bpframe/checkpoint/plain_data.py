"""What callbacks and optimizers keep as JSON, with the arrays beside it, and back without loss."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from bpframe.errors import DataError
from bpframe.validation.mistakes import shortened
from bpframe.validation.plain_arrays import Array

__all__ = ["from_json", "to_json"]

#: What stands in the place of what JSON has not: an array by its name, a number that is not finite, and a mapping with
#: a key that could be one of these.
ARRAY, NUMBER, MAPPING = "$array", "$number", "$mapping"


def to_json(value: Any, place: str, arrays: dict[str, Array]) -> Any:
    """Return plain data as JSON has it, and put its arrays into `arrays` by their places."""
    if isinstance(value, np.ndarray):
        arrays[place] = value
        return {ARRAY: place}
    if isinstance(value, float) and not math.isfinite(value):
        return {NUMBER: repr(value)}
    if isinstance(value, list):
        return [to_json(each, f"{place}/{number}", arrays) for number, each in enumerate(value)]
    if isinstance(value, dict):
        found = {key: to_json(each, f"{place}/{key}", arrays) for key, each in value.items()}
        return {MAPPING: found} if any(key.startswith("$") for key in found) else found
    return value


def from_json(value: Any, arrays: Mapping[str, Array]) -> Any:
    """Return plain data from JSON. Errors: DataError (an array is missing, or something else stands there)."""
    if isinstance(value, list):
        return [from_json(each, arrays) for each in value]
    if not isinstance(value, dict):
        return value
    if not any(key.startswith("$") for key in value):
        return {key: from_json(each, arrays) for key, each in value.items()}
    ((key, found),) = value.items() if len(value) == 1 else (("", None),)
    if key == ARRAY and isinstance(found, str) and found in arrays:
        return arrays[found]
    if key == NUMBER and found in ("nan", "inf", "-inf"):
        return float(found)
    if key == MAPPING and isinstance(found, dict):
        return {name: from_json(each, arrays) for name, each in found.items()}
    raise DataError("what a callback or an optimizer keeps is damaged", received=shortened(value))
