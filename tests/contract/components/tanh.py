"""The hyperbolic tangent."""

import numpy as np

from bpframe.extend import Activation, Array, Diagonal, Operator


class Tanh(Activation):
    """Squash each entry into (−1, 1).

        y = tanh x,    ∂y/∂x = 1 − y²

    Shapes: x (N, *features) -> y, the same. Jacobian: diagonal.
    """

    def forward(self, x: Array) -> Array:
        return np.tanh(x)

    def jacobian(self, y: Array) -> Operator:
        return Diagonal(1 - y * y)

    def second_derivative(self, y: Array) -> Array:
        return -2 * y * (1 - y * y)
