"""Pooling over all places: what is left of a signal, an image or a volume is one number a channel."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from bpframe.extend import Array, Broadcast, Diagonal, Gather, Layer, Operator, ShapeMismatch, compose, transposed

__all__ = ["GlobalAveragePool", "GlobalMaxPool"]


class GlobalMaxPool(Layer):
    """Keep the largest entry of every channel.

        y_c = max_p x_{p,c},    ∂y/∂x: the entry that won, the first of equal ones

    Shapes: x (N, *places, channels) -> y (N, channels). Jacobian: gather, with the places that forward saved. Linear
    wherever the winner stays. Errors: ShapeMismatch where there is no place.

    Source: Oquab, Bottou, Laptev and Sivic, *Is Object Localization for Free?* (2015), section 3.
    """

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (channels,)."""
        return _channels(shape)

    def forward(self, x: Array, saved: dict[str, Array]) -> Array:
        """Return the largest entries, and save where they are."""
        flat = _places(x)
        won = flat.argmax(axis=1)
        saved["index"] = won * x.shape[-1] + np.arange(x.shape[-1])
        largest: Array = np.max(flat, axis=1)
        return largest

    def jacobian(self, saved: dict[str, Array]) -> Operator:
        """Return the gather."""
        return Gather(saved["index"])

    def second_order(self) -> dict[tuple[str, str], Operator]:
        """Return nothing: it is linear wherever the winner stays."""
        return {}


class GlobalAveragePool(Layer):
    """Average every channel over all places.

        y_c = 1/P Σ_p x_{p,c},    ∂y/∂x = 1/P for every place

    Shapes: x (N, *places, channels) -> y (N, channels), P places. Jacobian: a transposed broadcast, over P. Errors:
    ShapeMismatch where there is no place.

    Source: Lin, Chen and Yan, *Network in Network* (2014), section 3.2.
    """

    also_known_as: ClassVar[tuple[str, ...]] = ("gap", "global_avg_pool", "adaptive_avg_pool2d")

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return (channels,)."""
        return _channels(shape)

    def forward(self, x: Array) -> Array:
        """Return the means."""
        means: Array = np.mean(_places(x), axis=1)
        return means

    def jacobian(self, x: Array) -> Operator:
        """Return 1/P after the sum."""
        *places, channels = x.shape[1:]
        share = np.full_like(x, 1 / math.prod(places), shape=(1, 1))
        return compose(Diagonal(share), transposed(Broadcast().bind((channels,), x.shape[1:])))

    def second_order(self) -> dict[tuple[str, str], Operator]:
        """Return nothing: it is linear."""
        return {}


def _channels(shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(shape) < 2 or not math.prod(shape[:-1]):
        raise ShapeMismatch(
            "it needs places to go over, and channels last",
            expected="features of shape (*places, channels) with at least one place",
            received=f"features of shape {shape}",
        )
    return shape[-1:]


def _places(x: Array) -> Array:
    """Join all places: (N, *places, channels) -> (N, places, channels)."""
    return x.reshape(len(x), math.prod(x.shape[1:-1]), x.shape[-1])
