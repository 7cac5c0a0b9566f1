"""A rational function whose coefficients are trained."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence

import numpy as np

from bpframe.extend import (
    Array,
    Component,
    Diagonal,
    Field,
    Initializer,
    Layer,
    Operator,
    Parameter,
    PositiveInt,
)


class Given(Initializer):
    """Start a vector at the numbers that are given, θ_i = values_i; those that are left out are zero.

    Shapes: (n,) with n at least as many as there are values.
    """

    values: tuple[float, ...] = Field((), description="The first numbers of the vector.")

    def draw(self, shape: tuple[int, ...]) -> Array:
        """Return the values, followed by zeros."""
        drawn = np.zeros(shape)
        drawn[: len(self.values)] = self.values
        return drawn


class Rational(Layer):
    """Bend each entry by a quotient of two polynomials whose coefficients are trained.

        y = p(x) / q(x),    p = Σ_i a_i x^i,    s = Σ_j b_j x^j, j ≥ 1,    q = 1 + s² ≥ 1
        ∂y/∂x = (p' − 2 y s s') / q,    ∂y/∂a_i = x^i / q,    ∂y/∂b_j = −2 y s x^j / q

    Shapes: x (N, *features) -> y, the same; a (top + 1,), b (bottom,). Jacobians: diagonal, batch matrix.

    Source: Boullé, Nakatsukasa and Townsend, *Rational neural networks* (2020), with a denominator that has no zero.
    """

    top: PositiveInt = Field(3, description="The degree of p.")
    bottom: PositiveInt = Field(1, description="The degree of s; q has twice that degree.")
    start_top: Initializer = Field(Given(values=(0.0, 1.0)), description="Where a starts.")
    start_bottom: Initializer = Field(Given(values=(0.5,)), description="Where b starts.")

    def parameters(self) -> dict[str, Parameter]:
        """Return a and b."""
        return {
            "a": Parameter((self.top + 1,), init=self.start_top),
            "b": Parameter((self.bottom,), init=self.start_bottom),
        }

    def forward(self, x: Array, p: Mapping[str, Array], saved: MutableMapping[str, Array]) -> Array:
        """Return y, and keep the powers, s and q for the Jacobian."""
        saved["x^i"] = _powers(x, range(self.top + 1))
        saved["x^j"] = _powers(x, range(1, self.bottom + 1))
        saved["s"] = saved["x^j"] @ p["b"]
        saved["q"] = 1 + saved["s"] ** 2
        y: Array = saved["x^i"] @ p["a"] / saved["q"]
        return y

    def jacobian(
        self, x: Array, y: Array, p: Mapping[str, Array], saved: Mapping[str, Array]
    ) -> dict[str, Operator | Array]:
        """Return the operators of x, a and b."""
        s, q = saved["s"], saved["q"]
        dp, ds = _slope(x, p["a"][1:]), _slope(x, p["b"])
        return {
            "x": Diagonal((dp - 2 * y * s * ds) / q),
            "a": saved["x^i"] / q[..., None],
            "b": -2 * (y * s / q)[..., None] * saved["x^j"],
        }


def _powers(x: Array, exponents: Sequence[int]) -> Array:
    return np.stack([x**k for k in exponents], axis=-1)


def _slope(x: Array, coefficients: Array) -> Array:
    """Return Σ_k k c_k x^(k−1), k from 1."""
    each = [k * c * x ** (k - 1) for k, c in enumerate(coefficients, start=1)]
    total: Array = sum(each[1:], start=each[0])
    return total


def bpframe_examples() -> list[tuple[Component, tuple[tuple[int, ...], ...]]]:
    """Return instances to check by value, each with the feature shapes of its inputs."""
    return [
        (Rational(), ((3,),)),
        (Rational(top=5, bottom=2, start_top=Given(values=(0.2, 1.0, -0.3, 0.1)), start_bottom=Given()), ((2, 3),)),
        (Rational(top=1), ((),)),
        (Given(values=(1.0, 0.5)), ((4,),)),
    ]
