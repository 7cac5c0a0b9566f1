"""Momentum, and Nesterov's."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Field, Optimizer
from bpframe_optimizers.fields import Rate, Share

__all__ = ["Momentum"]


class Momentum(Optimizer):
    """Steps along a velocity, which gathers gradients.

        u ← μ u + g
        Δθ = −η u,    or with Nesterov's look ahead    Δθ = −η (g + μ u)

    u starts at 0. These are the equations of `torch.optim.SGD`. With the step length inside the velocity, v = −η u,
    they are Sutskever's as long as η stays the same; where a schedule lowers η, here the velocity's part of a step is
    lowered at once.

    Source: Polyak, *Some methods of speeding up the convergence of iteration methods* (1964); Sutskever, Martens, Dahl
    and Hinton, *On the importance of initialization and momentum in deep learning* (2013), eqs. (1)-(4).
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("sgd", "nesterov")

    elementwise: ClassVar[bool] = True

    learning_rate: Rate = Field(0.001, description="η, the length of a step: a number, or a schedule.")
    momentum: Share = Field(0.9, description="μ, how much of the velocity stays in a step.")
    nesterov: bool = Field(False, description="Whether the gradient counts as if it were taken one velocity ahead.")

    def initial_state(self, parameters: Array) -> dict[str, Array]:
        """Return u = 0."""
        return {"velocity": np.zeros_like(parameters)}

    def update(
        self, gradient: Array, state: dict[str, Array], new_state: dict[str, Array], learning_rate: float, out: Array
    ) -> tuple[Array, dict[str, Array]]:
        """Return Δθ and the new u."""
        velocity = np.multiply(state["velocity"], self.momentum, out=new_state["velocity"])
        np.add(velocity, gradient, out=velocity)
        if not self.nesterov:
            return np.multiply(velocity, -learning_rate, out=out), {"velocity": velocity}
        np.multiply(velocity, self.momentum, out=out)
        np.add(out, gradient, out=out)
        return np.multiply(out, -learning_rate, out=out), {"velocity": velocity}
