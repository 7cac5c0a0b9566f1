"""Components that fail, each in a check of its own."""

from __future__ import annotations

import time

import numpy as np

from bpframe.extend import Activation, Array, BatchMatrix, Field, Initializer, Operator, Optimizer


class Drafted(Activation):
    """A draft."""

    draft = True

    def forward(self, x: Array) -> Array:
        return x * x


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
