"""Initializers: where parameters start."""

from __future__ import annotations

from typing import ClassVar

from bpframe.core.component.base import Component

__all__ = ["Initializer"]


class Initializer(Component):
    """A rule that draws a parameter's first values.

    `draw(self, shape, ...)` returns an array of that shape, in float64. It may ask for `fan_in` (how many numbers
    one output entry sums over) and `rng` (`numpy.random.Generator`, a stream of this parameter's own).
    """

    _suffix: ClassVar[str] = "Initializer"

    _example: ClassVar[str] = "ScaledNormal()"
