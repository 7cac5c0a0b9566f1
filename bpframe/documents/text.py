"""The three file types of specs, each as a text that is read and written."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomli_w

from bpframe.documents.bounds import MOST_DEPTH, MOST_VALUES, too_deep, within_bounds
from bpframe.documents.yaml_text import dump_yaml, finite, parse_yaml
from bpframe.errors import SpecFileError

__all__ = ["SUFFIXES", "dump_text", "parse_text", "suffix_of"]


def suffix_of(path: Path) -> str:
    """Return the file type of a spec, by the end of its name.

    Errors: SpecFileError.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise SpecFileError(
            f"{path}: the name does not end like a spec's", expected=", ".join(SUFFIXES), received=suffix or "no ending"
        )
    return suffix


def parse_text(text: str, suffix: str, where: str) -> Any:
    """Return the value that a text of a file type stands for; `where` is how messages call the text.

    Errors: SpecFileError.
    """
    try:
        value = SUFFIXES[suffix][0](text.removeprefix("\ufeff"), where)
    except RecursionError:
        raise too_deep(where) from None
    except ValueError as error:
        raise SpecFileError(f"{where}: {error}") from None
    within_bounds(value, where)
    if value is None or value == {}:
        raise SpecFileError(f"{where} is empty", expected="a spec, which begins with network:")
    return value


def dump_text(value: dict[str, Any], suffix: str) -> str:
    """Return a document as a text of a file type, such that `parse_text` gives it back."""
    return SUFFIXES[suffix][1](value)


def _parse_json(text: str, where: str) -> Any:
    if not text.strip():
        return None

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                parse_yaml(text, where)  # JSON is YAML, whose reader knows the line and column
                raise SpecFileError(f"{where}: the key '{key}' stands there twice")
            found[key] = value
        return found

    try:
        return json.loads(text, object_pairs_hook=once, parse_float=finite)
    except json.JSONDecodeError as error:
        place = f"{where}, line {error.lineno}, column {error.colno}"
        raise SpecFileError(f"{place}: {error.msg}", expected="JSON") from None


# A key of names with points between them, and what else looks like one.
_DOTTED = re.compile(r"[\w\-. \t\"']+")

_LONG_KEY = 2


def _parse_toml(text: str, where: str) -> Any:
    # The time that the standard library takes for a key grows with the square of the number of its names.
    long = [count for found in _DOTTED.finditer(text) if (count := found[0].count(".")) > _LONG_KEY]
    if max(long, default=0) > MOST_DEPTH or sum(long) > MOST_VALUES:
        raise too_deep(where)
    try:
        return tomllib.loads(
            text, parse_float=lambda number: float(number) if number.endswith(("inf", "nan")) else finite(number)
        )
    except tomllib.TOMLDecodeError as error:
        raise SpecFileError(f"{where}: {error}", expected="TOML") from None


def _dump_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _dump_toml(value: dict[str, Any]) -> str:
    lost = _first_none(value, "")
    if lost is not None:
        raise SpecFileError(f"{lost} is null, which TOML cannot say", hint="write the spec as YAML or JSON")
    return tomli_w.dumps(value)


def _first_none(value: Any, place: str) -> str | None:
    if value is None:
        return place
    pairs: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        pairs = [(f"{place}.{key}" if place else str(key), each) for key, each in value.items()]
    elif isinstance(value, list):
        pairs = [(f"{place}[{index}]", each) for index, each in enumerate(value)]
    return next((lost for where, each in pairs if (lost := _first_none(each, where)) is not None), None)


#: File name ending -> how to read and how to write.
SUFFIXES: dict[str, tuple[Callable[[str, str], Any], Callable[[dict[str, Any]], str]]] = {
    ".yaml": (parse_yaml, dump_yaml),
    ".yml": (parse_yaml, dump_yaml),
    ".json": (_parse_json, _dump_json),
    ".toml": (_parse_toml, _dump_toml),
}
