"""Numbers from numbers alone, truth values from truth values alone, lists from what has an order.

What pydantic would make one of, `true` or "3" of a number, "no" or 1 of a truth value, the fields of a component that
stands where a list of them belongs, was meant to be something else.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError, core_schema

from bpframe.errors import SpecError

__all__ = ["NOT_A_NUMBER", "NOT_A_TRUTH_VALUE", "checked_truth", "meant_truth", "strict_numbers"]

#: The type of pydantic's error for a truth value or a text in the place of a number.
NOT_A_NUMBER = "not_a_number"

#: The type of pydantic's error for a number or a text in the place of a truth value.
NOT_A_TRUTH_VALUE = "not_a_truth_value"

_WORDS = dict.fromkeys(("true", "yes", "y", "on", "1", "1.0"), True)
_WORDS |= dict.fromkeys(("false", "no", "n", "off", "0", "0.0"), False)

# Where a core schema keeps the schemas that it is made of.
_PARTS = ("schema", "fields", "choices", "items_schema", "keys_schema", "values_schema", "steps",
          "extras_schema", "lax_schema", "strict_schema", "json_schema", "python_schema")  # fmt: skip


def strict_numbers(schema: CoreSchema) -> CoreSchema:
    """Return a model's core schema in which every number, however deep, refuses truth values and texts.

    A truth value refuses numbers and texts, likewise. NumPy's truth values are truth values, its integers and floats
    are numbers, and a whole float is an integer. A list or tuple refuses models, which pydantic would take for the list
    of their fields, and sets, whose order is none. Other models inside keep their own rules.
    """
    changed: CoreSchema = _changed(schema)
    return changed


def meant_truth(value: Any) -> bool | None:
    """Return what was meant by a word or a number in the place of a truth value, or None where that is not plain."""
    return _WORDS.get(str(value).strip().lower())


def checked_truth(name: str, value: Any) -> bool:
    """Return the truth value of a setting. Raises SpecError for anything but True and False, as a spec's fields do."""
    if isinstance(value, bool) or (_dtype_kind(value) == "b" and value.ndim == 0):
        return bool(value)
    meant = meant_truth(value)
    hint = None if meant is None else f"write {name}={meant}"
    raise SpecError(f"{name} is neither True nor False", expected="True or False", received=repr(value)[:60], hint=hint)


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
    if kind == "bool":
        return core_schema.no_info_before_validator_function(_truth_value, value)
    if kind == "literal" and _is_of_numbers(value["expected"]):
        return core_schema.no_info_before_validator_function(_no_truth_value, value)
    if kind == "literal" and any(isinstance(each, bool) for each in value["expected"]):
        return core_schema.no_info_before_validator_function(_text_or_truth_value, value)
    if kind == "function-before" and value["function"]["function"] in _CHECKS:
        return value
    changed: Any = {key: _changed(each) if key in _PARTS else each for key, each in value.items()}
    if kind in ("tuple", "list"):
        return core_schema.no_info_before_validator_function(_in_order, changed)
    return changed


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


def _truth_value(value: Any) -> bool:
    if isinstance(value, bool) or (_dtype_kind(value) == "b" and value.ndim == 0):
        return bool(value)
    raise PydanticCustomError(NOT_A_TRUTH_VALUE, "true or false")


def _text_or_truth_value(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else _truth_value(value)


def _in_order(value: Any) -> Any:
    if isinstance(value, BaseModel | set | frozenset):
        raise PydanticKnownError("tuple_type")
    return value


_CHECKS = (_number, _no_truth_value, _truth_value, _text_or_truth_value, _in_order)


def _dtype_kind(value: Any) -> str:
    """Return the kind of number that NumPy's scalars and arrays hold; `i` for what is none of them."""
    return str(getattr(getattr(value, "dtype", None), "kind", "i"))
