"""Initializers: where parameters start."""

from __future__ import annotations

from bpframe.core.component.base import Component
from bpframe.core.component.category import Category, Method

__all__ = ["Initializer"]

_INITIALIZER = Category(
    "initializer",
    {"draw": Method({"shape", "fan_in", "fan_out", "rng"}, required=True)},
    suffix="Initializer",
    example="ScaledNormal()",
    written="{kind: standard_normal}",
)


class Initializer(Component, category=_INITIALIZER):
    """A rule that draws a parameter's first values.

    `draw(self, shape, ...)` returns an array of that shape, in float64. It may ask for `fan_in` (how many numbers one
    output entry sums over), `fan_out` (how many output entries one input entry goes into) and `rng`
    (`numpy.random.Generator`, a stream of this parameter's own).
    """
