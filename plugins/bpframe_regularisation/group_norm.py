"""Group normalisation: groups of channels, each with all its places, by their own mean and variance."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bpframe.extend import (
    Array,
    Broadcast,
    Diagonal,
    Field,
    Layer,
    Operator,
    Parameter,
    PositiveFloat,
    PositiveInt,
    ShapeMismatch,
    compose,
)
from bpframe_regularisation.gained import gain_and_offset
from bpframe_regularisation.standardising import StandardisedBendsWithin, StandardisedWithin, mean, total_and_inverse

__all__ = ["GroupNorm"]

_AXES = (-3, -1)  # of (N, places, groups, channels of a group)


class GroupNorm(Layer):
    """Give every group of channels mean 0 and variance 1 over all places of an example, then scale and shift each.

        y = g ⊙ x̂ + b,    x̂ = (x − μ)/σ,    σ² = mean (x − μ)² + ε

    μ and σ² are of the numbers of one example that lie in one group. A group for each channel is instance
    normalisation; one group is layer normalisation over channels and places. g starts at 1, b at 0. The same in
    training and outside.

    Shapes: x (N, *places, channels) -> y, the same; g, b (channels,). Jacobian of x: for each group, g over σ times the
    identity minus two of rank one; of g: diagonal; of b: the identity, each added over places.

    Errors: ShapeMismatch where the channels do not divide into groups.

    Source: Wu and He, Group Normalization (2018), eqs. (1), (2) and (7).
    """

    groups: PositiveInt = Field(description="How many groups the channels are divided into.")
    epsilon: PositiveFloat = Field(1e-5, description="ε, which keeps σ from 0.")
    gain: bool = Field(True, description="Whether a gain g per channel is learned.")
    offset: bool = Field(True, description="Whether an offset b per channel is learned.")

    def output_shape(self, shape: tuple[int, ...], features: int) -> tuple[int, ...]:
        """Return the input's shape."""
        if features % self.groups:
            raise ShapeMismatch(
                "the channels do not divide into groups",
                expected=f"a multiple of groups={self.groups} as last axis",
                received=f"{features} channels, of {shape}",
                hint="channels are the last axis here; PyTorch has them first",
            )
        return shape

    def parameters(self, features: int) -> dict[str, Parameter]:
        """Return g and b, both (channels,)."""
        return gain_and_offset(features, self.gain, self.offset)

    def forward(self, x: Array, p: Mapping[str, Array], saved: dict[str, Array], out: Array) -> Array:
        """Return g ⊙ x̂ + b."""
        channels = x.shape[-1]
        grouped = x.reshape(len(x), math.prod(x.shape[1:-1]), self.groups, channels // self.groups)
        saved["centred"] = centred = grouped - mean(grouped, _AXES)
        saved["total"], inverse = total_and_inverse(centred, self.epsilon, _AXES)
        saved["inverse"] = inverse
        gains = p["g"].reshape(self.groups, channels // self.groups) if self.gain else None
        saved["factor"] = factor = inverse if gains is None else inverse * gains
        y: Array = np.multiply(centred, factor, out=out.reshape(centred.shape)).reshape(x.shape)
        return np.add(y, p["b"], out=y) if self.offset else y

    def jacobian(self, x: Array, saved: dict[str, Array]) -> dict[str, Operator]:
        """Return g ∂x̂/∂x, diag(x̂) of g and the identity of b."""
        centred, inverse = saved["centred"], saved["inverse"]
        found: dict[str, Operator] = {"x": StandardisedWithin(centred, saved["total"], saved["factor"], _AXES, x.shape)}
        if self.gain:
            found["g"] = compose(Diagonal((centred * inverse).reshape(x.shape)), Broadcast())
        if self.offset:
            found["b"] = Broadcast()
        return found

    def second_order(
        self, x: Array, u: Array, p: Mapping[str, Array], saved: dict[str, Array]
    ) -> dict[tuple[str, str], Operator]:
        """Return how x̂ bends, and how the error of x changes with g: by Jᵀ u, of the J of x̂."""
        slope = StandardisedWithin(saved["centred"], saved["total"], saved["inverse"], _AXES, x.shape)
        if not self.gain:
            return {("x", "x"): StandardisedBendsWithin(slope, u)}
        return {
            ("x", "x"): StandardisedBendsWithin(slope, p["g"] * u),
            ("x", "g"): compose(slope, Diagonal(u), Broadcast()),
        }
