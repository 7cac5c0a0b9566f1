"""Two layers in one component, whose Jacobians share more of their factors the nearer they are to the input."""

import numpy as np

from bpframe.extend import (
    Array,
    Broadcast,
    Field,
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


class Slopes(Operator):
    """Multiply entry by entry: a diagonal as a stranger writes it, which nothing simplifies."""

    def __init__(self, d: Array) -> None:
        self.d = d
        self.in_shape = self.out_shape = d.shape[1:]

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        return np.multiply(self.d, v)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        return np.multiply(self.d, u)


class TwoLayers(Layer):
    """y = tanh(v h + c), h = tanh(w x + b).

    Shapes: x (N, features) -> y (N, units); w (units, features), v (units, units), b and c (units,). Every Jacobian
    begins with the slopes at y; those of x, w and b go on through v and the slopes at h.
    """

    units: PositiveInt = Field(description="How many outputs each layer has.")
    weights: Initializer = Field(UniformInitializer(), description="Where the weight matrices start.")

    def output_shape(self, features: int) -> tuple[int, ...]:
        return (self.units,)

    def parameters(self, features: int) -> dict[str, Parameter]:
        return {
            "w": Parameter((self.units, features), init=self.weights),
            "b": Parameter((self.units,), init=self.weights),
            "v": Parameter((self.units, self.units), init=self.weights),
            "c": Parameter((self.units,), init=self.weights),
        }

    def forward(self, x: Array, p: dict[str, Array], saved: dict[str, Array]) -> Array:
        saved["h"] = np.tanh(x @ p["w"].T + p["b"])
        return np.tanh(saved["h"] @ p["v"].T + p["c"])

    def jacobian(self, x: Array, y: Array, p: dict[str, Array], saved: dict[str, Array]) -> dict[str, Operator]:
        h = saved["h"]
        outer = Slopes(1 - y * y)
        inner = compose(outer, Matrix(p["v"]), Slopes(1 - h * h))
        return {
            "x": compose(inner, Matrix(p["w"])),
            "w": compose(inner, WeightTimes(x)),
            "b": compose(inner, Broadcast()),
            "v": compose(outer, WeightTimes(h)),
            "c": compose(outer, Broadcast()),
        }
