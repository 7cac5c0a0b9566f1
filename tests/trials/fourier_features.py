"""Sines and cosines of projections of the input."""

from __future__ import annotations

import math
from collections.abc import Mapping, MutableMapping

import numpy as np
from bpframe_reference import ScaledNormal, StandardNormal

from bpframe.extend import (
    Array,
    Component,
    Diagonal,
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


class FourierFeatures(Layer):
    """Describe the input by waves of several frequencies and directions.

        y = [sin(b x), cos(b x)]
        ∂y/∂x = diag([cos(b x), −sin(b x)]) [b; b],    ∂y/∂b: δb ↦ [cos(b x), −sin(b x)] ⊙ [δb x, δb x]

    Shapes: x (N, *lead, features) -> y (N, *lead, 2 frequencies); b (frequencies, features).

    Source: Tancik et al., *Fourier features let networks learn high frequency functions* (2020), eq. (5).
    """

    frequencies: PositiveInt = Field(description="How many waves there are, each as a sine and a cosine.")
    trained: bool = Field(True, description="Whether b is a parameter; otherwise it is drawn once, from `seed`.")
    start: Initializer = Field(StandardNormal(), description="Where b starts, if it is trained.")
    seed: int = Field(0, ge=0, description="Where b comes from, if it is not trained.")

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Replace the last axis by a sine and a cosine for each frequency."""
        return (*shape[:-1], 2 * self.frequencies)

    def parameters(self, features: int) -> dict[str, Parameter]:
        """Return b, if it is trained."""
        return {"b": Parameter((self.frequencies, features), init=self.start)} if self.trained else {}

    def forward(self, x: Array, p: Mapping[str, Array], saved: MutableMapping[str, Array]) -> Array:
        """Return y, and keep b for the Jacobian."""
        saved["b"] = p["b"] if self.trained else self._fixed(x)
        z = x @ saved["b"].T
        return np.concatenate([np.sin(z), np.cos(z)], axis=-1)

    def jacobian(self, x: Array, y: Array, saved: Mapping[str, Array]) -> dict[str, Operator]:
        """Return the operators of x and, if it is trained, b."""
        sin, cos = np.split(y, 2, axis=-1)
        slope = Diagonal(np.concatenate([cos, -sin], axis=-1))
        found: dict[str, Operator] = {"x": compose(slope, Matrix(np.concatenate([saved["b"], saved["b"]])))}
        if self.trained:
            waves = np.arange(math.prod(sin.shape[1:])).reshape(1, *sin.shape[1:])
            found["b"] = compose(slope, Gather(np.concatenate([waves, waves], axis=-1)), WeightTimes(x))
        return found

    def _fixed(self, x: Array) -> Array:
        drawn = np.random.default_rng(self.seed).standard_normal((self.frequencies, x.shape[-1]))
        return drawn.astype(x.real.dtype)


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances to check by value, each with the feature shapes of its inputs."""
    return [
        (FourierFeatures(frequencies=2), ((3,),)),
        (FourierFeatures(frequencies=3, start=ScaledNormal()), ((2, 4),)),
        (FourierFeatures(frequencies=3, trained=False, seed=4), ((2,),)),
    ]
