"""The identity, cut off on both sides."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import model_validator

from bpframe.extend import Activation, Array, Diagonal, Field, FiniteFloat

__all__ = ["HardTanh"]


class HardTanh(Activation):
    """Let entries through between two limits.

        a = min(h, max(l, z)),    a' = 1 where l < z < h, else 0,    a'' = 0

    At the kinks the slope is 0, as in PyTorch.

    Shapes: z (N, *features) -> a, the same. Jacobian: diagonal.

    Source: Collobert, *Large Scale Machine Learning* (2004), section 3.2, eq. (3.3).
    """

    low: FiniteFloat = Field(-1.0, description="l, the least output.")
    high: FiniteFloat = Field(1.0, description="h, the largest output, above l.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low has to be below high: {self.low:g} is not below {self.high:g}")
        return self

    def forward(self, z: Array, out: Array) -> Array:
        """Return z between its limits, written into `out`."""
        return np.clip(z, self.low, self.high, out=out)

    def jacobian(self, z: Array, out: Array) -> Diagonal:
        """Return diag(1 where l < z < h, else 0)."""
        return Diagonal(np.logical_and(z > self.low, z < self.high, out=out))

    def second_derivative(self, y: Array) -> Array:
        """Return zeros."""
        return np.zeros_like(y)
