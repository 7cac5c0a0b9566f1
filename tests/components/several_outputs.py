"""Layers of several outputs: a split, a pair of products, a cell of long short-term memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from bpframe.extend import (
    Array,
    Broadcast,
    Diagonal,
    Field,
    Gather,
    Initializer,
    Layer,
    Matrix,
    Operator,
    Parameter,
    PositiveInt,
    WeightTimes,
    compose,
)

from .initializer import UniformInitializer

Shape = tuple[int, ...]


class Split(Layer):
    """Cut the last axis in two: x = (left, right).

    Shapes: x (N, n) -> left (N, at), right (N, n − at). Jacobians: selections.
    """

    outputs: ClassVar[tuple[str, ...]] = ("left", "right")

    at: PositiveInt = Field(description="Size of the left part.")

    def output_shape(self, features: int) -> tuple[Shape, ...]:
        return (self.at,), (features - self.at,)

    def forward(self, x: Array) -> tuple[Array, ...]:
        return x[:, : self.at], x[:, self.at :]

    def jacobian(self, x: Array) -> tuple[Operator, ...]:
        index = np.arange(x.shape[1])[None]
        return Gather(index[:, : self.at]), Gather(index[:, self.at :])


class SquareAndProduct(Layer):
    """s = a², t = a b, entry by entry.

    Shapes: a, b (N, *features) -> both the same. Jacobians: diagonal; s does not depend on b.
    """

    outputs: ClassVar[tuple[str, ...]] = ("square", "product")

    def output_shape(self, shapes: tuple[Shape, ...]) -> tuple[Shape, ...]:
        return shapes[0], shapes[0]

    def forward(self, a: Array, b: Array) -> tuple[Array, ...]:
        return a * a, a * b

    def jacobian(self, a: Array, b: Array) -> dict[str, Any]:
        return {"a": (Diagonal(2 * a), Diagonal(b)), "b": (None, Diagonal(a))}

    def second_order(self, u: tuple[Array, Array]) -> dict[tuple[str, str], Operator]:
        square, product = u
        return {("a", "a"): Diagonal(2 * square), ("a", "b"): Diagonal(product)}


class LSTMCell(Layer):
    """One step of long short-term memory.

        z = w x + r h + k,    (i, f, o, g) = (σ(z_i), σ(z_f), σ(z_o), tanh z_g)
        c' = f ⊙ c + i ⊙ g,    h' = o ⊙ tanh c'

    Shapes: x (N, n), h and c (N, units) -> h and c, the same; w (4 units, n), r (4 units, units), k (4 units,).

    Source: Hochreiter and Schmidhuber, Long Short-Term Memory (1997), with the forget gate of Gers et al. (2000).
    """

    outputs: ClassVar[tuple[str, ...]] = ("h", "c")

    units: PositiveInt = Field(description="Size of h and c.")
    weights: Initializer = Field(UniformInitializer(), description="Where w and r start.")

    def output_shape(self, shapes: tuple[Shape, ...]) -> tuple[Shape, ...]:
        return (self.units,), (self.units,)

    def parameters(self, shapes: tuple[Shape, ...]) -> dict[str, Parameter]:
        rows = 4 * self.units
        return {
            "w": Parameter((rows, shapes[0][-1]), init=self.weights),
            "r": Parameter((rows, self.units), init=self.weights),
            "k": Parameter((rows,), init=0.1),
        }

    def forward(
        self, x: Array, h: Array, c: Array, p: Mapping[str, Array], saved: dict[str, Array]
    ) -> tuple[Array, ...]:
        z = (x @ p["w"].T + h @ p["r"].T + p["k"]).reshape(len(x), 4, self.units)
        gates = 1 / (1 + np.exp(-z[:, :3]))
        candidate = np.tanh(z[:, 3])
        cell = gates[:, 1] * c + gates[:, 0] * candidate
        saved["gates"], saved["candidate"], saved["bent"] = gates, candidate, np.tanh(cell)
        return gates[:, 2] * saved["bent"], cell

    def jacobian(
        self, x: Array, h: Array, c: Array, p: Mapping[str, Array], saved: Mapping[str, Array]
    ) -> dict[str, Any]:
        gates, candidate, bent = saved["gates"], saved["candidate"], saved["bent"]
        slopes = gates * (1 - gates)
        back = gates[:, 2] * (1 - bent * bent)  # ∂h'/∂c'
        to_cell = np.stack([slopes[:, 0] * candidate, slopes[:, 1] * c, 0 * bent, gates[:, 0] * (1 - candidate**2)], 1)
        to_state = to_cell * back[:, None]
        to_state[:, 2] = slopes[:, 2] * bent
        add_gates = Matrix(np.tile(np.eye(self.units, dtype=x.dtype), 4))  # v ↦ Σ_k v_k, of the gates in a row
        cell = compose(add_gates, Diagonal(to_cell.reshape(len(x), 4 * self.units)))
        state = compose(add_gates, Diagonal(to_state.reshape(len(x), 4 * self.units)))
        return {
            "x": (compose(state, Matrix(p["w"])), compose(cell, Matrix(p["w"]))),
            "h": (compose(state, Matrix(p["r"])), compose(cell, Matrix(p["r"]))),
            "c": (Diagonal(back * gates[:, 1]), Diagonal(gates[:, 1])),
            "w": (compose(state, WeightTimes(x)), compose(cell, WeightTimes(x))),
            "r": (compose(state, WeightTimes(h)), compose(cell, WeightTimes(h))),
            "k": (compose(state, Broadcast()), compose(cell, Broadcast())),
        }
