"""Preparations: how the inputs of a data set are scaled before a network sees them."""

from __future__ import annotations

from bpframe.core.component.base import Component
from bpframe.core.component.category import Category, Method

__all__ = ["Preparation"]

_PREPARATION = Category(
    "preparation",
    {"fit": Method({"x"}, required=True)},
    suffix="Preparation",
    example="Robust()",
    written="{kind: robust}",
)


class Preparation(Component, category=_PREPARATION):
    """A scaling of inputs entry by entry, x' = (x − offset) / scale, fitted to the training part.

    `fit(self, x)` returns `(offset, scale)` for the training inputs x, (N, entries) in float64: each (entries,), or one
    number for all; scales are larger than 0. A data section names it in `scaling`, and a saved run keeps the numbers.
    """
