"""Where the biases of blocks start."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Array, Initializer

__all__ = ["Zeros"]


class Zeros(Initializer):
    """Zeros."""

    def draw(self, shape: tuple[int, ...]) -> Array:
        """Return zeros of this shape."""
        return np.zeros(shape)
