"""Historical mistakes in functions that work entry by entry, rebuilt small."""

from typing import ClassVar

import numpy as np

from bpframe.extend import Activation, Array, Cost, Diagonal, Field, Layer, Operator


class Asinh(Activation):
    """graphax keeps derivative rules in a table; that of asinh was √(1 + x²) where 1/√(1 + x²) is right, untested."""

    def forward(self, x: Array) -> Array:
        return np.arcsinh(x)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.sqrt(1 + x * x))


class Elu(Activation):
    """PyTorch #47671: the branch was chosen by the sign of the output; for a negative α that is not the input's."""

    alpha: float = Field(-2.0, description="The height of the negative branch.")

    def forward(self, x: Array) -> Array:
        return np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x.real, 0)))

    def jacobian(self, y: Array) -> Operator:
        return Diagonal(np.where(y > 0, np.ones_like(y), y + self.alpha))


class EluByWhere(Activation):
    """MXNet #14673: both branches were computed and one picked, so that 0 · ∞ made NaN of large inputs."""

    def forward(self, x: Array) -> Array:
        return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))

    def jacobian(self, x: Array) -> Operator:
        positive = (x > 0).astype(x.dtype)
        return Diagonal(positive + (1 - positive) * np.exp(x))


class TanhOfInput(Activation):
    """MXNet #4316 discusses 1 − a²: right where a is the output, wrong when a reader takes it for the input."""

    def forward(self, x: Array) -> Array:
        return np.tanh(x)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(1 - x * x)


class LeakySelect(Layer):
    """After HIPS autograd #396, on np.where: one of the two selected values got no gradient at all."""

    def forward(self, a: Array, b: Array) -> Array:
        return np.where(a.real > b.real, 2 * a, 3 * b)

    def jacobian(self, a: Array, b: Array) -> dict[str, Operator]:
        return {"a": Diagonal(np.where(a > b, 2 * np.ones_like(a), 0)), "b": Diagonal(np.zeros_like(b))}


class SinTimes(Layer):
    """JAX #3213: the documentation's custom rule of sin(x) y had −sin(x) for the derivative in y."""

    def forward(self, x: Array, y_: Array) -> Array:
        return np.sin(x) * y_

    def jacobian(self, x: Array, y_: Array) -> dict[str, Operator]:
        return {"x": Diagonal(np.cos(x) * y_), "y_": Diagonal(-np.sin(x))}


class Subtract(Layer):
    """micrograd_c #1: a − b handed its error to both sides with the same sign."""

    def forward(self, a: Array, b: Array) -> Array:
        return a - b

    def jacobian(self, a: Array, b: Array) -> dict[str, Operator]:
        return {"a": Diagonal(np.ones_like(a)), "b": Diagonal(np.ones_like(b))}


class SquaredError(Cost):
    """teaching-monolith #1: course material derived the squared error with the difference the wrong way round."""

    def forward(self, a: Array, y: Array) -> Array:
        return ((y - a) ** 2).sum(axis=tuple(range(1, a.ndim)))

    def jacobian(self, a: Array, y: Array) -> Array:
        return 2 * (y - a)


class CrossEntropyOfProbabilities(Cost):
    """A step left out in many hand-written networks (NeuralNetworkFromScratch #3): the sigmoid's slope is missing."""

    domain: ClassVar = (-50.0, 50.0)

    def forward(self, a: Array, y: Array) -> Array:
        p = 1 / (1 + np.exp(-a))
        return (0.5 * (p - y) ** 2).sum(axis=tuple(range(1, a.ndim)))

    def jacobian(self, a: Array, y: Array) -> Array:
        return 1 / (1 + np.exp(-a)) - y
