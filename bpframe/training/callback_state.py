"""What a callback keeps through a training: checked to be plain data that every checkpoint can hold, and copied."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpframe.errors import ContractError
from bpframe.validation.mistakes import shortened

__all__ = ["check_data", "copied_data"]

#: So deep may lists and dicts stand in one another.
DEEPEST = 32

EXPECTED = "None, truth values, numbers, texts, lists, dicts with texts as keys, and NumPy arrays of numbers"


def copied_data(value: Any, where: str) -> Any:
    """Return a copy of plain data, arrays too, that shares nothing with it; `where` begins messages.

    Errors: ContractError that names the place of what is no plain data.
    """
    return _copied(value, where, 0)


def check_data(value: Any, where: str) -> None:
    """Refuse what is no plain data. Errors: as of `copied_data`."""
    _copied(value, where, 0, arrays=False)


def _copied(value: Any, where: str, depth: int, arrays: bool = True) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return float(value) if isinstance(value, float) else int(value)
    if depth > DEEPEST:
        raise ContractError(f"{where} stands too deep", expected=f"lists and dicts no deeper than {DEEPEST}")
    if type(value) is list:
        return [_copied(each, f"{where}[{place}]", depth + 1, arrays) for place, each in enumerate(value)]
    if type(value) is dict:
        for key in value:
            if not isinstance(key, str):
                raise ContractError(f"{where} has a key that is no text", expected="texts", received=shortened(key))
        return {str(key): _copied(each, f"{where}[{key!r}]", depth + 1, arrays) for key, each in value.items()}
    if type(value) is np.ndarray and value.dtype.kind in "biuf":
        return value.copy() if arrays else value
    raise ContractError(
        f"{where} is no plain data, which a checkpoint could hold",
        expected=EXPECTED,
        received=f"{type(value).__name__}: {shortened(value)}",
        hint=_instead(value),
    )


def _instead(value: Any) -> str | None:
    if isinstance(value, np.generic):
        return "float(...) or int(...) of it; np.asarray(...) keeps its kind of numbers"
    if isinstance(value, tuple | set | frozenset):
        return "list(...) of it"
    if isinstance(value, np.ndarray):
        return "np.array(...) of numbers of a plain kind"
    return None
