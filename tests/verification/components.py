"""Components that fail, each in a check of its own."""

from __future__ import annotations

import time

import numpy as np

from bpframe.extend import Activation, Array, BatchMatrix, Diagonal, Field, Initializer, Operator, Optimizer


class Drafted(Activation):
    """A draft."""

    draft = True

    def forward(self, x: Array) -> Array:
        return x * x


class Impure(Activation):
    """Writes into its input."""

    def forward(self, x: Array) -> Array:
        x += 1
        return x

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.ones_like(x))


class Wide(Activation):
    """Returns float64 whatever it gets."""

    def forward(self, x: Array) -> Array:
        return x * np.float64(2) * np.ones(1)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(2 * np.ones_like(x))


class Mixed(Activation):
    """Mixes examples."""

    def forward(self, x: Array) -> Array:
        return x - x.mean(axis=0)

    def jacobian(self, x: Array) -> Operator:
        return Diagonal(np.ones_like(x))


class Lopsided(Operator):
    """vjp is not the transpose of jvp."""

    def __init__(self, w: Array) -> None:
        self.w = w

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        return v @ self.w.T

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        return u @ self.w.T


class Turned(Activation):
    """A rotation by a quarter, whose transpose is another."""

    def forward(self, x: Array) -> Array:
        return np.stack([-x[:, 1], x[:, 0]], axis=1)

    def jacobian(self, x: Array) -> Operator:
        return Lopsided(np.array([[0.0, -1.0], [1.0, 0.0]], x.dtype))


class Half(Optimizer):
    """Writes into the gradient."""

    def update(self, gradient: Array) -> Array:
        gradient *= -0.5
        return gradient


class Clocked(Initializer):
    """Starts from the clock."""

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        return np.full(shape, float(time.perf_counter_ns()))


class OneMatrix(Activation):
    """y = w x with a fixed matrix of the input's size, so that no other size will do."""

    size: int = Field(description="Features.")

    def _w(self, like: Array) -> Array:
        return np.cos(np.arange(self.size**2)).reshape(self.size, self.size).astype(like.dtype)

    def forward(self, x: Array) -> Array:
        return x @ self._w(x).T

    def jacobian(self, x: Array) -> Operator:
        return BatchMatrix(self._w(x)[None])


class WrongMatrix(OneMatrix):
    """One entry is wrong."""

    def jacobian(self, x: Array) -> Operator:
        w = self._w(x)
        w[3, 5] += 1
        return BatchMatrix(w[None])
