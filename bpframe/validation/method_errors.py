"""Errors of somebody's method, told with the place where it was called and what it was to read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bpframe.errors import BpframeError, ContractError

__all__ = ["method_errors"]


@contextmanager
def method_errors(where: str, method: str, read_from: str) -> Iterator[None]:
    """Say of an error in a component's method where it came from, and what the component was to read."""
    try:
        yield
    except BpframeError as error:
        raise type(error)(
            f"{where} cannot take its input: {error.problem}",
            expected=error.expected,
            received=error.received or read_from,
            rows=error.rows,
            hint=error.hint,
        ) from error
    except Exception as error:
        raise ContractError(
            f"{where}: {method} failed: {type(error).__name__}: {error}",
            received=read_from,
            hint="raise bpframe.extend.ShapeMismatch for an input that the component cannot take",
        ) from error
