"""Lion: steps of one length, with the sign of a mean of gradients."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Field, NonNegativeFloat, Optimizer
from bpframe_optimizers.fields import Rate, Share

__all__ = ["Lion"]


class Lion(Optimizer):
    """Every entry moves by the same length, with the sign of a mean of gradients.

        Δθ = −η (sign(β₁ m + (1 − β₁) g) + λ θ)
        m ← β₂ m + (1 − β₂) g

    m starts at 0; an entry whose gradients were all 0 does not move but by the decay. Learning rates are three to ten
    times smaller than Adam's, and the decay is as many times larger.

    Source: Chen et al., *Symbolic Discovery of Optimization Algorithms* (2023), algorithm 2.
    """

    elementwise: ClassVar[bool] = True

    learning_rate: Rate = Field(
        0.0001, description="η, by how much every entry moves in a step: a number, or a schedule."
    )
    beta_1: Share = Field(0.9, description="β₁, how much of m counts in the sign.")
    beta_2: Share = Field(0.99, description="β₂, how much of m stays in a step.")
    weight_decay: NonNegativeFloat = Field(0.0, description="λ, how strongly parameters decay.")

    def initial_state(self, parameters: Array) -> dict[str, Array]:
        """Return m = 0."""
        return {"m": np.zeros_like(parameters)}

    def update(
        self,
        gradient: Array,
        parameters: Array,
        state: dict[str, Array],
        new_state: dict[str, Array],
        learning_rate: float,
        out: Array,
    ) -> tuple[Array, dict[str, Array]]:
        """Return Δθ and the new m."""
        m = np.multiply(state["m"], self.beta_1, out=new_state["m"])
        np.multiply(gradient, 1 - self.beta_1, out=out)
        np.add(m, out, out=out)
        np.sign(out, out=out)
        if self.weight_decay:
            np.add(out, parameters * self.weight_decay, out=out)
        np.multiply(out, -learning_rate, out=out)
        np.multiply(state["m"], self.beta_2, out=m)
        np.add(m, gradient * (1 - self.beta_2), out=m)
        return out, {"m": m}
