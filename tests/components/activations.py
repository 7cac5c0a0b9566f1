"""Functions of one number, taken entry by entry. Shapes: x (N, *features) -> y, the same; Jacobians are diagonal."""

import numpy as np

from bpframe.extend import Activation, Array, Diagonal, Operator


class SoftSign(Activation):
    """Squash each entry: y = kx / (1 + k|x|), y' = k (1 − |y|)²."""

    sharpness: float = 1.0

    def forward(self, x: Array) -> Array:
        return self.sharpness * x / (1 + np.abs(self.sharpness * x))

    def jacobian(self, y: Array) -> Operator:
        return Diagonal(self.sharpness * (1 - np.abs(y)) ** 2)


class Sine(Activation):
    """y = sin x, with no second order."""

    def forward(self, x: Array) -> Array:
        return np.sin(x)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.cos(x))


class Square(Activation):
    """y = x²."""

    def forward(self, x: Array) -> Array:
        return x * x

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(2 * x)


class Cube(Activation):
    """y = x³."""

    def forward(self, x: Array) -> Array:
        return x**3

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(3 * x**2)

    def second_order(self, x: Array, u: Array) -> dict[tuple[str, str], Operator]:
        return {("x", "x"): Diagonal(6 * x * u)}


class Logarithm(Activation):
    """y = ln x: NaN below zero."""

    def forward(self, x: Array) -> Array:
        return np.log(x)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(1 / x)


class SquareRoot(Activation):
    """y = √z: NaN below zero, and an infinite slope at zero."""

    def forward(self, z: Array) -> Array:
        return np.sqrt(z)

    def jacobian(self, y: Array) -> Operator:
        return Diagonal(0.5 / y)
