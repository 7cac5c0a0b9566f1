"""The start that every shipped layer's weights have unless they are given another."""

from __future__ import annotations

import math

import numpy as np

from bpframe.core.component import Initializer
from bpframe.validation.plain_arrays import Array

__all__ = ["ScaledNormal"]


class ScaledNormal(Initializer):
    """Normal numbers of variance 1/n_in, N(0, 1)/√n_in, so that z has variance of order one for any number of inputs.

    Source: Nielsen, *Neural Networks and Deep Learning*, chapter 3, "Weight initialization" (`network2.py`); LeCun,
    Bottou, Orr and Müller, *Efficient BackProp* (1998), eq. (16).
    """

    def draw(self, shape: tuple[int, ...], fan_in: int, rng: np.random.Generator) -> Array:
        """Draw an array of this shape."""
        return rng.standard_normal(shape) / math.sqrt(max(fan_in, 1))
