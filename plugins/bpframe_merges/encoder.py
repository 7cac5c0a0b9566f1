"""Dense layers that become narrower, or wider."""

from __future__ import annotations

from typing import Any

from bpframe_optimizers import Zeros
from bpframe_reference import Dense, Sigmoid

from bpframe.extend import Block, Field, Initializer, Layer, PositiveInt, ScaledNormal
from bpframe_merges.sequential import numbered

__all__ = ["Encoder"]


class Encoder(Block):
    """Dense layers of given widths with an activation between them: half of an autoencoder, either half.

        h_l = φ(w_l h_{l−1} + b_l),    y = w_L h_{L−1} + b_L, or φ of it with `activate_last`

    Shapes: x (N, *lead, features) -> y (N, *lead, the last width). Weights start at `weights`, biases at 0.

    Source: Hinton and Salakhutdinov, *Reducing the Dimensionality of Data with Neural Networks* (2006), figure 1.
    """

    widths: tuple[PositiveInt, ...] = Field(min_length=1, description="How many units each layer has, in order.")
    activation: Layer = Field(Sigmoid(), description="φ, between the layers.")
    activate_last: bool = Field(False, description="Whether φ follows the last layer too.")
    weights: Initializer = Field(ScaledNormal(), description="Where the weights start.")

    def nodes(self) -> dict[str, Any]:
        """Return dense layers and activations in turn."""
        body: list[Layer] = []
        for units in self.widths:
            body += [Dense(units=units, weights=self.weights, biases=Zeros()), self.activation]
        return numbered(body if self.activate_last else body[:-1])
