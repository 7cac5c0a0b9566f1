"""Dropout."""

import numpy as np

from bpframe.extend import Activation, Array, Diagonal, Field, IdentityMap, Operator


class Dropout(Activation):
    """In training, set entries to zero at random and scale the others up, so that the expected value stays.

        y = m ⊙ x,    m = 0 with probability rate, else 1/(1 − rate);    ∂y/∂x = diag(m)

    Shapes: x (N, *features) -> y, the same. Jacobian: diagonal in training, identity otherwise.

    Source: Srivastava et al., Dropout, JMLR 15 (2014), section 10 for the scaling.
    """

    rate: float = Field(0.5, ge=0, lt=1)

    def forward(self, x: Array, training: bool, rng: np.random.Generator, saved: dict[str, Array]) -> Array:
        if not training:
            return x
        saved["mask"] = (rng.random(x.shape) >= self.rate).astype(x.dtype) / (1 - self.rate)
        return x * saved["mask"]

    def jacobian(self, training: bool, saved: dict[str, Array]) -> Operator:
        return Diagonal(saved["mask"]) if training else IdentityMap()

    def second_derivative(self, y: Array) -> Array:
        return np.zeros_like(y)
