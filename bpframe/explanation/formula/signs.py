"""Where an equation needs brackets or a dot, whatever it is written in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

from bpframe.explanation.formula.numerals import in_words
from bpframe.explanation.formula.tree import Expression, Numbers, Partial

__all__ = ["is_bracketed", "is_dotted"]


def _is_single(expression: Expression) -> TypeGuard[Numbers]:
    """Whether an expression is one number."""
    return isinstance(expression, Numbers) and expression.array.ndim == 0


def is_bracketed(expression: Expression, kinds: tuple[type, ...]) -> bool:
    """Whether a part is one of these kinds, or a number whose sign would run into the one before it."""
    return isinstance(expression, kinds) or (_is_single(expression) and in_words(expression.array)[0] == "-")


def is_dotted(factors: Sequence[Expression]) -> bool:
    """Whether a product has a factor that would run into the next: a number, or a derivative."""
    return any(isinstance(each, Partial) or _is_single(each) for each in factors)
