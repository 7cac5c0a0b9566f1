"""Weights that start as rows, or columns, at right angles."""

from __future__ import annotations

import math

import numpy as np

from bpframe.extend import Array, Field, Initializer, PositiveFloat

__all__ = ["Orthogonal"]


class Orthogonal(Initializer):
    """A random matrix whose rows, or columns where these are fewer, are at right angles and of length g.

        w wᵀ = g² 1  for m ≤ n,    wᵀ w = g² 1  for m ≥ n,    w (m, n)

    So lengths stay what they are, times g, through any number of square layers. The first axis of a parameter counts
    the rows, all others the columns. Drawn evenly among such matrices: Q of a normal one, with the signs of R's
    diagonal.

    Source: Saxe, McClelland and Ganguli, Exact Solutions to the Nonlinear Dynamics of Learning in Deep Linear Neural
    Networks (2014), section 3; Mezzadri, How to Generate Random Matrices from the Classical Compact Groups (2007), for
    the signs.
    """

    gain: PositiveFloat = Field(1.0, description="g, the length of rows, or of columns.")

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Draw an array of this shape."""
        rows, columns = (shape[0] if shape else 1), math.prod(shape[1:])
        tall = rng.standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(tall)
        q = q * np.where(np.diagonal(r) < 0, -self.gain, self.gain)
        turned: Array = (q if rows >= columns else q.T).reshape(shape)
        return turned
