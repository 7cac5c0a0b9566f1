"""Where the tutorial's sources let weights and biases start."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array, Initializer, ScaledNormal

__all__ = ["ScaledNormal", "StandardNormal"]


class StandardNormal(Initializer):
    """Independent standard normal numbers, N(0, 1).

    Source: Nielsen, *Neural Networks and Deep Learning*, chapter 1 (`network.py`).
    """

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Draw an array of this shape."""
        return rng.standard_normal(shape)
