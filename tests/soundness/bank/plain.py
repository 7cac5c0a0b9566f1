"""Functions of their arguments, written in the ways that people write them."""

from __future__ import annotations

import functools
import math

import numpy as np
import scipy.special

from bpframe.extend import Activation, Diagonal, Layer, Matrix, add, compose, RankOne, Gather

from . import helpers
from .registry import Plain, behaviour

MIXING = ((0.5, -0.25, 0.125), (0.25, 0.5, -0.5), (-0.125, 0.25, 0.5))
OFFSET = 0.25
TABLE = {"tanh": np.tanh, "sin": np.sin}
half = functools.partial(np.multiply, 0.5)
softened = lambda x: x / (1 + np.abs(x))  # noqa: E731


@behaviour()
class Tanh(Activation):
    def forward(self, x):
        return np.tanh(x)

    def jacobian(self, y):
        return Diagonal(1 - y**2)

    def second_derivative(self, y):
        return -2 * y * (1 - y**2)


@behaviour()
class Softsign(Plain):
    def forward(self, x):
        return x / (1 + np.abs(x))


@behaviour()
class Square(Plain):
    def forward(self, x):
        return 0.1 * x**2 + 0.5 * x


@behaviour()
class Clipped(Plain):
    def forward(self, x):
        return np.clip(x, -0.5, 0.75)


@behaviour()
class Where(Plain):
    def forward(self, x):
        return np.where(x > 0, x, 0.1 * x)


@behaviour()
class UsesOut(Activation):
    def forward(self, x, out):
        np.multiply(x, 0.5, out=out)
        return np.tanh(out, out=out)

    def jacobian(self, y, out):
        np.multiply(y, y, out=out)
        np.subtract(1, out, out=out)
        return Diagonal(out)


@behaviour()
class IgnoresOut(Activation):
    def forward(self, x, out):
        out[...] = 7.0
        return np.sin(x)

    def jacobian(self, x, out):
        return Diagonal(np.cos(x))


@behaviour()
class SavesMask(Activation):
    def forward(self, x, saved):
        saved["mask"] = (x > 0).astype(x.dtype)
        return x * saved["mask"]

    def jacobian(self, saved):
        return Diagonal(saved["mask"])


@behaviour()
class SavesView(Activation):
    def forward(self, x, saved):
        saved["x"] = x[:]
        return np.tanh(x)

    def jacobian(self, saved):
        return Diagonal(1 / (1 + saved["x"] ** 2))


@behaviour()
class ChangesCopy(Plain):
    def forward(self, x):
        y = x.copy()
        y *= 0.5
        y[y < 0] = 0.0
        y[..., 0] += 1.0
        return y


@behaviour()
class CopiedInto(Plain):
    def forward(self, x):
        y = np.zeros(x.shape, x.dtype)
        np.copyto(y, 0.5 * x, where=x > 0)
        return y


@behaviour()
class PutMask(Plain):
    def forward(self, x):
        y = np.zeros(x.shape, x.dtype)
        np.putmask(y, x > 0, 0.5 * x)
        return y


@behaviour("flat")
class Put(Plain):
    def forward(self, x):
        y = np.ones(x.shape, x.dtype)
        np.put(y, np.arange(x.size), 0.5 * x)
        return y


@behaviour()
class Placed(Plain):
    def forward(self, x):
        y = np.zeros(x.shape, x.dtype)
        np.place(y, np.ones(x.shape, bool), 0.5 * x)
        return y


@behaviour()
class PutAlong(Plain):
    def forward(self, x):
        y = np.zeros(x.shape, x.dtype)
        np.put_along_axis(y, np.argsort(x, axis=-1), 0.5 * x, axis=-1)
        return y


@behaviour()
class AddedAt(Plain):
    def forward(self, x):
        y = np.zeros(x.shape, x.dtype)
        np.add.at(y, np.arange(len(x)), 0.5 * x)
        return y


@behaviour()
class IntoEmpty(Plain):
    def forward(self, x):
        y = np.empty(x.shape, x.dtype)
        np.sin(x, out=y)
        return y


@behaviour()
class ItemsInto(Plain):
    def forward(self, x):
        y = np.zeros(x.shape, x.dtype)
        y[...] = 0.25 * x
        y[..., -1] = np.tanh(x[..., 0])
        return y


@behaviour("flat")
class RowsInto(Plain):
    def forward(self, x):
        y = np.empty(x.shape, x.dtype)
        for row in range(len(x)):
            y[row] = 0.5 * x[row] - 0.1 * row
        return y


@behaviour("flat")
class FilledDiagonal(Plain):
    def forward(self, x):
        m = np.zeros((x.shape[1], x.shape[1]), x.dtype)
        np.fill_diagonal(m, np.tanh(x.sum(axis=0)))
        return x @ m


@behaviour()
class Sorted(Plain):
    def forward(self, x):
        return np.sort(x, axis=-1)


@behaviour()
class SortsCopy(Plain):
    def forward(self, x):
        y = np.array(x)
        y.sort(axis=-1)
        return 0.5 * y


@behaviour()
class RunningSum(Plain):
    def forward(self, x):
        return 0.25 * np.cumsum(x, axis=-1)


@behaviour()
class Centred(Plain):
    def forward(self, x):
        return x - x.mean(axis=-1, keepdims=True)


@behaviour()
class BelowMax(Plain):
    def forward(self, x):
        return x - np.max(x, axis=-1, keepdims=True)


@behaviour("flat")
class TakesColumns(Activation):
    def forward(self, x):
        return x[:, np.arange(x.shape[1])[::-1]]

    def jacobian(self, x):
        n = x.shape[1]
        return Gather(np.arange(n)[::-1][None].copy(), (n,))


@behaviour("flat", shape=lambda s: s if s == (3,) else None)
class Mixes(Activation):
    def forward(self, x):
        return x @ np.array(MIXING, x.dtype)

    def jacobian(self, x):
        return Matrix(np.array(MIXING, x.dtype).T)


@behaviour("flat", shape=lambda s: s if s == (3,) else None)
class PlainArrayJacobian(Activation):
    def forward(self, x):
        return np.einsum("ni,ij->nj", x, np.array(MIXING, x.dtype))

    def jacobian(self):
        return np.array(MIXING).T


@behaviour("flat")
class Solves(Plain):
    def forward(self, x):
        n = x.shape[1]
        a = np.eye(n, dtype=x.dtype) * 2 + np.ones((n, n), x.dtype)
        return np.linalg.solve(a, x.T).T


@behaviour("flat")
class Softmax(Activation):
    def forward(self, x):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    def jacobian(self, y):
        return add(Diagonal(y), RankOne(-y, y))


@behaviour("flat")
class Composes(Activation):
    def forward(self, x):
        return np.roll(np.tanh(x), 1, axis=-1)

    def jacobian(self, x):
        n = x.shape[1]
        return compose(Gather(np.roll(np.arange(n), 1)[None], (n,)), Diagonal(1 - np.tanh(x) ** 2))


@behaviour()
class Spectral(Plain):
    def forward(self, x):
        return np.real(np.fft.ifft(np.fft.fft(x, axis=-1) * 0.5, axis=-1)).astype(x.dtype)


@behaviour()
class Interpolated(Plain):
    def forward(self, x):
        return np.interp(x, [-1.0, 0.0, 1.0], [-0.5, 0.0, 1.0]).astype(x.dtype)


@behaviour()
class Selected(Plain):
    def forward(self, x):
        return np.select([x > 0.5, x < -0.5], [x * 0.5, x * 0.25], 0.125 * x)


@behaviour()
class Chosen(Plain):
    def forward(self, x):
        return np.choose((x > 0).astype(int), [0.1 * x, 0.5 * x])


@behaviour("flat")
class Joined(Plain):
    def forward(self, x):
        return 0.5 * np.concatenate([x[:, 1:], x[:, :1]], axis=1)


@behaviour("flat")
class StackedUp(Plain):
    def forward(self, x):
        return np.stack([x, np.sin(x)]).sum(axis=0) * 0.5


@behaviour("flat")
class Padded(Plain):
    def forward(self, x):
        return np.pad(x, ((0, 0), (1, 0)))[:, :-1] + 0.5


@behaviour("flat")
class Turned(Plain):
    def forward(self, x):
        return np.tanh(x.T.reshape(-1)).reshape(x.shape[::-1]).T * 0.5


@behaviour()
class Helped(Activation):
    def forward(self, x):
        return helpers.squashed(x)

    def jacobian(self, x):
        return Diagonal(helpers.slope(x))


@behaviour()
class HelpedTwice(Plain):
    def forward(self, x):
        return helpers.squashed_twice(x)


@behaviour()
class CallsLambda(Plain):
    def forward(self, x):
        twice = lambda v: v * 0.5  # noqa: E731
        return softened(twice(x))


@behaviour("flat")
class Generated(Plain):
    def forward(self, x):
        total = sum(x[:, i] for i in range(x.shape[1]))
        return x - 0.1 * total[:, None]


@behaviour("flat")
class Listed(Plain):
    def forward(self, x):
        return np.stack([np.tanh(x[:, i]) * (i + 1) for i in range(x.shape[1])], axis=1) * 0.5


@behaviour(arguments="slope=0.5")
class HasProperty(Plain):
    slope: float = 1.0

    @property
    def steep(self):
        return 2 * self.slope

    def forward(self, x):
        return np.tanh(self.steep * x)


@behaviour()
class HasMethods(Plain):
    @staticmethod
    def _squashed(x):
        return np.tanh(x)

    @classmethod
    def _halved(cls, x):
        return 0.5 * x

    def _both(self, x):
        return self._squashed(self._halved(x))

    def forward(self, x):
        return self._both(x) + self._halved(x)


@behaviour()
class Inherits(Tanh):
    def forward(self, x):
        return 0.5 * super().forward(x) + OFFSET


@behaviour()
class Partial(Plain):
    def forward(self, x):
        return half(np.tanh(x))


@behaviour()
class ByName(Plain):
    name_of: str = "tanh"

    def forward(self, x):
        return getattr(np, self.name_of)(x)


@behaviour()
class FromTable(Plain):
    def forward(self, x):
        return TABLE["sin"](x)


@behaviour()
class AsksDtype(Plain):
    def forward(self, x):
        eps = 1e-3 if x.dtype == np.float32 else 1e-6
        return x / np.sqrt(x * x + 1 + eps)


@behaviour()
class AsksShape(Plain):
    def forward(self, x):
        if x.shape[0] == 1:
            return 0.5 * x
        if len(x) > 4:
            return 0.25 * x
        return x - x.mean(axis=0, keepdims=True) * 0.1


@behaviour()
class AsksTraining(Activation):
    def forward(self, x, training):
        return 0.5 * x if training else 0.75 * x

    def jacobian(self, x, training):
        return Diagonal(np.full_like(x, 0.5 if training else 0.75))


@behaviour()
class Quiet(Plain):
    def forward(self, x):
        with np.errstate(divide="ignore", invalid="ignore"):
            y = 1 / (x - x)
        return np.where(np.isfinite(y), y, np.tanh(x))


@behaviour("warns")
class Loud(Plain):
    def forward(self, x):
        y = np.sqrt(-1 - x * x)
        return np.where(np.isnan(y), 0.5 * x, y)


@behaviour()
class Nested(Plain):
    def forward(self, x):
        scale = 0.5

        def scaled(v):
            return scale * v

        return scaled(np.sin(x))


@behaviour()
class Matches(Plain):
    mode: str = "b"

    def forward(self, x):
        match self.mode:
            case "a":
                return x + 1
            case _:
                return np.cos(x)


@behaviour()
class Special(Plain):
    def forward(self, x):
        return scipy.special.expit(x)


@behaviour()
class Computes(Plain):
    width: float = 2.0

    def forward(self, x):
        norm = math.sqrt(self.width) * math.pi
        return np.sin(norm * x) / norm


@behaviour()
class Vectorised(Plain):
    def forward(self, x):
        return np.vectorize(helpers.number_squashed, otypes=[x.dtype])(x)


@behaviour()
class AlongAxis(Plain):
    def forward(self, x):
        return np.apply_along_axis(helpers.squashed, -1, x)


@behaviour()
class FewDigits(Plain):
    def forward(self, x):
        return np.round(x, 2)


@behaviour()
class MethodsOfArrays(Plain):
    def forward(self, x):
        return x.clip(-1, 1) + x.cumsum(axis=-1) * 0.1 + x.std() - x.dot(np.eye(x.shape[-1], dtype=x.dtype)).max() * 0.1


@behaviour(inputs=2)
class Minus(Layer):
    def forward(self, a, b):
        return a - 0.5 * b

    def jacobian(self, a, b):
        return {"a": Diagonal(np.ones_like(a)), "b": Diagonal(np.full_like(b, -0.5))}

    def second_order(self):
        return {}


@behaviour(inputs=2)
class Larger(Layer):
    def forward(self, a, b):
        return np.maximum(a, b)

    def jacobian(self, a, b):
        first = (a >= b).astype(a.dtype)
        return {"a": Diagonal(first), "b": Diagonal(1 - first)}


@behaviour(inputs=2)
class Gated(Layer):
    def forward(self, a, b, saved):
        saved["gate"] = 1 / (1 + np.exp(-b))
        return a * saved["gate"]

    def jacobian(self, a, saved):
        gate = saved["gate"]
        return {"a": Diagonal(gate), "b": Diagonal(a * gate * (1 - gate))}
