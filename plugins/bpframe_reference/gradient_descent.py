"""Gradient descent, eq. (1)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Field, Optimizer, PositiveFloat, Schedule

__all__ = ["GradientDescent"]


class GradientDescent(Optimizer):
    """A step against the gradient.

        w ← w − η ∂C/∂w                                                        (1)

    The gradient is that of the mean cost over the batch. η is one number, or one for every step by a schedule.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("sgd",)

    elementwise: ClassVar[bool] = True

    learning_rate: PositiveFloat | Schedule = Field(description="η, the length of a step: a number, or a schedule.")

    def update(self, gradient: Array, learning_rate: float, out: Array) -> Array:
        """Return Δw = −η ∂C/∂w of eq. (1), written into `out`."""
        return np.multiply(gradient, -learning_rate, out=out)
