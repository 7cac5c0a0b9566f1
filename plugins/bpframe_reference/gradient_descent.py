"""Gradient descent, eq. (1)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Field, Optimizer, PositiveFloat

__all__ = ["GradientDescent"]


class GradientDescent(Optimizer):
    """A step against the gradient.

        w ← w − η ∂C/∂w                                                        (1)

    The gradient is that of the mean cost over the batch.
    """

    elementwise: ClassVar[bool] = True

    learning_rate: PositiveFloat = Field(allow_inf_nan=False, description="η, the length of a step.")

    def update(self, gradient: Array, out: Array) -> Array:
        """Return Δw = −η ∂C/∂w of eq. (1), written into `out`."""
        return np.multiply(gradient, -self.learning_rate, out=out)
