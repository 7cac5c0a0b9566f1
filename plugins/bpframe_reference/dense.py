"""The dense layer: the tutorial's weighted input z^l."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from bpframe.extend import (
    Array,
    Broadcast,
    Field,
    Gather,
    Initializer,
    Layer,
    Matrix,
    Operator,
    Parameter,
    PositiveInt,
    WeightTimes,
    compose,
)
from bpframe_reference.initializers import ScaledNormal, StandardNormal

__all__ = ["Dense"]


class Dense(Layer):
    """Weighted inputs of a fully connected layer.

        z = w a + b                                  z^l = w^l a^{l−1} + b^l
        ∂z/∂a = w,    ∂z/∂w: v ↦ v a,    ∂z/∂b = 1

    so that, from the error δ of z, w sends back wᵀ δ (BP2), b receives δ (BP3) and w receives δ aᵀ (BP4).

    Shapes: a (N, *lead, features) -> z (N, *lead, units); w (units, features), b (units,). Leading feature axes, such
    as time, share the weights.

    Source: Nielsen, *Neural Networks and Deep Learning*, chapter 2.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("linear", "fc", "fully_connected")

    units: PositiveInt = Field(description="How many neurons the layer has.")
    bias: bool = Field(True, description="Whether the bias b is added.")
    weights: Initializer = Field(ScaledNormal(), description="Where the weights start.")
    biases: Initializer = Field(StandardNormal(), description="Where the biases start.")

    def output_shape(self, shape: tuple[int, ...], features: int) -> tuple[int, ...]:
        """Replace the last axis by the neurons."""
        return (*shape[:-1], self.units)

    def parameters(self, features: int) -> dict[str, Parameter]:
        """Return w (units, features), the matrix of eq. (3), and, with a bias, b (units,)."""
        found = {"w": Parameter((self.units, features), init=self.weights)}
        if self.bias:
            found["b"] = Parameter((self.units,), init=self.biases, fan_in=features)
        return found

    def forward(self, a: Array, p: Mapping[str, Array], out: Array) -> Array:
        """Return z = w a + b, written into `out`."""
        # With one feature there is no sum, and BLAS needs twice as long as a multiplication with broadcasting.
        multiply = np.multiply if a.shape[-1] == 1 else np.matmul
        multiply(a, p["w"].T, out=out)
        if self.bias:
            np.add(out, p["b"], out=out)
        return out

    def jacobian(self, a: Array, p: Mapping[str, Array]) -> dict[str, Operator]:
        """Return ∂z/∂a = w, eq. (15), ∂z/∂w = (· a) and ∂z/∂b = 1."""
        if self.bias:
            return {"a": Matrix(p["w"]), "w": WeightTimes(a), "b": Broadcast()}
        return {"a": Matrix(p["w"]), "w": WeightTimes(a)}

    def second_order(self, a: Array, u: Array) -> dict[tuple[str, str], Operator]:
        """Return the one second derivative that is not zero: a change V of w changes a's error by Vᵀ u."""
        units, features = u.shape[-1], a.shape[-1]
        transposed = np.arange(units * features).reshape(1, units, features).swapaxes(1, 2)
        return {("a", "w"): compose(WeightTimes(u), Gather(transposed, (units, features)))}
