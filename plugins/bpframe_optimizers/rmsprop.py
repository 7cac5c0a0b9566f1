"""RMSProp: steps divided by the gradient's usual size."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Field, Optimizer, PositiveFloat
from bpframe_optimizers.fields import Rate, Share

__all__ = ["Rmsprop"]


class Rmsprop(Optimizer):
    """Steps divided by the root of the running mean of squared gradients.

        v ← α v + (1 − α) g²
        Δθ = −η g / (√v + ε)

    With `centered`, the running mean's square is taken off: √(v − ḡ²), ḡ ← α ḡ + (1 − α) g, and never less than 0,
    where PyTorch would give NaN. With a momentum μ, the quotients are gathered: u ← μ u + g / (√v + ε), Δθ = −η u. All
    start at 0.

    Source: Tieleman and Hinton, *Lecture 6.5: rmsprop* (2012); centered: Graves, *Generating Sequences With Recurrent
    Neural Networks* (2013), eqs. (38)-(41); ε stands outside of the root, as in PyTorch.
    """

    elementwise: ClassVar[bool] = True

    learning_rate: Rate = Field(0.01, description="η, about the change of an entry in a step: a number, or a schedule.")
    alpha: Share = Field(0.99, description="α, how much of the running means stays in a step.")
    epsilon: PositiveFloat = Field(1e-8, description="ε, which keeps the division finite where v is 0.")
    momentum: Share = Field(0.0, description="μ, how much of the steps before stays; 0 for none.")
    centered: bool = Field(False, description="Whether the variance takes the place of the mean square.")

    def initial_state(self, parameters: Array) -> dict[str, Array]:
        """Return v = 0, and ḡ = 0 and u = 0 where there are such."""
        wanted = {"v": True, "mean": self.centered, "velocity": self.momentum > 0}
        return {name: np.zeros_like(parameters) for name, each in wanted.items() if each}

    def update(
        self, gradient: Array, state: dict[str, Array], new_state: dict[str, Array], learning_rate: float, out: Array
    ) -> tuple[Array, dict[str, Array]]:
        """Return Δθ and the new running means."""
        v = np.multiply(state["v"], self.alpha, out=new_state["v"])
        np.multiply(gradient, gradient, out=out)
        np.multiply(out, 1 - self.alpha, out=out)
        np.add(v, out, out=v)
        new = {"v": v}
        if self.centered:
            mean = np.multiply(state["mean"], self.alpha, out=new_state["mean"])
            np.multiply(gradient, 1 - self.alpha, out=out)
            np.add(mean, out, out=mean)
            np.subtract(v, np.multiply(mean, mean, out=out), out=out)
            np.maximum(out, 0, out=out)
            np.sqrt(out, out=out)
            new["mean"] = mean
        else:
            np.sqrt(v, out=out)
        np.add(out, self.epsilon, out=out)
        np.divide(gradient, out, out=out)
        if self.momentum > 0:
            velocity = np.multiply(state["velocity"], self.momentum, out=new_state["velocity"])
            np.add(velocity, out, out=velocity)
            new["velocity"] = velocity
            return np.multiply(velocity, -learning_rate, out=out), new
        return np.multiply(out, -learning_rate, out=out), new
