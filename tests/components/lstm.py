"""A long short-term memory, as one component: the time loop is one operator with which every Jacobian begins."""

import itertools

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


def logistic(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


class ThroughGates(Operator):
    """From a change of what the gates are computed from, at all times, to the change of the hidden states.

        (ż_i, ż_f, ż_g, ż_o) = v_t + u ḣ_{t−1}
        ċ_t = f_t ċ_{t−1} + α_i ż_i + α_f ż_f + α_g ż_g,    ḣ_t = s_t ċ_t + α_o ż_o

    Shapes: inputs (T, 4 units), in the order i, f, g, o; outputs (T, units). For every example and time, `by_gate`
    (N, T, 4, units) holds α, how c_t (for o: h_t) moves with what each gate is computed from; `forget` and `shown`,
    (N, T, units), f_t and s_t, how h_t moves with c_t; u is (4 units, units).

    Source: Hochreiter and Schmidhuber, Long Short-Term Memory (1997), with the forget gate of Gers et al. (2000).
    """

    def __init__(self, by_gate: Array, forget: Array, shown: Array, u: Array) -> None:
        self.by_gate = by_gate
        self.forget = forget
        self.shown = shown
        self.u = u
        _, times, _, units = by_gate.shape
        self.in_shape = (times, 4 * units)
        self.out_shape = (times, units)

    @property
    def batch(self) -> int:
        return len(self.forget)

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        units = self.out_shape[1]
        pushed = np.empty_like(v, shape=(*v.shape[:-1], units))
        h = np.zeros_like(pushed[..., 0, :])
        c = np.zeros_like(h)
        for t in range(self.out_shape[0]):
            gates = v[..., t, :] + np.matmul(h, self.u.T)
            moved = gates.reshape(*gates.shape[:-1], 4, units) * self.by_gate[:, t]
            c = self.forget[:, t] * c + moved[..., :3, :].sum(axis=-2)
            h = self.shown[:, t] * c + moved[..., 3, :]
            pushed[..., t, :] = h
        return pushed

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        units = self.out_shape[1]
        pulled = np.empty_like(u, shape=(*u.shape[:-1], 4 * units))
        h = np.zeros_like(u[..., 0, :])
        c = np.zeros_like(h)
        for t in reversed(range(self.out_shape[0])):
            h = h + u[..., t, :]
            c = c + self.shown[:, t] * h
            sent = np.stack([c, c, c, h], axis=-2) * self.by_gate[:, t]
            pulled[..., t, :] = sent.reshape(pulled[..., t, :].shape)
            h = np.matmul(pulled[..., t, :], self.u)
            c = self.forget[:, t] * c
        return pulled

    def pulled_moments(self, moments: Array) -> list[tuple[None, Array]]:
        """The moments of (c, h) at each time, those of the gates by α on both sides, and those of (c, h) before."""
        units = self.out_shape[1]
        by_c, by_h = np.split(self.u, [3 * units])
        total = np.zeros_like(moments, shape=(1, 4 * units, 4 * units))
        both = np.zeros_like(moments, shape=(len(moments), 2 * units, 2 * units))
        for t in reversed(range(self.out_shape[0])):
            c, h = slice(units), slice(units, None)
            both[:, h, h] += moments[:, t]
            both[:, c] += self.shown[:, t, :, None] * both[:, h]
            both[:, :, c] += self.shown[:, t, None, :] * both[:, :, h]
            alpha = self.by_gate[:, t]
            for i, j in itertools.product(range(4), repeat=2):
                part = both[:, c if i < 3 else h, c if j < 3 else h]
                rows, columns = (slice(k * units, (k + 1) * units) for k in (i, j))
                total[0, rows, columns] += np.einsum("na,nab,nb->ab", alpha[:, i], part, alpha[:, j])
            back = np.empty_like(both)  # to (c, h) before: of c by forget, of h by u' diag(α)
            back[:, :units, :units] = 0
            to_h = np.concatenate(
                [np.einsum("nga,gab->nab", alpha[:, :3], by_c.reshape(3, units, units)), alpha[:, 3, :, None] * by_h],
                axis=1,
            )
            left = np.matmul(both, to_h)
            forget = self.forget[:, t]
            cc = forget[:, :, None] * both[:, c, c] * forget[:, None, :]
            ch = forget[:, :, None] * left[:, c]
            back[:, h, h] = np.matmul(to_h.swapaxes(-1, -2), left)
            back[:, c, c], back[:, c, h], back[:, h, c] = cc, ch, ch.swapaxes(-1, -2)
            both = back
        return [(None, total)]


class LSTM(Layer):
    """Carry a hidden state over time, through a cell that gates protect.

        i, f, o = logistic, g = tanh of w x_t + u h_{t−1} + b;    c_t = f c_{t−1} + i g,    h_t = o tanh(c_t)

    Other than the shipped one, whose loop is called as it is, a record holds its steps call by call.

    Shapes: x (N, T, features) -> h (N, T, units); w (4 units, features), u (4 units, units), b (4 units,).

    Source: Hochreiter and Schmidhuber, Long Short-Term Memory (1997).
    """

    units: PositiveInt = Field(description="How many numbers the hidden state has.")
    weights: Initializer = Field(UniformInitializer(), description="Where both weight matrices start.")

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0], self.units)

    def parameters(self, features: int) -> dict[str, Parameter]:
        return {
            "w": Parameter((4 * self.units, features), init=self.weights),
            "u": Parameter((4 * self.units, self.units), init=self.weights),
            "b": Parameter((4 * self.units,)),
        }

    def forward(self, x: Array, p: dict[str, Array], saved: dict[str, Array]) -> Array:
        z = x @ p["w"].T + p["b"]
        hidden = np.empty_like(z, shape=(*z.shape[:2], self.units))
        by_gate = np.empty_like(z, shape=(*z.shape[:2], 4, self.units))
        forget, shown = np.empty_like(hidden), np.empty_like(hidden)
        h = np.zeros_like(hidden[:, 0])
        c = np.zeros_like(h)
        for t in range(z.shape[1]):
            gates = (z[:, t] + h @ p["u"].T).reshape(len(z), 4, self.units)
            i, f, o = logistic(gates[:, 0]), logistic(gates[:, 1]), logistic(gates[:, 3])
            g = np.tanh(gates[:, 2])
            by_gate[:, t, 0] = i * (1 - i) * g
            by_gate[:, t, 1] = f * (1 - f) * c
            by_gate[:, t, 2] = i * (1 - g * g)
            c = f * c + i * g
            squashed = np.tanh(c)
            by_gate[:, t, 3] = o * (1 - o) * squashed
            forget[:, t] = f
            shown[:, t] = o * (1 - squashed * squashed)
            h = o * squashed
            hidden[:, t] = h
        saved["through"] = (by_gate, forget, shown)
        return hidden

    def jacobian(self, x: Array, y: Array, p: dict[str, Array], saved: dict[str, Array]) -> dict[str, Operator]:
        before = np.concatenate([np.zeros_like(y[:, :1]), y[:, :-1]], axis=1)
        through = ThroughGates(*saved["through"], p["u"])
        return {
            "x": compose(through, Matrix(p["w"])),
            "w": compose(through, WeightTimes(x)),
            "u": compose(through, WeightTimes(before)),
            "b": compose(through, Broadcast()),
        }
