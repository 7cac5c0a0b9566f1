"""Nadam: Adam with Nesterov's look ahead."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Field, NonNegativeFloat, Optimizer, PositiveFloat
from bpframe_optimizers.fields import Rate, Share
from bpframe_optimizers.moments import moments

__all__ = ["Nadam"]


class Nadam(Optimizer):
    """Adam, whose first mean looks one step ahead, with a momentum that grows.

        μ_t = β₁ (1 − ½ 0.96^(t ψ)),    Π_t = μ_1 μ_2 ... μ_t                 in step t = 1, 2, ...
        Δθ = −η ((1 − μ_t) / (1 − Π_t) g + μ_{t+1} / (1 − Π_{t+1}) m) / (√v̂ + ε)

    with m, v and v̂ of Adam. The state keeps Π_t as `product`.

    Source: Dozat, *Incorporating Nesterov Momentum into Adam* (2016), algorithm 2 and section 3.2, in the form of
    `torch.optim.NAdam`.
    """

    elementwise: ClassVar[bool] = True

    learning_rate: Rate = Field(
        0.002, description="η, about the largest change of an entry in a step: a number, or a schedule."
    )
    beta_1: Share = Field(0.9, description="β₁, how much of m stays in a step.")
    beta_2: Share = Field(0.999, description="β₂, how much of v stays in a step.")
    epsilon: PositiveFloat = Field(1e-8, description="ε, which keeps the division finite where v is 0.")
    momentum_decay: NonNegativeFloat = Field(0.004, description="ψ, how fast the momentum grows to β₁.")

    def initial_state(self, parameters: Array) -> dict[str, Array]:
        """Return m = v = 0 and Π = 1."""
        return {"m": np.zeros_like(parameters), "v": np.zeros_like(parameters), "product": np.ones(())}

    def update(
        self,
        gradient: Array,
        state: dict[str, Array],
        new_state: dict[str, Array],
        step: int,
        learning_rate: float,
        out: Array,
    ) -> tuple[Array, dict[str, Array]]:
        """Return Δθ and the new m, v and Π."""
        m, v = moments(gradient, state, new_state, self.beta_1, self.beta_2, out)
        now, after = (self.beta_1 * (1 - 0.5 * 0.96 ** (t * self.momentum_decay)) for t in (step + 1, step + 2))
        product = state["product"] * now
        correction = math.sqrt(1 - self.beta_2 ** (step + 1))
        along = -learning_rate * correction * (1 - now) / (1 - float(product))
        ahead = -learning_rate * correction * after / (1 - float(product) * after)
        np.sqrt(v, out=out)
        np.add(out, self.epsilon * correction, out=out)
        mean = np.multiply(m, ahead)
        mean += gradient * along
        return np.divide(mean, out, out=out), {"m": m, "v": v, "product": product}
