"""A beginner's layer: the Jacobians of the textbook, written out as arrays."""

import numpy as np

from bpframe.extend import Array, Field, Initializer, Layer, Parameter, PositiveInt

from .initializer import UniformInitializer


class Textbook(Layer):
    """A bilinear form of the input with itself, beside a linear part.

        y_i = Σ_jk w_ijk x_j x_k + Σ_j c_ij x_j

    Shapes: x (N, n) -> y (N, units); w (units, n, n), c (units, n). Jacobians: dense.
    """

    units: PositiveInt
    start: Initializer = Field(UniformInitializer(), description="Where the parameters start.")

    def output_shape(self) -> tuple[int, ...]:
        return (self.units,)

    def parameters(self, features: int) -> dict[str, Parameter]:
        return {
            "w": Parameter((self.units, features, features), init=self.start),
            "c": Parameter((self.units, features), init=self.start),
        }

    def forward(self, x: Array, p: dict[str, Array]) -> Array:
        return np.einsum("ijk,nj,nk->ni", p["w"], x, x) + x @ p["c"].T

    def jacobian(self, x: Array, p: dict[str, Array]) -> dict[str, Array]:
        same = np.eye(self.units)
        return {
            "x": np.einsum("ijk,nk->nij", p["w"] + p["w"].swapaxes(1, 2), x) + p["c"],
            "w": np.einsum("il,nj,nk->niljk", same, x, x),
            "c": np.einsum("il,nj->nilj", same, x),
        }

    def second_order(self, x: Array, p: dict[str, Array], u: Array) -> dict[tuple[str, str], Array]:
        same = np.eye(x.shape[1])
        once = np.einsum("ni,jk,nl->njikl", u, same, x)
        return {
            ("x", "x"): np.einsum("ni,ijk->njk", u, p["w"] + p["w"].swapaxes(1, 2)),
            ("x", "w"): once + once.swapaxes(-1, -2),
            ("x", "c"): np.einsum("ni,jk->njik", u, same),
        }


class SumOfEntries(Layer):
    """Add all features up; the Jacobian is one row, the same for every example.

        y = Σ_j x_j,    ∂y/∂x = (1, ..., 1)

    Shapes: x (N, n) -> y (N, 1).
    """

    def output_shape(self) -> tuple[int, ...]:
        return (1,)

    def forward(self, x: Array) -> Array:
        return x.sum(axis=1, keepdims=True)

    def jacobian(self, x: Array) -> Array:
        return np.ones((1, x.shape[1]))

    def second_order(self) -> dict[tuple[str, str], Array]:
        return {}
