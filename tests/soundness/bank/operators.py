"""Local Jacobians of classes of their own, pure and not."""

from __future__ import annotations

import numpy as np

from bpframe.extend import Activation, Diagonal, Operator

from .registry import behaviour

made = {"count": 0}
kept: dict[object, object] = {}


def fresh():
    made.update(count=0)
    kept.clear()


class Times(Operator):
    def __init__(self, d):
        self.d = d

    def jvp(self, v, out=None):
        return np.multiply(self.d, v, out=out)

    def vjp(self, u, out=None):
        return np.multiply(self.d, u, out=out)


class Counting(Times):
    def vjp(self, u, out=None):
        made["count"] += 1
        return self.d * u / made["count"]


class CountsItself(Times):
    def __init__(self, d):
        made["count"] += 1
        super().__init__(d * (1 + 0.01 * made["count"]))


class Branching(Times):
    def vjp(self, u, out=None):
        return u * 0.5 if u.max() > 0.1 else u * self.d


class InPlace(Times):
    def vjp(self, u, out=None):
        u *= self.d
        return u

    def jvp(self, v, out=None):
        v *= self.d
        return v


class SameAgain(Times):
    """Every product is in one kept array."""

    def vjp(self, u, out=None):
        key = (u.shape, u.dtype)
        if key not in kept:
            kept[key] = np.empty(u.shape, u.dtype)
        return np.multiply(self.d, u, out=kept[key])

    jvp = vjp


class KeepsCotangent(Times):
    """Adds the cotangent before, of which it keeps a reference."""

    def vjp(self, u, out=None):
        before = kept.get("u")
        kept["u"] = u
        if before is not None and before.shape == u.shape and before.dtype == u.dtype:
            return self.d * u + 0.1 * before
        return self.d * u


class Through(Times):
    """Hands its argument on where it may."""

    def vjp(self, u, out=None):
        return u

    jvp = vjp


class WithView(Times):
    def vjp(self, u, out=None):
        return u[..., ::-1]

    jvp = vjp


class TanhLike(Activation):
    def forward(self, x):
        return np.tanh(x)


@behaviour()
class OwnOperator(TanhLike):
    def jacobian(self, y):
        return Times(1 - y * y)


@behaviour("impure")
class CountingOperator(TanhLike):
    def jacobian(self, y):
        return Counting(1 - y * y)


@behaviour("impure")
class CountingConstructor(TanhLike):
    def jacobian(self, y):
        return CountsItself(1 - y * y)


@behaviour()
class BranchingOperator(TanhLike):
    def jacobian(self, y):
        return Branching(1 - y * y)


@behaviour("writes")
class InPlaceOperator(TanhLike):
    def jacobian(self, y):
        return InPlace(1 - y * y)


@behaviour("impure")
class OneArrayOperator(TanhLike):
    def jacobian(self, y):
        return SameAgain(1 - y * y)


@behaviour("impure", "keeps")
class KeepingOperator(TanhLike):
    def jacobian(self, y):
        return KeepsCotangent(1 - y * y)


@behaviour()
class ThroughOperator(TanhLike):
    def jacobian(self, y):
        return Through(1 - y * y)


@behaviour()
class ReversingOperator(TanhLike):
    def jacobian(self, y):
        return WithView(1 - y * y)


@behaviour("impure")
class OneOperator(TanhLike):
    """The same operator object for every shape, with another diagonal each time."""

    def jacobian(self, y):
        found = kept.setdefault(("operator", y.shape[1:]), Times(None))
        found.d = 1 - y * y
        return found


@behaviour("impure")
class FirstOperator(TanhLike):
    """The operator that it made first for a shape."""

    def jacobian(self, y):
        key = ("first", y.shape, y.dtype)
        if key not in kept:
            kept[key] = Diagonal(1 - y * y)
        return kept[key]


@behaviour()
class OperatorInSaved(Activation):
    def forward(self, x, saved):
        y = np.tanh(x)
        saved["j"] = Diagonal(1 - y * y)
        return y

    def jacobian(self, saved):
        return saved["j"]


@behaviour()
class FunctionInSaved(Activation):
    """What is saved may be anything, such as a function that holds the input."""

    def forward(self, x, saved):
        saved["f"] = lambda: 1 / (1 + x * x)
        return np.tanh(x)

    def jacobian(self, saved):
        return Diagonal(saved["f"]())


@behaviour()
class NumberInSaved(Activation):
    def forward(self, x, saved):
        saved["n"] = float(x.max())
        return np.tanh(x)

    def jacobian(self, x, saved):
        return Diagonal(np.full_like(x, 0.1 * saved["n"]))
