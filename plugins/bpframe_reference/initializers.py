"""Where the tutorial's sources let weights and biases start."""

from __future__ import annotations

import math

import numpy as np

from bpframe.extend import Array, Initializer

__all__ = ["ScaledNormal", "StandardNormal"]


class StandardNormal(Initializer):
    """Independent standard normal numbers, N(0, 1).

    Source: Nielsen, *Neural Networks and Deep Learning*, chapter 1 (`network.py`).
    """

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Draw an array of this shape."""
        return rng.standard_normal(shape)


class ScaledNormal(Initializer):
    """Normal numbers of variance 1/n_in, N(0, 1)/√n_in, so that z has variance of order one for any number of inputs.

    Source: Nielsen, *Neural Networks and Deep Learning*, chapter 3, "Weight initialization" (`network2.py`).
    """

    def draw(self, shape: tuple[int, ...], fan_in: int, rng: np.random.Generator) -> Array:
        """Draw an array of this shape."""
        return rng.standard_normal(shape) / math.sqrt(max(fan_in, 1))
