"""Functions of their arguments, in plain NumPy."""

from __future__ import annotations

import numpy as np
import scipy.special

from bpframe.extend import Activation, Diagonal, Gather, Layer, Matrix, RankOne, add, compose

from .registry import Plain, behaviour

MIXING = ((0.5, -0.25, 0.125), (0.25, 0.5, -0.5), (-0.125, 0.25, 0.5))


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
class Sorted(Plain):
    def forward(self, x):
        return np.sort(x, axis=-1)


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
class Special(Plain):
    def forward(self, x):
        return scipy.special.expit(x)


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
