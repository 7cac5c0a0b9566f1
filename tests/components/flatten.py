"""All features in one axis."""

import math

from bpframe.extend import Array, Layer, Operator, Reshape


class Flatten(Layer):
    """Put all features in one axis, in C order.

    Shapes: x (N, *features) -> y (N, size of features). Jacobian: reshape.
    """

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (math.prod(shape),)

    def forward(self, x: Array) -> Array:
        return x.reshape(len(x), math.prod(x.shape[1:]))

    def jacobian(self) -> Operator:
        return Reshape()
