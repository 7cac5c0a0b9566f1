"""A recurrent layer over time, as one component."""

import itertools

import numpy as np

from bpframe.extend import (
    Array,
    BatchMatMul,
    Broadcast,
    Diagonal,
    Field,
    Initializer,
    Layer,
    Matrix,
    Operator,
    Parameter,
    PositiveInt,
    WeightTimes,
    add,
    compose,
    transposed,
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

    def pulled_moments(self, moments: Array) -> list[tuple[None, Array]]:
        """E_t = D_t (Σ g gᵀ + uᵀ E_{t+1} u) D_t, added up."""
        carried = np.zeros_like(moments[:, 0])
        total = np.zeros_like(carried[:1])
        for t in reversed(range(self.d.shape[1])):
            carried = moments[:, t] + np.matmul(self.u.T, np.matmul(carried, self.u))
            carried *= self.d[:, t, :, None] * self.d[:, t, None, :]
            total += carried.sum(axis=0)
        return [(None, total)]


class Recurrent(Layer):
    """Carry a hidden state over time.

        h_t = tanh(w x_t + u h_{t−1} + b),    h_0 = 0

    Other than the shipped one, whose loop is called as it is, a record holds its steps call by call, and all blocks of
    its second order begin with one operator.

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

    def second_order(self, x: Array, y: Array, u: Array, p: dict[str, Array]) -> dict[tuple[str, str], Operator]:
        """H[s, t] = L_sᵀ diag(c) L_t, and what the weights' own products with x and h add.

        L_s = ∂h/∂s; c = −2 h ⊙ δ / tanh'², with δ the error of the weighted inputs.
        """
        times, units, features = x.shape[1], self.units, x.shape[2]
        through_time = ThroughTime(1 - y * y, p["u"])
        error = through_time.vjp(u)
        after = np.concatenate([error[:, 1:], np.zeros_like(error[:, :1])], axis=1)
        bends = Diagonal(-2 * y * error / (1 - y * y) ** 2)
        shapes = {"x": (times, features), "w": (units, features), "u": (units, units), "b": (units,)}
        towards = {key: operator.bind(shapes[key], (times, units)) for key, operator in self.jacobian(x, y, p).items()}
        back = {key: transposed(operator) for key, operator in towards.items()}
        of_u = BatchMatMul(after, "left").bind(shapes["u"], (times, units))  # du ↦ duᵀ δ_{t+1}, a cotangent of h_t
        found = {
            (s, t): compose(back[s], bends, towards[t])
            for s, t in itertools.combinations_with_replacement(("x", "w", "b", "u"), 2)
        }
        for s in shapes:
            found[s, "u"] = add(found[s, "u"], compose(back[s], of_u))
        found["u", "u"] = add(found["u", "u"], compose(transposed(of_u), towards["u"]))
        found["x", "w"] = add(found["x", "w"], BatchMatMul(error, "left"))
        return found
