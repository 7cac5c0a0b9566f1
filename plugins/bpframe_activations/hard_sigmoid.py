"""The sigmoid of three straight pieces."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Activation, Array, Diagonal, Field, FiniteFloat, PositiveFloat

__all__ = ["HardSigmoid"]


class HardSigmoid(Activation):
    """A straight line, cut off at 0 and at 1.

        a = min(1, max(0, s z + o)),    a' = s where 0 < a < 1, else 0,    a'' = 0

    With s = 1/6 and o = 1/2 it is PyTorch's and Keras 3's; Keras 2's and ONNX's default has s = 0.2. At the kinks the
    slope is 0.

    Shapes: z (N, *features) -> a, the same. Jacobian: diagonal.

    Source: Courbariaux, Bengio and David, *BinaryConnect* (2015), eq. (3), with s = 1/2.
    """

    probabilities: ClassVar[bool] = True

    slope: PositiveFloat = Field(1 / 6, description="s, the slope of the line.")
    offset: FiniteFloat = Field(0.5, description="o, its height at 0.")

    def forward(self, z: Array, out: Array) -> Array:
        """Return the line, cut off, written into `out`."""
        np.multiply(z, self.slope, out=out)
        np.add(out, self.offset, out=out)
        return np.clip(out, 0, 1, out=out)

    def jacobian(self, y: Array, out: Array) -> Diagonal:
        """Return diag(s where 0 < a < 1, else 0), from the output alone."""
        return Diagonal(np.multiply((y > 0) & (y < 1), self.slope, out=out))

    def second_derivative(self, y: Array) -> Array:
        """Return zeros."""
        return np.zeros_like(y)
