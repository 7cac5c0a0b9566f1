"""A recurrent layer over time, as one component."""

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


class ThroughTime(Operator):
    """From a change of the weighted inputs at all times to the change of the hidden states.

        ḣ_t = d_t ⊙ (ż_t + u ḣ_{t−1}),    transposed:  e_t = d_t ⊙ (g_t + uᵀ e_{t+1})

    Shapes: d (N, T, units), the tanh' at each time; u (units, units); inputs and outputs (T, units).

    Source: back-propagation through time; Werbos (1990).
    """

    def __init__(self, d: Array, u: Array) -> None:
        self.d = d
        self.u = u
        self.in_shape = self.out_shape = d.shape[1:]

    @property
    def batch(self) -> int:
        return len(self.d)

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        pushed = np.empty_like(v)
        carried = np.zeros_like(v[..., 0, :])
        for t in range(self.d.shape[1]):
            carried = self.d[:, t] * (v[..., t, :] + np.matmul(carried, self.u.T))
            pushed[..., t, :] = carried
        return pushed

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        pulled = np.empty_like(u)
        carried = np.zeros_like(u[..., 0, :])
        for t in reversed(range(self.d.shape[1])):
            carried = self.d[:, t] * (u[..., t, :] + np.matmul(carried, self.u))
            pulled[..., t, :] = carried
        return pulled


class Recurrent(Layer):
    """Carry a hidden state over time.

        h_t = tanh(w x_t + u h_{t−1} + b),    h_0 = 0

    Shapes: x (N, T, features) -> h (N, T, units); w (units, features), u (units, units), b (units,). Every Jacobian is
    `ThroughTime` after that of the weighted inputs.

    Source: Elman, Finding structure in time (1990).
    """

    units: PositiveInt
    weights: Initializer = Field(UniformInitializer(), description="Where both weight matrices start.")

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0], self.units)

    def parameters(self, features: int) -> dict[str, Parameter]:
        return {
            "w": Parameter((self.units, features), init=self.weights),
            "u": Parameter((self.units, self.units), init=self.weights),
            "b": Parameter((self.units,)),
        }

    def forward(self, x: Array, p: dict[str, Array]) -> Array:
        z = x @ p["w"].T + p["b"]
        h = np.zeros_like(z[:, 0])
        hidden = np.empty_like(z)
        for t in range(z.shape[1]):
            h = np.tanh(z[:, t] + h @ p["u"].T)
            hidden[:, t] = h
        return hidden

    def jacobian(self, x: Array, y: Array, p: dict[str, Array]) -> dict[str, Operator]:
        before = np.concatenate([np.zeros_like(y[:, :1]), y[:, :-1]], axis=1)
        through_time = ThroughTime(1 - y * y, p["u"])
        return {
            "x": compose(through_time, Matrix(p["w"])),
            "w": compose(through_time, WeightTimes(x)),
            "u": compose(through_time, WeightTimes(before)),
            "b": compose(through_time, Broadcast()),
        }
