"""Numbers from numbers alone: what pydantic would make one of, `true` or "3", was meant to be something else."""

from __future__ import annotations

from typing import Any

from pydantic_core import CoreSchema, PydanticCustomError, core_schema

__all__ = ["NOT_A_NUMBER", "strict_numbers"]

#: The type of pydantic's error for a truth value or a text in the place of a number.
NOT_A_NUMBER = "not_a_number"

# Where a core schema keeps the schemas that it is made of.
_PARTS = ("schema", "fields", "choices", "items_schema", "keys_schema", "values_schema", "steps",
          "extras_schema", "lax_schema", "strict_schema", "json_schema", "python_schema")  # fmt: skip


def strict_numbers(schema: CoreSchema) -> CoreSchema:
    """Return a model's core schema in which every number, however deep, refuses truth values and texts.

    NumPy's integers and floats are numbers, and a whole float is an integer. Other models inside keep their own rules.
    """
    changed: CoreSchema = _changed(schema)
    return changed


def _changed(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(map(_changed, value))
    if not isinstance(value, dict):
        return value
    kind = value.get("type")
    if not isinstance(kind, str):  # fields or choices by name
        return {name: _changed(each) for name, each in value.items()}
    if kind in ("int", "float"):
        return core_schema.no_info_before_validator_function(_number, value)
    if kind == "literal" and _is_of_numbers(value["expected"]):
        return core_schema.no_info_before_validator_function(_no_truth_value, value)
    if kind == "function-before" and value["function"]["function"] in (_number, _no_truth_value):
        return value
    return {key: _changed(each) if key in _PARTS else each for key, each in value.items()}


def _is_of_numbers(values: list[Any]) -> bool:
    """Whether some of the values are numbers, and none is a truth value."""
    return any(isinstance(each, int | float) for each in values) and not any(isinstance(each, bool) for each in values)


def _number(value: Any) -> Any:
    if isinstance(value, str | bytes | bytearray) or _dtype_kind(value) in "SUc":
        raise PydanticCustomError(NOT_A_NUMBER, "a number")
    return _no_truth_value(value)


def _no_truth_value(value: Any) -> Any:
    if isinstance(value, bool) or _dtype_kind(value) == "b":
        raise PydanticCustomError(NOT_A_NUMBER, "a number")
    return value


def _dtype_kind(value: Any) -> str:
    """Return the kind of number that NumPy's scalars and arrays hold; `i` for what is none of them."""
    return str(getattr(getattr(value, "dtype", None), "kind", "i"))
