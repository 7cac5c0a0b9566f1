"""Batch normalisation: each channel by its mean and variance over the batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from bpframe.extend import (
    Array,
    Broadcast,
    DataError,
    Diagonal,
    Field,
    Layer,
    Operator,
    Parameter,
    PositiveFloat,
    State,
    compose,
)
from bpframe_regularisation.gained import Gained, gain_and_offset
from bpframe_regularisation.standardising import (
    Standardised,
    StandardisedBends,
    count,
    mean,
    mean_product,
    one_over_root,
)

__all__ = ["BatchNorm"]

_AXES = (-2,)


class BatchNorm(Layer):
    """Give every channel mean 0 and variance 1 over the batch, then scale and shift it.

        y = g ⊙ x̂ + b,    x̂ = (x − μ)/σ,    σ² = mean (x − μ)² + ε
        in training  μ' = m μ' + (1 − m) μ,    σ'² = m σ'² + (1 − m) M/(M − 1) mean (x − μ)²

    In training, μ and σ² are of the M numbers that a channel has in the batch: examples times places. Otherwise they
    are the running μ' and σ'² + ε, which are the layer's state. The running variance is the unbiased one, of M − 1, as
    in the paper and in PyTorch; Keras keeps that of M. m is the share that stays, as in Keras: PyTorch's `momentum` is
    1 − m. g starts at 1, b at 0, the running mean at 0, the running variance at 1.

    Shapes: x (N, *places, channels) -> y, the same; g, b and both parts of the state (channels,). Jacobian of x: in
    training g over σ, times the identity minus two of rank one along the batch, which couples the examples, otherwise
    diagonal; of g: diagonal; of b: the identity, each added over places. An empty batch leaves the state as it is.
    Weights and masks of examples do not reach the layer: M counts every example.

    Errors: DataError (in training, one number per channel: x̂ would be 0 whatever x is).

    Source: Ioffe and Szegedy, Batch Normalization (2015), algorithms 1 and 2.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("bn", "batch_norm1d", "batch_norm2d", "batch_normalization")

    couples_batch: ClassVar[bool] = True

    momentum: float = Field(0.9, ge=0, le=1, description="m, the share of the running statistics that stays in a step.")
    epsilon: PositiveFloat = Field(1e-5, description="ε, which keeps σ from 0.")
    gain: bool = Field(True, description="Whether a gain g per channel is learned.")
    offset: bool = Field(True, description="Whether an offset b per channel is learned.")

    def parameters(self, features: int) -> dict[str, Parameter]:
        """Return g and b, both (channels,)."""
        return gain_and_offset(features, self.gain, self.offset)

    def initial_state(self, features: int) -> dict[str, State]:
        """Return the running mean and variance, both (channels,)."""
        return {"mean": State((features,), init=0.0), "variance": State((features,), init=1.0)}

    def forward(
        self,
        x: Array,
        p: Mapping[str, Array],
        state: dict[str, Array],
        saved: dict[str, Array],
        training: bool,
        out: Array,
    ) -> tuple[Array, dict[str, Array]]:
        """Return g ⊙ x̂ + b, and in training the statistics that go on."""
        rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
        if training:
            if len(rows) == 1:
                raise DataError(
                    "one number per channel has no variance: every output would be the offset",
                    expected="two numbers or more of every channel in a batch: examples times places",
                    received=f"x of shape {x.shape}, in training",
                    hint="larger batches, or layer_norm, which takes the examples one by one",
                )
            average = mean(rows, _AXES)
            centred = rows - average
            variance = mean_product(centred, centred, _AXES)
            moved = self._moved(state, average[0], variance[0], len(rows))
        else:
            centred, variance, moved = rows - state["mean"], state["variance"][None], state
        saved["centred"] = centred
        spread = variance + self.epsilon
        if training:
            saved["total"] = spread * count(rows, _AXES)
        saved["inverse"] = inverse = one_over_root(spread)
        saved["factor"] = factor = inverse * p["g"] if self.gain else inverse
        y = np.multiply(centred, factor, out=out.reshape(rows.shape))
        if self.offset:
            np.add(y, p["b"], out=y)
        return y.reshape(x.shape), moved

    def jacobian(self, x: Array, saved: dict[str, Array], training: bool) -> dict[str, Operator]:
        """Return g ∂x̂/∂x, diag(x̂) of g and the identity of b."""
        centred, inverse, factor = saved["centred"], saved["inverse"], saved["factor"]
        found: dict[str, Operator] = {
            "x": Standardised(centred, saved["total"], factor, _AXES, x.shape) if training else _scaling(factor, x)
        }
        if self.gain:
            found["g"] = Gained(centred.reshape(x.shape), inverse.reshape((1,) * (x.ndim - 1) + x.shape[-1:]))
        if self.offset:
            found["b"] = Broadcast()
        return found

    def second_order(
        self, x: Array, u: Array, p: Mapping[str, Array], saved: dict[str, Array], training: bool
    ) -> dict[tuple[str, str], Operator]:
        """Return how x̂ bends in training, and how the error of x changes with g."""
        centred, inverse = saved["centred"], saved["inverse"]
        if not training:
            return {("x", "g"): compose(_scaling(inverse, x), Diagonal(u), Broadcast())} if self.gain else {}
        slope = Standardised(centred, saved["total"], inverse, _AXES, x.shape)
        if not self.gain:
            return {("x", "x"): StandardisedBends(slope, u)}
        return {
            ("x", "x"): StandardisedBends(slope, p["g"] * u),
            ("x", "g"): compose(slope, Diagonal(u), Broadcast()),
        }

    def _moved(self, state: dict[str, Array], average: Array, variance: Array, count: int) -> dict[str, Array]:
        if not count:
            return state
        stays = self.momentum
        return {
            "mean": stays * state["mean"] + (1 - stays) * average,
            "variance": stays * state["variance"] + ((1 - stays) * count / (count - 1)) * variance,
        }


def _scaling(factor: Array, x: Array) -> Diagonal:
    return Diagonal(factor.reshape((1,) * (x.ndim - 1) + x.shape[-1:]))
