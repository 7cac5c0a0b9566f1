"""Several Jacobians of a node that begin with one operator, and indices that come from the data."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Activation, Broadcast, Diagonal, Gather, Layer, Parameter, add, compose

from . import operators
from .registry import behaviour


class Sized(operators.Times):
    def __init__(self, d):
        super().__init__(d)
        self.in_shape = self.out_shape = d.shape[1:]


class CountingSized(Sized):
    def vjp(self, u, out=None):
        operators.made["count"] += 1
        return self.d * u / operators.made["count"]


class OneArray(Sized):
    vjp = jvp = operators.SameAgain.vjp


class Keeping(Sized):
    vjp = operators.KeepsCotangent.vjp


class InPlace(Sized):
    vjp, jvp = operators.InPlace.vjp, operators.InPlace.jvp


class Scaled(Layer):
    """y = tanh(s x + b)."""

    def parameters(self, features):
        return {"s": Parameter((features,), init=0.75), "b": Parameter((features,), init=0.125)}

    def forward(self, x, p):
        return np.tanh(x * p["s"] + p["b"])

    def after(self, slope, x, p):
        return {
            "x": compose(slope, Diagonal(np.broadcast_to(p["s"], x.shape))),
            "s": compose(slope, Diagonal(x), Broadcast()),
            "b": compose(slope, Broadcast()),
        }


@behaviour("flat")
class OneFactor(Scaled):
    def jacobian(self, x, y, p):
        slope = Sized(1 - y * y)
        return {
            "x": compose(slope, Diagonal(np.broadcast_to(p["s"], x.shape))),
            "s": compose(slope, Diagonal(x), Broadcast()),
            "b": compose(slope, Broadcast()),
        }


@behaviour("flat")
class OneFactorOfTwo(Scaled):
    """The slope is the factor, half of which goes on in another one that is shared, too."""

    def jacobian(self, x, y, p):
        slope, half = Sized(1 - y * y), Sized(np.full_like(x, 0.5))
        inner = compose(slope, add(compose(half, Sized(np.full_like(x, 2))), compose(half, Sized(np.zeros_like(x)))))
        return {
            "x": compose(inner, Diagonal(np.broadcast_to(p["s"], x.shape))),
            "s": compose(inner, Diagonal(x), Broadcast()),
            "b": compose(slope, Broadcast()),
        }


@behaviour("flat", "impure")
class CountingFactor(Scaled):
    def jacobian(self, x, y, p):
        return self.after(CountingSized(1 - y * y), x, p)


@behaviour("flat", "impure")
class OneArrayFactor(Scaled):
    def jacobian(self, x, y, p):
        return self.after(OneArray(1 - y * y), x, p)


@behaviour("flat", "impure", "keeps")
class KeepingFactor(Scaled):
    def jacobian(self, x, y, p):
        return self.after(Keeping(1 - y * y), x, p)


@behaviour("flat", "writes")
class InPlaceFactor(Scaled):
    def jacobian(self, x, y, p):
        return self.after(InPlace(1 - y * y), x, p)


@behaviour("flat")
class Ordered(Activation):
    """Each example's entries by size."""

    def forward(self, x, saved):
        saved["index"] = np.argsort(x, axis=-1, kind="stable")
        return np.take_along_axis(x, saved["index"], axis=-1)

    def jacobian(self, saved):
        return Gather(saved["index"])


@behaviour("flat")
class KeptByIndex(Activation):
    """What is positive, read by an index of its places."""

    def forward(self, x):
        return np.where(x > 0, x, 0).astype(x.dtype)

    def jacobian(self, x):
        return Gather(np.where(x > 0, np.arange(x.shape[1]), -1))


@behaviour("flat")
class LargestFirst(Layer):
    """What is largest in a parameter decides where all examples are read; many a place is read twice."""

    def parameters(self, features):
        return {"b": Parameter((features,), init=0.25)}

    def forward(self, x, p, saved):
        saved["index"] = np.maximum(np.argsort(p["b"], kind="stable"), np.argmax(p["b"]))[None]
        return x[:, saved["index"][0]]

    def jacobian(self, x, saved):
        return {"x": Gather(saved["index"]), "b": Gather(np.full((1, x.shape[1]), -1))}
