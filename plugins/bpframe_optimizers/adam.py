"""Adam: steps that are as long for small gradients as for large ones."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Field, NonNegativeFloat, Optimizer, PositiveFloat
from bpframe_optimizers.fields import Rate, Share
from bpframe_optimizers.moments import moments

__all__ = ["Adam", "Adamw"]


class Adam(Optimizer):
    """Steps by running means of the gradient and of its square.

        m ← β₁ m + (1 − β₁) g,    v ← β₂ v + (1 − β₂) g²
        Δθ = −η m̂ / (√v̂ + ε),    m̂ = m / (1 − β₁ᵗ),    v̂ = v / (1 − β₂ᵗ)      in step t = 1, 2, ...

    m and v start at 0. Where v is 0 the step is 0.

    Source: Kingma and Ba, *Adam: A Method for Stochastic Optimization* (2015), algorithm 1.
    """

    elementwise: ClassVar[bool] = True

    learning_rate: Rate = Field(
        0.001, description="η, about the largest change of an entry in a step: a number, or a schedule."
    )
    beta_1: Share = Field(0.9, description="β₁, how much of m stays in a step.")
    beta_2: Share = Field(0.999, description="β₂, how much of v stays in a step.")
    epsilon: PositiveFloat = Field(1e-8, description="ε, which keeps the division finite where v is 0.")

    def initial_state(self, parameters: Array) -> dict[str, Array]:
        """Return m = v = 0."""
        return {"m": np.zeros_like(parameters), "v": np.zeros_like(parameters)}

    def update(
        self,
        gradient: Array,
        state: dict[str, Array],
        new_state: dict[str, Array],
        step: int,
        learning_rate: float,
        out: Array,
    ) -> tuple[Array, dict[str, Array]]:
        """Return Δθ and the new m and v."""
        m, v = moments(gradient, state, new_state, self.beta_1, self.beta_2, out)
        change = adam_change(m, v, step, learning_rate, self.beta_1, self.beta_2, self.epsilon, out)
        return change, {"m": m, "v": v}


class Adamw(Optimizer):
    """Adam, with a decay of the parameters that is none of the gradient's business.

        Δθ = −η λ θ − η m̂ / (√v̂ + ε)                    with m̂ and v̂ of Adam

    A penalty ½ λ‖θ‖² would be scaled by 1/√v̂ with the rest of the gradient; this decay is not. Biases are left out of
    it with groups: `groups={"*.b": {"weight_decay": 0.0}}`.

    Source: Loshchilov and Hutter, *Decoupled Weight Decay Regularization* (2019), algorithm 2; the decay is multiplied
    by the learning rate, as in PyTorch, where the paper multiplies it by the schedule's part of it alone.
    """

    elementwise: ClassVar[bool] = True

    learning_rate: Rate = Field(
        0.001, description="η, about the largest change of an entry in a step: a number, or a schedule."
    )
    beta_1: Share = Field(0.9, description="β₁, how much of m stays in a step.")
    beta_2: Share = Field(0.999, description="β₂, how much of v stays in a step.")
    epsilon: PositiveFloat = Field(1e-8, description="ε, which keeps the division finite where v is 0.")
    weight_decay: NonNegativeFloat = Field(0.01, description="λ, how strongly parameters decay.")

    def initial_state(self, parameters: Array) -> dict[str, Array]:
        """Return m = v = 0."""
        return {"m": np.zeros_like(parameters), "v": np.zeros_like(parameters)}

    def update(
        self,
        gradient: Array,
        parameters: Array,
        state: dict[str, Array],
        new_state: dict[str, Array],
        step: int,
        learning_rate: float,
        out: Array,
    ) -> tuple[Array, dict[str, Array]]:
        """Return Δθ and the new m and v."""
        m, v = moments(gradient, state, new_state, self.beta_1, self.beta_2, out)
        change = adam_change(m, v, step, learning_rate, self.beta_1, self.beta_2, self.epsilon, out)
        if self.weight_decay:
            np.add(change, parameters * (-learning_rate * self.weight_decay), out=out)
        return out, {"m": m, "v": v}


def adam_change(
    m: Array, v: Array, step: int, learning_rate: float, beta_1: float, beta_2: float, epsilon: float, out: Array
) -> Array:
    """Return −η m̂ / (√v̂ + ε), written into `out`.

    With c = √(1 − β₂ᵗ) it is −(η c / (1 − β₁ᵗ)) m / (√v + ε c), which goes over the vectors twice less.
    """
    correction = math.sqrt(1 - beta_2 ** (step + 1))
    np.sqrt(v, out=out)
    np.add(out, epsilon * correction, out=out)
    np.divide(m, out, out=out)
    return np.multiply(out, -learning_rate * correction / (1 - beta_1 ** (step + 1)), out=out)
