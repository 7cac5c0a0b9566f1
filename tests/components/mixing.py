"""A layer whose field is an array."""

import numpy as np

from bpframe.extend import Array, Layer, Matrix, Operator


class Mix(Layer):
    """y = mᵀ x, with a matrix m that is given and never trained."""

    m: np.ndarray

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (self.m.shape[1],)

    def forward(self, x: Array) -> Array:
        return x @ self.m.astype(x.dtype)

    def jacobian(self, x: Array) -> Operator:
        return Matrix(self.m.T.astype(x.dtype))
