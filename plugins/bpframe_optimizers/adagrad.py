"""AdaGrad: steps divided by the root of all squared gradients so far."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Field, NonNegativeFloat, Optimizer, PositiveFloat
from bpframe_optimizers.fields import Rate

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """Steps that become shorter where the gradients were large.

        s ← s + g²
        Δθ = −η g / (√s + ε)

    It suits gradients that are mostly zero, as of an embedding: a rare entry keeps long steps.

    Source: Duchi, Hazan and Singer, *Adaptive Subgradient Methods for Online Learning and Stochastic Optimization*
    (2011), section 1.1, eq. (1), with the diagonal alone.
    """

    elementwise: ClassVar[bool] = True

    learning_rate: Rate = Field(0.01, description="η, the length of the first step: a number, or a schedule.")
    start: NonNegativeFloat = Field(0.0, description="What s starts from.")
    epsilon: PositiveFloat = Field(1e-10, description="ε, which keeps the division finite where s is 0.")

    def initial_state(self, parameters: Array) -> dict[str, Array]:
        """Return s as it starts."""
        return {"sum": np.full_like(parameters, self.start)}

    def update(
        self, gradient: Array, state: dict[str, Array], new_state: dict[str, Array], learning_rate: float, out: Array
    ) -> tuple[Array, dict[str, Array]]:
        """Return Δθ and the new s."""
        total = np.multiply(gradient, gradient, out=new_state["sum"])
        np.add(total, state["sum"], out=total)
        np.sqrt(total, out=out)
        np.add(out, self.epsilon, out=out)
        np.divide(gradient, out, out=out)
        return np.multiply(out, -learning_rate, out=out), {"sum": total}
