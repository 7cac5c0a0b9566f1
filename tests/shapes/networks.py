"""Networks of an open length, the same closed, and components that cannot be open."""

from __future__ import annotations

from typing import Any

import numpy as np
from bpframe_reference import Add, Dense, QuadraticCost, Sigmoid
from bpframe_regularisation import L2, BatchNorm, Dropout

import bpframe as bp
from bpframe.extend import Block, Broadcast, Diagonal, IdentityMap, Layer, Matrix, Parameter, ShapeMismatch, State
from tests.components.recurrent import Recurrent

FEATURES, UNITS = 2, 3


def chain(length: int | None = None, dtype: str = "float64", seed: int = 1) -> bp.Network:
    """A recurrent network with a state and dropout, of one length or of any."""
    layers = [Recurrent(units=UNITS), BatchNorm(), Dropout(rate=0.2), Dense(units=2)]
    return bp.Network(layers, cost=QuadraticCost(), input_shape=(length, FEATURES), dtype=dtype, seed=seed)


def plain(length: int | None = None, dtype: str = "float64", seed: int = 1) -> bp.Network:
    """One whose examples do not depend on each other, for quantities of each."""
    layers = [Recurrent(units=UNITS), Dense(units=2), Sigmoid()]
    penalties = {"*.w": L2(rate=0.01)}
    return bp.Network(
        layers, cost=QuadraticCost(), input_shape=(length, FEATURES), dtype=dtype, seed=seed, penalties=penalties
    )


def samples(length: int, count: int = 5, dtype: str = "float64") -> tuple[Any, Any]:
    rng = np.random.default_rng(length)
    x, y = (rng.normal(size=(count, length, size)).astype(dtype) for size in (FEATURES, 2))
    return x, y


def two(**lengths: int | None) -> bp.Network:
    """A sum of two inputs, each open unless it is given a length."""
    inputs = {name: (lengths.get(name), 2) for name in ("a", "b")}
    return bp.Network(inputs=inputs, nodes={"sum": bp.node(Add(), "a", "b")}, output="sum", cost=QuadraticCost())


class Copied(Layer):
    """y = x."""

    def forward(self, x):
        return 1 * x

    def jacobian(self, x):
        return Diagonal(np.ones_like(x))


class OnPositions(Layer):
    """y = x + b_t: a parameter for every position."""

    def parameters(self, shape):
        return {"b": Parameter(shape)}

    def forward(self, x, p):
        return x + p["b"]

    def jacobian(self):
        return {"x": IdentityMap(), "b": Broadcast()}


class UpToTwelve(OnPositions):
    """Has as many parameters at every length of 12 or more, and fewer below."""

    def parameters(self, shape):
        return {"b": Parameter((min(shape[0], 12), shape[1]))}


class RunningPositions(Copied):
    """Carries a number for every position."""

    def initial_state(self, shape):
        return {"mean": State(shape)}


class StartsByLength(Layer):
    """y = g x, where g starts at 1/T."""

    def parameters(self, shape):
        return {"g": Parameter(shape[1:], init=1 / shape[0])}

    def forward(self, x, p):
        return x * p["g"]

    def jacobian(self, x, p):
        return {"x": Diagonal(p["g"][None]), "g": Diagonal(x)}


class SometimesBiased(OnPositions):
    """Has a parameter at lengths beyond 20 alone."""

    def parameters(self, shape):
        return {"b": Parameter(shape[1:])} if shape[0] > 20 else {}


class Folded(Copied):
    """Has another number of axes at lengths beyond 20."""

    def output_shape(self, shape):
        return shape if shape[0] <= 20 else (shape[0] * shape[1],)


class Halved(Layer):
    """y_s = x_2s + x_{2s+1}: takes lengths that 2 divides, `times` times over."""

    times: int = 1

    def output_shape(self, shape):
        if shape[0] % 2**self.times:
            raise ShapeMismatch("the length cannot be halved", expected=f"a multiple of {2**self.times}")
        return (shape[0] // 2**self.times, *shape[1:])

    def forward(self, x):
        return x.reshape(len(x), -1, 2**self.times, *x.shape[2:]).sum(axis=2)

    def jacobian(self, x, y):
        size, places = x[0].size, y[0].size
        return Matrix(np.zeros((places, size)))


class Window(Copied):
    """Takes lengths of at least `least`."""

    least: int = 200

    def output_shape(self, shape):
        if shape[0] < self.least:
            raise ShapeMismatch("the window is longer than the input", expected=f"{self.least} or more")
        return shape


class TwelveAlone(Copied):
    """Takes the length 12 and no other."""

    def output_shape(self, shape):
        if shape[0] != 12:
            raise ShapeMismatch("another length", expected="12", received=str(shape[0]))
        return shape


class BeyondTwelve(Block):
    """Two dense layers; of sequences longer than `at`, the second shares the first one's parameters, or is held."""

    at: int = 12
    held: bool = False

    def nodes(self, shape: tuple[int, ...]) -> dict[str, Any]:
        long = shape[0] > self.at
        share, trainable = "first" if long and not self.held else None, not (long and self.held)
        second = bp.node(Dense(units=shape[-1]), share=share, trainable=trainable)
        return {"first": Dense(units=shape[-1]), "second": second}
