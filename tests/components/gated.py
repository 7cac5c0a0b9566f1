"""Recurrent layers as a `Scan`: a plain one, an LSTM, one that keeps few of its cells, and a GRU."""

from typing import ClassVar

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
    Recomputed,
    Reshape,
    Scan,
    WeightTimes,
    add,
    compose,
)

from .initializer import UniformInitializer


class Gates(Operator):
    """A matrix of diagonals: y_r = Σ_k m_{r,k} ⊙ v_k.

    Shapes: m (N, *lead, rows, columns, n); inputs (*lead, columns, n), outputs (*lead, rows, n).
    """

    def __init__(self, m: Array) -> None:
        self.m = m
        *lead, rows, columns, n = m.shape[1:]
        self.in_shape, self.out_shape = (*lead, columns, n), (*lead, rows, n)

    @property
    def batch(self) -> int:
        return len(self.m)

    def jvp(self, v: Array, out: Array | None = None) -> Array:
        return (self.m * v[..., None, :, :]).sum(axis=-2)

    def vjp(self, u: Array, out: Array | None = None) -> Array:
        return (self.m * u[..., :, None, :]).sum(axis=-3)


def shifted(x: Array) -> Array:
    """What there was one step before, and 0 before the first: (N, T, ...) -> the same."""
    return np.concatenate([np.zeros_like(x[:, :1]), x[:, :-1]], axis=1)


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


class Sequential(Layer):
    """What the recurrent layers have in common: weights w for what enters, u for what was there before, and b."""

    units: PositiveInt = Field(description="How many numbers the hidden state has.")
    weights: Initializer = Field(UniformInitializer(), description="Where the weight matrices start.")

    gates: ClassVar[int] = 1

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0], self.units)

    def parameters(self, features: int) -> dict[str, Parameter]:
        rows = self.gates * self.units
        return {
            "w": Parameter((rows, features), init=self.weights),
            "u": Parameter((rows, self.units), init=self.weights),
            "b": Parameter((rows,)),
        }


class PlainRecurrent(Sequential):
    """h_t = tanh(w x_t + u h_{t−1} + b),    h_0 = 0.

    Shapes: x (N, T, features) -> h (N, T, units).

    Source: Elman, Finding structure in time (1990).
    """

    def forward(self, x: Array, p: dict[str, Array]) -> Array:
        z = x @ p["w"].T + p["b"]
        hidden = [np.tanh(z[:, 0])]
        for t in range(1, z.shape[1]):
            hidden.append(np.tanh(z[:, t] + hidden[-1] @ p["u"].T))
        return np.stack(hidden, axis=1)

    def jacobian(self, x: Array, y: Array, p: dict[str, Array]) -> dict[str, Operator]:
        slope = 1 - y * y
        steps = [compose(Diagonal(slope[:, t]), Matrix(p["u"])) for t in range(x.shape[1])]
        through = compose(Scan(steps), Diagonal(slope))
        return {
            "x": compose(through, Matrix(p["w"])),
            "w": compose(through, WeightTimes(x)),
            "u": compose(through, WeightTimes(shifted(y))),
            "b": compose(through, Broadcast()),
        }


def cell_slopes(gates: Array, before: Array, c: Array) -> tuple[Array, Array]:
    """∂(h, c)_t in z_t and in (h, c)_{t−1} past z: gates (N, T, 4, n) -> (N, T, 2, 4, n) and (N, T, 2, 2, n)."""
    i, f, g, o = (gates[..., k, :] for k in range(4))
    tanh = np.tanh(c)
    out = o * (1 - tanh * tanh)
    zero = np.zeros_like(c)
    to_c = np.stack([g * i * (1 - i), before * f * (1 - f), i * (1 - g * g), zero], axis=-2)
    to_h = out[..., None, :] * to_c + np.stack([zero, zero, zero, tanh * o * (1 - o)], axis=-2)
    carried = np.stack([np.stack([zero, out * f], axis=-2), np.stack([zero, f], axis=-2)], axis=-3)
    return np.stack([to_h, to_c], axis=-3), carried


class Lstm(Sequential):
    """Long short-term memory: a state (h, c) of hidden values and cells.

        (i, f, g, o) = (σ, σ, tanh, σ)(w x_t + u h_{t−1} + b),    c_t = f ⊙ c_{t−1} + i ⊙ g,    h_t = o ⊙ tanh(c_t)

    Shapes: x (N, T, features) -> h (N, T, units); w, u and b have the rows of i, f, g and o one after another.

    Source: Hochreiter and Schmidhuber (1997), with the forget gate of Gers, Schmidhuber and Cummins (2000).
    """

    gates: ClassVar[int] = 4

    def opened(self, z: Array) -> Array:
        """The gates: (..., 4·units) -> (..., 4, units)."""
        z = z.reshape(*z.shape[:-1], 4, self.units)
        i, f, g, o = (z[..., k, :] for k in range(4))
        return np.stack([sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)], axis=-2)

    def run(self, x: Array, p: dict[str, Array]) -> tuple[Array, Array, Array]:
        """The gates, the cells and the hidden values at all times."""
        z = x @ p["w"].T + p["b"]
        h = c = np.zeros_like(z[:, 0, : self.units])
        gates, cells, hidden = [], [], []
        for t in range(z.shape[1]):
            now = self.opened(z[:, t] + h @ p["u"].T)
            c = now[:, 1] * c + now[:, 0] * now[:, 2]
            h = now[:, 3] * np.tanh(c)
            gates.append(now)
            cells.append(c)
            hidden.append(h)
        return np.stack(gates, axis=1), np.stack(cells, axis=1), np.stack(hidden, axis=1)

    def forward(self, x: Array, p: dict[str, Array], saved: dict[str, Array]) -> Array:
        saved["gates"], saved["c"], hidden = self.run(x, p)
        return hidden

    def steps(self, p: dict[str, Array], gates: Array, before: Array, c: Array) -> list[tuple[Operator, Operator]]:
        """(A_t, B_t) for each t: from (h, c)_{t−1} and from z_t to (h, c)_t."""
        n = self.units
        slopes, carried = cell_slopes(gates, before, c)
        recurrent = compose(Reshape().bind((4 * n,), (4, n)), Matrix(p["u"]), Gather(np.arange(n)[None], (2, n)))
        found = []
        for t in range(c.shape[1]):
            enters = Gates(slopes[:, t])
            found.append((add(compose(enters, recurrent), Gates(carried[:, t])), enters))
        return found

    def jacobian(self, x: Array, y: Array, p: dict[str, Array], saved: dict[str, Array]) -> dict[str, Operator]:
        c = saved["c"]
        return self.through(Scan(self.steps(p, saved["gates"], shifted(c), c)), x, y, p)

    def through(self, scan: Operator, x: Array, y: Array, p: dict[str, Array]) -> dict[str, Operator]:
        """What reaches z reaches h through the scan: one object, so that the loop runs back once."""
        times, n = y.shape[1:]
        hidden = np.arange(times)[:, None] * (2 * n) + np.arange(n)
        through = compose(Gather(hidden[None], (times, 2, n)), scan, Reshape().bind((times, 4 * n), (times, 4, n)))
        return {
            "x": compose(through, Matrix(p["w"])),
            "w": compose(through, WeightTimes(x)),
            "u": compose(through, WeightTimes(shifted(y))),
            "b": compose(through, Broadcast()),
        }


class FrugalLstm(Lstm):
    """The same, which keeps the cells of every third time alone, and opens the gates again on the way back."""

    every: PositiveInt = Field(3, description="The length of the segments between the cells that are kept.")

    def forward(self, x: Array, p: dict[str, Array], saved: dict[str, Array]) -> Array:
        _, cells, hidden = self.run(x, p)
        saved["c"] = shifted(cells)[:, :: self.every]
        return hidden

    def jacobian(self, x: Array, y: Array, p: dict[str, Array], saved: dict[str, Array]) -> dict[str, Operator]:
        times, n = y.shape[1:]
        h = shifted(y)

        def again(start: int, stop: int) -> list[tuple[Operator, Operator]]:
            gates = self.opened(x[:, start:stop] @ p["w"].T + p["b"] + h[:, start:stop] @ p["u"].T)
            cells = [saved["c"][:, start // self.every]]
            for t in range(stop - start):
                cells.append(gates[:, t, 1] * cells[-1] + gates[:, t, 0] * gates[:, t, 2])
            return self.steps(p, gates, np.stack(cells[:-1], axis=1), np.stack(cells[1:], axis=1))

        scan = Scan(Recomputed(again, times, self.every)).bind((times, 4, n), (times, 2, n))
        return self.through(scan, x, y, p)


class Gru(Sequential):
    """A gated recurrent unit, with the reset gate behind the recurrent matrix.

        (z, r) = σ(w x_t + u h_{t−1} + b),    n = tanh(w x_t + b + r ⊙ (u h_{t−1})),    h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}

    Shapes: x (N, T, features) -> h (N, T, units); w, u and b have the rows of z, r and n one after another.

    Source: Cho et al., Learning Phrase Representations using RNN Encoder–Decoder (2014); r as in cuDNN.
    """

    gates: ClassVar[int] = 3

    def forward(self, x: Array, p: dict[str, Array], saved: dict[str, Array]) -> Array:
        units = self.units
        entering = x @ p["w"].T + p["b"]
        h = np.zeros_like(entering[:, 0, :units])
        kept, hidden = [], []
        for t in range(x.shape[1]):
            now, past = entering[:, t], h @ p["u"].T
            sums, inner = now + past, past[:, 2 * units :]
            z, new, r = sigmoid(sums[:, :units]), sigmoid(-sums[:, :units]), sigmoid(sums[:, units : 2 * units])
            n = np.tanh(now[:, 2 * units :] + r * inner)
            kept.append(np.stack([z, new, r, n, inner], axis=-2))
            h = new * n + z * h  # new = 1 − z, with all its digits where z is close to 1
            hidden.append(h)
        saved["kept"] = np.stack(kept, axis=1)
        return np.stack(hidden, axis=1)

    def jacobian(self, x: Array, y: Array, p: dict[str, Array], saved: dict[str, Array]) -> dict[str, Operator]:
        z, new, r, n, past = (saved["kept"][..., k, :] for k in range(5))
        before, units = shifted(y), self.units
        slope = new * (1 - n * n)
        enters = np.stack([(before - n) * z * new, slope * past * r * (1 - r), slope], axis=-2)[..., None, :, :]
        reset = np.stack([np.ones_like(r), np.ones_like(r), r], axis=-2)  # what of u h_{t−1} reaches the sums
        fold = Reshape().bind((3 * units,), (3, units))
        unfold = Reshape().bind((1, units), (units,))
        steps = []
        for t in range(x.shape[1]):
            recurrent = compose(unfold, Gates(enters[:, t]), Diagonal(reset[:, t]), fold, Matrix(p["u"]))
            steps.append(add(recurrent, Diagonal(z[:, t])))
        times = x.shape[1]
        wide = Reshape().bind((times, 3 * units), (times, 3, units))
        through = compose(Scan(steps), Reshape().bind((times, 1, units), (times, units)), Gates(enters))
        return {
            "x": compose(through, wide, Matrix(p["w"])),
            "w": compose(through, wide, WeightTimes(x)),
            "u": compose(through, Diagonal(reset), wide, WeightTimes(before)),
            "b": compose(through, wide, Broadcast()),
        }
